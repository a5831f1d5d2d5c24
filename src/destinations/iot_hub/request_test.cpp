#include "destinations/iot_hub/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "destination/test_batch.hpp"
#include "destinations/iot_hub/sas_token.hpp"
#include "event/sample_event.hpp"

namespace sluice::iot_hub {
namespace {

using testing::HasSubstr;

std::optional<boost::json::value> vectors(const char* name) {
    std::filesystem::path file = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors" / name;
    std::ifstream in(file);
    if (!in) return std::nullopt;
    std::stringstream text;
    text << in.rdbuf();
    return boost::json::parse(text.str());
}

std::string text_of(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? std::string(value->as_string()) : std::string();
}

Device device_of(const boost::json::object& vector) {
    Device device;
    device.host = text_of(vector, "host");
    device.id = text_of(vector, "device");
    device.module = text_of(vector, "module");
    return device;
}

Device room() {
    Device device;
    device.host = "hub.azure-devices.net";
    device.id = "room";
    device.key = Secret("key");
    return device;
}

Config config_of(Device device) {
    Config config;
    config.devices.push_back(std::move(device));
    config.device_names = {"room"};
    config.routes = {{"**", 0}};
    config.content_type = "application/json";
    return config;
}

TEST(IotHubRequest, TopicsAreAsTheSdksWriteThem) {
    auto read = vectors("iothub_mqtt.json");
    if (!read) GTEST_SKIP() << "no shared/vectors beside the checkout";
    std::size_t checked = 0;
    for (const auto& each : read->as_object().at("telemetry_topics").as_array()) {
        const auto& vector = each.as_object();
        std::vector<std::pair<std::string, std::string>> kept;
        for (const auto& pair : vector.at("props").as_array())
            kept.emplace_back(pair.as_array()[0].as_string(), pair.as_array()[1].as_string());
        std::vector<Property> properties(kept.begin(), kept.end());
        EXPECT_EQ(telemetry_topic(device_of(vector), properties), text_of(vector, "topic"));
        ++checked;
    }
    EXPECT_EQ(checked, 6u);
}

TEST(IotHubRequest, ClientIdsAndUserNamesAreAsTheSdksWriteThem) {
    auto read = vectors("iothub_mqtt.json");
    if (!read) GTEST_SKIP() << "no shared/vectors beside the checkout";
    for (const auto& each : read->as_object().at("client_ids").as_array()) {
        EXPECT_EQ(connect_packet(device_of(each.as_object()), Secret("t"), 1).client_id,
                  text_of(each.as_object(), "client_id"));
    }
    for (const auto& each : read->as_object().at("usernames").as_array()) {
        const auto& vector = each.as_object();
        EXPECT_EQ(username(device_of(vector), "2020-09-30", text_of(vector, "user_agent")),
                  text_of(vector, "username"));
    }
}

TEST(IotHubRequest, TokensAreAsTheSdksMakeThem) {
    auto read = vectors("azure_sas.json");
    if (!read) GTEST_SKIP() << "no shared/vectors beside the checkout";
    std::size_t checked = 0;
    for (const auto& each : read->as_array()) {
        const auto& vector = each.as_object();
        auto uri = text_of(vector, "uri");
        if (text_of(vector, "kind") != "iothub" || uri.find("/devices/") == std::string::npos) continue;
        auto at = uri.find("/devices/");
        auto module_at = uri.find("/modules/");
        Device device;
        device.host = uri.substr(0, at);
        device.id = uri.substr(at + 9, module_at == std::string::npos ? module_at : module_at - at - 9);
        if (module_at != std::string::npos) device.module = uri.substr(module_at + 9);
        EXPECT_EQ(device.resource(), uri);
        device.key = Secret(base64_decode(text_of(vector, "key_base64")).value());
        Timestamp expires(std::chrono::seconds(vector.at("expiry").as_int64()));
        auto token = mint_token(device, expires - std::chrono::hours(1), std::chrono::hours(1)).token;
        // The policy's name is not part of what is signed; a device's own token has none.
        auto expected = text_of(vector, "token");
        EXPECT_EQ(token.reveal(), expected.substr(0, expected.find("&skn=")));
        ++checked;
    }
    EXPECT_EQ(checked, 2u);
}

TEST(IotHubRequest, AConnectSaysWhoTheDeviceIs) {
    auto connect = connect_packet(room(), Secret("token"), 240);
    EXPECT_EQ(connect.client_id, "room");
    EXPECT_EQ(connect.username, "hub.azure-devices.net/room/?api-version=2021-04-12&DeviceClientType=Sluice");
    EXPECT_EQ(connect.password->reveal(), "token");
    EXPECT_EQ(connect.keep_alive_seconds, 240);
    EXPECT_TRUE(connect.clean_session);
    EXPECT_FALSE(connect.will);
}

TEST(IotHubRequest, AModulesNameHasItsDevices) {
    auto device = room();
    device.module = "m";
    auto connect = connect_packet(device, Secret("token"), 240);
    EXPECT_EQ(connect.client_id, "room/m");
    EXPECT_THAT(*connect.username, HasSubstr("hub.azure-devices.net/room/m/?api-version="));
    TestBatch batch;
    batch.add("a");
    EXPECT_THAT(message_topic(config_of(device), device, batch.messages()[0].event).value(),
                HasSubstr("devices/room/modules/m/messages/events/%24.mid="));
}

TEST(IotHubRequest, ATopicCarriesIdentityContentTypeAndTheEventsFields) {
    auto config = config_of(room());
    config.properties.emplace_back("the building", TextTemplate::parse("A/B & {obj.data.pad}").value());
    TestBatch batch;
    batch.add("object-1", {}, 3);
    EXPECT_EQ(message_topic(config, config.devices[0], batch.messages()[0].event).value(),
              "devices/room/messages/events/%24.mid=1&%24.ct=application%2Fjson&%24.ce=utf-8&event_type=create&"
              "id=object-1&obj_type=objs&recType=io.acme.room&sluice-sequence=1&"
              "sluice-time=2023-11-14T22%3A13%3A20.001Z&source=ShareService&the%20building=A%2FB%20%26%20xxx");
}

TEST(IotHubRequest, APropertyWithoutAValueIsToldByItsName) {
    auto config = config_of(room());
    config.properties.emplace_back("building", TextTemplate::parse("{obj.data.building}").value());
    TestBatch batch;
    batch.add("a");
    auto checked = check_properties(config, batch.messages()[0].event);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("properties.building"));
    EXPECT_FALSE(message_topic(config, config.devices[0], batch.messages()[0].event));
}

TEST(IotHubRequest, PropertiesThatDoNotFitATopicAreToldBefore) {
    auto config = config_of(room());
    config.properties.emplace_back("pad", TextTemplate::parse("{obj.data.pad}").value());
    TestBatch batch;
    batch.add("fits", {}, 50'000).add("does not", {}, 61'000);
    EXPECT_TRUE(check_properties(config, batch.messages()[0].event));
    auto checked = check_properties(config, batch.messages()[1].event);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::too_large);
    config.transport = Transport::https;
    EXPECT_FALSE(check_properties(config, batch.messages()[0].event));
}

TEST(IotHubRequest, APostCarriesTheSameInHeaders) {
    auto config = config_of(room());
    config.transport = Transport::https;
    config.properties.emplace_back("building", TextTemplate::literal("A & B"));
    TestBatch batch;
    batch.add("object-1");
    auto request = message_request(config, config.devices[0], batch.messages()[0], Secret("token")).value();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/devices/room/messages/events?api-version=2020-03-13");
    EXPECT_EQ(request.headers.get("Authorization"), "token");
    EXPECT_EQ(request.headers.get("iothub-to"), "/devices/room/messages/events");
    EXPECT_EQ(request.headers.get("iothub-messageid"), "1");
    EXPECT_EQ(request.headers.get("iothub-contenttype"), "application/json");
    EXPECT_EQ(request.headers.get("iothub-contentencoding"), "utf-8");
    EXPECT_EQ(request.headers.get("iothub-app-event_type"), "create");
    EXPECT_EQ(request.headers.get("iothub-app-recType"), "io.acme.room");
    EXPECT_EQ(request.headers.get("iothub-app-sluice-sequence"), "1");
    EXPECT_EQ(request.headers.get("iothub-app-building"), "A & B");
    ASSERT_EQ(request.body.size(), 1u);
    EXPECT_EQ(request.body[0], batch.messages()[0].body);
}

TEST(IotHubRequest, AnIdIsEncodedInAPath) {
    auto device = room();
    device.id = "a+b#c";
    auto config = config_of(device);
    TestBatch batch;
    batch.add("x");
    EXPECT_THAT(message_request(config, device, batch.messages()[0], Secret("t")).value().target,
                HasSubstr("/devices/a%2Bb%23c/messages/events"));
}

TEST(IotHubRequest, WhatAHeaderCannotCarryIsRefused) {
    auto config = config_of(room());
    config.transport = Transport::https;
    TestBatch batch;
    batch.add("x");
    for (auto value : {"line\r\nbreak", "gr\xC3\xBC\xC3\x9F", " edge", "edge "}) {
        config.properties.clear();
        config.properties.emplace_back("p", TextTemplate::literal(value));
        EXPECT_FALSE(check_properties(config, batch.messages()[0].event)) << value;
        EXPECT_FALSE(message_request(config, config.devices[0], batch.messages()[0], Secret("t"))) << value;
    }
    config.transport = Transport::mqtt;
    EXPECT_TRUE(check_properties(config, batch.messages()[0].event));
}

TEST(IotHubRequest, AnEventsOwnFieldThatAHeaderCannotCarryIsLeftOut) {
    auto config = config_of(room());
    config.transport = Transport::https;
    Event event = sample_event(R"({"data":{"n":1}})", "Plat \xC3\xA9");
    Message message{event, event->envelope, {}, {}};
    EXPECT_TRUE(check_properties(config, event));
    auto request = message_request(config, config.devices[0], message, Secret("t"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_FALSE(request->headers.has("iothub-app-source"));
    EXPECT_TRUE(request->headers.has("iothub-app-recType"));
    config.transport = Transport::mqtt;
    EXPECT_THAT(message_topic(config, config.devices[0], event).value(), HasSubstr("source=Plat%20%C3%A9"));
}

TEST(IotHubRequest, SizeIsNoLessThanBodyAndProperties) {
    auto config = config_of(room());
    config.properties.emplace_back("building", TextTemplate::literal("A & B"));
    TestBatch batch;
    batch.add("object-1", {}, 1000);
    const auto& message = batch.messages()[0];
    auto bag = message_topic(config, config.devices[0], message.event).value().size() -
               std::string_view("devices/room/messages/events/").size();
    auto counted = message_bytes(config, message);
    EXPECT_GE(counted, message.body.size() + bag);
    EXPECT_LE(counted, message.body.size() + bag + 40);
}

TEST(IotHubRequest, OwnPropertiesAreExactlyTheMetadata) {
    TestBatch batch;
    batch.add("x");
    const auto topic = message_topic(config_of(room()), room(), batch.messages()[0].event).value();
    for (auto name : {"event_type", "id", "obj_type", "recType", "sluice-sequence", "sluice-time", "source"}) {
        EXPECT_TRUE(is_own_property(name));
        EXPECT_THAT(topic, HasSubstr("&" + std::string(name) + "="));
    }
    EXPECT_FALSE(is_own_property("building"));
}

TEST(IotHubToken, IsRenewedBeforeItEndsAndNotAllAtOnce) {
    std::set<std::chrono::milliseconds> moments;
    for (int i = 0; i < 200; ++i) {
        auto device = room();
        device.id = "room-" + std::to_string(i);
        auto minted = mint_token(device, Timestamp(), std::chrono::hours(1));
        EXPECT_GE(minted.use_for, std::chrono::minutes(45));
        EXPECT_LE(minted.use_for, std::chrono::minutes(51));
        moments.insert(minted.use_for);
    }
    EXPECT_GT(moments.size(), 50u);
}

TEST(IotHubToken, AGivenOneIsUsedAsItIs) {
    auto device = room();
    device.key = Secret();
    device.token = Secret("SharedAccessSignature sr=…");
    auto minted = mint_token(device, Timestamp(), std::chrono::hours(1));
    EXPECT_EQ(minted.token.reveal(), device.token.reveal());
    EXPECT_EQ(minted.use_for, std::chrono::milliseconds::max());
}

}  // namespace
}  // namespace sluice::iot_hub
