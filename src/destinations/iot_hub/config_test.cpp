#include "destinations/iot_hub/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

namespace sluice::iot_hub {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kDeviceKey = "c2VjcmV0LWtleS1vZi10aGUtZGV2aWNl";

std::string device(std::string_view id, std::string_view host = "hub.azure-devices.net") {
    return "HostName=" + std::string(host) + ";DeviceId=" + std::string(id) + ";SharedAccessKey=" + kDeviceKey;
}

Result<Config> parse(boost::json::object settings, bool operator_owned = true) {
    boost::asio::io_context io;
    settings["type"] = "iot_hub";
    return parse_config(settings, {.io = io,
                                   .clock = SystemClock::instance(),
                                   .integration_id = "acme",
                                   .operator_owned = operator_owned,
                                   .allow_loopback = operator_owned});
}

Error refusal(boost::json::object settings, bool operator_owned = true) {
    auto config = parse(std::move(settings), operator_owned);
    EXPECT_FALSE(config);
    if (config) return {};
    EXPECT_THAT(config.error().message + config.error().hint, Not(HasSubstr(kDeviceKey)));
    return config.error();
}

TEST(IotHubConfig, OneConnectionStringIsEnough) {
    auto config = parse({{"connection_string", device("room")}}).value();
    EXPECT_EQ(config.device_names, std::vector<std::string>{"room"});
    EXPECT_EQ(config.device_for("io.acme.anything"), 0u);
    EXPECT_EQ(config.endpoint_of(config.devices[0]), (Endpoint{true, "hub.azure-devices.net", 8883}));
    EXPECT_EQ(config.token_lifetime, std::chrono::hours(1));
}

TEST(IotHubConfig, AnIntegrationIsKnownByItsOrgAndIdOnceItHasOne) {
    boost::asio::io_context io;
    boost::json::object settings{{"type", "iot_hub"}, {"connection_string", device("room")}};
    DestinationContext context{.io = io, .clock = SystemClock::instance(), .integration_id = "rooms"};
    context.org = "com.acme";
    EXPECT_EQ(parse_config(settings, context)->integration, "com.acme/rooms");
    context.integration_id.clear();
    EXPECT_EQ(parse_config(settings, context)->integration, "");
}

TEST(IotHubConfig, TheFirstPatternThatMatchesTakesTheEvent) {
    auto config =
        parse({{"devices",
                {{"io.acme.*.room", device("rooms")}, {"io.acme.**", device("rest")}, {"io.acme.x.room", device("x")}}},
               {"connection_string", device("others")}})
            .value();
    EXPECT_EQ(config.device_names[*config.device_for("io.acme.x.room")], "rooms");
    EXPECT_EQ(config.device_names[*config.device_for("io.acme.x.desk")], "rest");
    EXPECT_EQ(config.device_names[*config.device_for("io.acme")], "rest");
    EXPECT_EQ(config.device_names[*config.device_for("com.other")], "others");
}

TEST(IotHubConfig, WithoutADeviceForTheRestAnEventHasNone) {
    auto config = parse({{"devices", {{"io.acme.**", device("a")}}}}).value();
    EXPECT_FALSE(config.device_for("com.other"));
}

TEST(IotHubConfig, APropertyThatNoHeaderCarriesIsRefusedWithHttpsOnly) {
    boost::json::object settings{{"connection_string", device("a")}, {"properties", {{"city", "K\xC3\xB6ln"}}}};
    EXPECT_TRUE(parse(settings));
    settings["transport"] = "https";
    EXPECT_THAT(refusal(settings).message, HasSubstr("properties.city"));
    EXPECT_THAT(refusal(settings).hint, HasSubstr("mqtt"));
}

TEST(IotHubConfig, ADeviceStandsThereOnce) {
    auto error = refusal({{"devices", {{"a.**", device("room")}, {"b.**", device("room")}}}});
    EXPECT_THAT(error.message, HasSubstr("destination.devices names the device room twice"));
    EXPECT_THAT(refusal({{"devices", {{"a.**", device("room")}}}, {"connection_string", device("room")}}).message,
                HasSubstr("room twice"));
}

TEST(IotHubConfig, TheSameIdAtTwoHubsIsTwoDevices) {
    auto config =
        parse({{"devices", {{"a.**", device("room", "one.net")}, {"b.**", device("room", "two.net")}}}}).value();
    EXPECT_EQ(config.device_names, (std::vector<std::string>{"one.net/room", "two.net/room"}));
}

TEST(IotHubConfig, WhatIsWrongIsToldByItsMember) {
    EXPECT_THAT(refusal({}).message, HasSubstr("destination.connection_string is missing"));
    EXPECT_THAT(refusal({{"connection_string", "HostName=h;DeviceId=d;x509=true"}}).message,
                HasSubstr("destination.connection_string has x509"));
    EXPECT_THAT(refusal({{"devices", {{"io.acme.**", "HostName=h"}}}}).message,
                HasSubstr("destination.devices.io.acme.** has no DeviceId"));
    EXPECT_THAT(refusal({{"devices", {{"io..acme", device("a")}}}}).message, HasSubstr("is not a pattern"));
    EXPECT_THAT(refusal({{"devices", "x"}}).message, HasSubstr("destination.devices"));
    EXPECT_THAT(refusal({{"devices", {{"a.**", 7}}}}).message, HasSubstr("destination.devices.a.**"));
    EXPECT_THAT(refusal({{"connection_string", device("a")}, {"transport", "amqp"}}).message,
                HasSubstr("destination.transport"));
    EXPECT_THAT(refusal({{"connection_string", device("a")}, {"propertys", boost::json::object()}}).hint +
                    refusal({{"connection_string", device("a")}, {"propertys", boost::json::object()}}).message,
                HasSubstr("properties"));
    EXPECT_THAT(refusal({{"connection_string", device("a")}, {"token_lifetime", "2d"}}).message,
                HasSubstr("destination.token_lifetime"));
}

TEST(IotHubConfig, PropertiesAreTemplatesUnderNamesThatAHubKnows) {
    auto config = parse({{"connection_string", device("a")},
                         {"properties", {{"building", "{obj.data.building|id}"}, {"fixed", "yes"}}}})
                      .value();
    ASSERT_EQ(config.properties.size(), 2u);
    EXPECT_EQ(config.properties[0].first, "building");
    auto with = [](std::string_view name) {
        return refusal({{"connection_string", device("a")}, {"properties", {{name, "x"}}}}).message;
    };
    EXPECT_THAT(with("two words"), HasSubstr("destination.properties.two words is not a name"));
    EXPECT_THAT(with("$.mid"), HasSubstr("is not a name"));
    EXPECT_THAT(with("recType"), HasSubstr("every message has already"));
    EXPECT_THAT(refusal({{"connection_string", device("a")}, {"properties", {{"x", "{oops"}}}}).message,
                HasSubstr("destination.properties.x"));
}

TEST(IotHubConfig, HttpsUsesItsOwnPortAndNoModules) {
    auto config = parse({{"connection_string", device("a")}, {"transport", "https"}}).value();
    EXPECT_EQ(config.endpoint_of(config.devices[0]).port, 443);
    EXPECT_THAT(refusal({{"connection_string", device("a") + ";ModuleId=m"}, {"transport", "https"}}).message,
                HasSubstr("destination.transport is https"));
}

TEST(IotHubConfig, AnIdThatATopicCannotCarryNeedsHttps) {
    EXPECT_THAT(refusal({{"connection_string", device("a+b")}}).hint, HasSubstr("https"));
    EXPECT_TRUE(parse({{"connection_string", device("a+b")}, {"transport", "https"}}));
}

TEST(IotHubConfig, AnEndpointStandsInForEveryHub) {
    auto config = parse({{"connection_string", device("a")}, {"endpoint", "http://127.0.0.1:1883"}}).value();
    EXPECT_EQ(config.endpoint_of(config.devices[0]), (Endpoint{false, "127.0.0.1", 1883}));
    EXPECT_THAT(refusal({{"connection_string", device("a")}, {"endpoint", "http://hub.example.com:1883"}}).message,
                HasSubstr("destination.endpoint must use https://"));
}

TEST(IotHubConfig, ATenantsHostIsNoInternalAddress) {
    EXPECT_THAT(refusal({{"connection_string", device("a", "10.0.0.7")}}, false).message, HasSubstr("internal"));
    EXPECT_THAT(refusal({{"connection_string", device("a", "localhost")}}, false).message, HasSubstr("this machine"));
    EXPECT_THAT(refusal({{"connection_string", device("a") + ";GatewayHostName=192.168.1.1"}}, false).message,
                HasSubstr("internal"));
    EXPECT_TRUE(parse({{"connection_string", device("a", "10.0.0.7")}}, true));
}

}  // namespace
}  // namespace sluice::iot_hub
