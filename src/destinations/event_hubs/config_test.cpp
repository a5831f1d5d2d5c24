#include "destinations/event_hubs/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

namespace sluice::event_hubs {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kPolicyKey = "VGhpcyBpcyBub3QgYSByZWFsIGtleSBvZiBhbnlib2R5";
const std::string kString = "Endpoint=sb://Building.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" +
                            std::string(kPolicyKey);

class EventHubsConfig : public testing::Test {
  protected:
    Result<Config> parse(boost::json::object settings) {
        settings["type"] = "event_hubs";
        return parse_config(settings, context_);
    }
    Result<Config> parse_string(const std::string& text, boost::json::object more = {}) {
        more["connection_string"] = text;
        return parse(std::move(more));
    }
    std::string error_of(boost::json::object settings) {
        auto parsed = parse(std::move(settings));
        if (parsed) return "no error";
        EXPECT_THAT(parsed.error().message + parsed.error().hint, Not(HasSubstr(std::string(kPolicyKey))));
        return parsed.error().message;
    }
    std::string error_of_string(const std::string& text, boost::json::object more = {}) {
        more["connection_string"] = text;
        return error_of(std::move(more));
    }

    boost::asio::io_context io_;
    DestinationContext context_{io_, SystemClock::instance(), "acme"};
};

TEST_F(EventHubsConfig, ANamespacesStringIsAllItTakes) {
    auto config = parse_string(kString);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->protocol, Protocol::kafka);
    EXPECT_EQ(config->endpoint.to_url(), "https://building.servicebus.windows.net:9093");
    EXPECT_EQ(config->credentials.policy, "Root");
    EXPECT_EQ(config->credentials.key.reveal(), kPolicyKey);
    EXPECT_EQ(config->fixed_hub(), "");
    EXPECT_TRUE(config->create_hubs);
    EXPECT_EQ(config->partitions, 4u);
    EXPECT_EQ(config->max_message_bytes, 1'000'000u);
    EXPECT_FALSE(config->gzip);
    EXPECT_FALSE(config->idempotence);
}

TEST_F(EventHubsConfig, ThePlaceIsTheNamespaceWithWhatNamesItsHubs) {
    const std::string place = parse_string(kString)->place();
    EXPECT_EQ(place, "building.servicebus.windows.net {recType}");
    EXPECT_EQ(parse_string(kString, {{"hub", "{recType}"}})->place(), place);
    EXPECT_EQ(
        parse_string("Endpoint=sb://building.servicebus.windows.net/;SharedAccessKeyName=Other;SharedAccessKey=eA==",
                     {{"protocol", "https"}, {"max_targets", 7}})
            ->place(),
        place)
        << "another policy, key and protocol";
    EXPECT_EQ(parse_string(kString, {{"endpoint", "https://10.0.0.7:9093"}})->place(), place) << "over a private link";
    EXPECT_NE(parse_string(kString, {{"hub", "new-{recType}"}})->place(), place);
    EXPECT_NE(parse_string("Endpoint=sb://other.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=eA==")
                  ->place(),
              place);
}

TEST_F(EventHubsConfig, WhatCopyingAddsIsForgiven) {
    auto config = parse_string("\xef\xbb\xbf \"" + kString.substr(0, 30) + "\r\n" + kString.substr(30) + ";\" \n");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->credentials.text.reveal(), kString);
}

TEST_F(EventHubsConfig, AHubsStringNamesTheHub) {
    auto config = parse_string(kString + ";EntityPath=rooms");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->fixed_hub(), "rooms");
    EXPECT_TRUE(parse_string(kString + ";EntityPath=rooms", {{"hub", "Rooms"}}));
}

TEST_F(EventHubsConfig, AHubThatIsNotTheStringsIsRefused) {
    auto text = kString + ";EntityPath=rooms";
    EXPECT_EQ(error_of_string(text, {{"hub", "doors"}}),
              "destination.hub is not the hub that the connection string is for (EntityPath)");
    EXPECT_EQ(error_of_string(text, {{"hub", "{recType}"}}),
              "destination.hub is a template, but the connection string is good for one hub only (EntityPath)");
    EXPECT_EQ(error_of_string(kString, {{"hub", "no hub"}}),
              "destination.hub has a character that no event hub's name has");
}

TEST_F(EventHubsConfig, EveryMalformedStringIsToldByWhatIsWrongWithIt) {
    auto key = ";SharedAccessKey=" + std::string(kPolicyKey);
    const std::pair<std::string, std::string> kCases[] = {
        {"HostName=hub.azure-devices.net;DeviceId=d7" + key,
         "destination.connection_string is an IoT Hub device's connection string: its type is iot_hub"},
        {"HostName=hub.azure-devices.net;SharedAccessKeyName=iothubowner" + key,
         "destination.connection_string is an IoT Hub's own connection string, not an Event Hubs namespace's"},
        {"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + std::string(kPolicyKey),
         "destination.connection_string is a storage account's connection string, not an Event Hubs namespace's"},
        {"SharedAccessKeyName=Root" + key, "destination.connection_string has no Endpoint"},
        {"Endpoint=sb://b.servicebus.windows.net/" + key, "destination.connection_string has no SharedAccessKeyName"},
        {"Endpoint=sb://b.servicebus.windows.net/;SharedAccessKeyName=Root",
         "destination.connection_string has no SharedAccessKey"},
        {"Endpoint=https://b.servicebus.windows.net/;SharedAccessKeyName=Root" + key,
         "destination.connection_string has an Endpoint that does not begin with sb://"},
        {"Endpoint=sb://;SharedAccessKeyName=Root" + key,
         "destination.connection_string has an Endpoint whose host is not a host's name"},
        {"Endpoint=sb://b.servicebus.windows.net:port/;SharedAccessKeyName=Root" + key,
         "destination.connection_string has an Endpoint with something else than a port after its host"},
        {"Endpoint=sb://b.servicebus.windows.net:71107/;SharedAccessKeyName=Root" + key,
         "destination.connection_string has an Endpoint with something else than a port after its host"},
        {"Endpoint=sb://b/;SharedAccessKeyName=Root;SharedAccessSignature=SharedAccessSignature sr=x" + key,
         "destination.connection_string has both a SharedAccessKey and a SharedAccessSignature"},
        {"Endpoint=sb://b/;SharedAccessSignature=" + std::string(kPolicyKey),
         "destination.connection_string has a SharedAccessSignature that is not one: it begins with "
         "“SharedAccessSignature sr=”"},
        {kString + ";EntityPath=no hub",
         "destination.connection_string has an EntityPath that has a character that no event hub's name has"},
        {kString + key, "destination.connection_string gives SharedAccessKey twice"},
        {std::string(kPolicyKey), "destination.connection_string has no Name=value in its part 1"},
    };
    for (const auto& [text, expected] : kCases) EXPECT_EQ(error_of_string(text), expected);
    EXPECT_EQ(error_of({}), "destination.connection_string is missing");
}

TEST_F(EventHubsConfig, ASignatureInsteadOfAKeyIsForHttpsOnly) {
    auto text =
        "Endpoint=sb://b.servicebus.windows.net/;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1&skn=c";
    EXPECT_EQ(error_of_string(text),
              "destination.connection_string has a SharedAccessSignature, which the Kafka endpoint does not take");
    auto config = parse_string(text, {{"protocol", "https"}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->endpoint.to_url(), "https://b.servicebus.windows.net");
}

TEST_F(EventHubsConfig, TheEmulatorIsPlainText) {
    auto config = parse_string(
        "Endpoint=sb://localhost;SharedAccessKeyName=Root;SharedAccessKey=SAS_KEY_VALUE;"
        "UseDevelopmentEmulator=true;");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->endpoint.to_url(), "http://localhost:9092");
    EXPECT_EQ(error_of_string("Endpoint=sb://emulator.example;SharedAccessKeyName=Root;SharedAccessKey=SAS_KEY_VALUE;"
                              "UseDevelopmentEmulator=true"),
              "destination.connection_string names a host that may not be connected to: it must use https://");
}

TEST_F(EventHubsConfig, AnEndpointStandsInForTheNamespace) {
    auto config = parse_string(kString, {{"endpoint", "http://127.0.0.1:19092"}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->endpoint.to_url(), "http://127.0.0.1:19092");
    EXPECT_EQ(error_of_string(kString, {{"endpoint", "http://broker.example:9092"}}),
              "destination.endpoint must use https://");
}

TEST_F(EventHubsConfig, ATenantReachesNothingInternal) {
    context_.operator_owned = false;
    context_.allow_loopback = false;
    EXPECT_EQ(error_of_string(kString, {{"endpoint", "https://10.0.0.7:9093"}}),
              "destination.endpoint is a private, link-local or otherwise internal address");
    EXPECT_EQ(error_of_string("Endpoint=sb://10.0.0.7;SharedAccessKeyName=Root;SharedAccessKey=abc"),
              "destination.connection_string names a host that may not be connected to: it is a private, link-local or "
              "otherwise internal address");
    auto config = parse_string(kString);
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->connect.allow_internal_addresses);
    EXPECT_FALSE(config->connect.allow_loopback);
}

TEST_F(EventHubsConfig, ATenantsKafkaClientMeetsAzuresServersOnly) {
    context_.operator_owned = false;
    context_.allow_loopback = false;
    const std::string own_string = "Endpoint=sb://kafka.example;SharedAccessKeyName=Root;SharedAccessKey=abc";
    EXPECT_EQ(error_of_string(own_string),
              "destination.connection_string names a host that is not one of Azure's, and protocol is kafka");
    EXPECT_EQ(error_of_string(kString, {{"endpoint", "https://kafka.example:9093"}}),
              "destination.endpoint names a host that is not one of Azure's, and protocol is kafka");
    const boost::json::object entra{{"tenant_id", "contoso.onmicrosoft.com"},
                                    {"client_id", "11111111-2222-3333-4444-555555555555"},
                                    {"client_secret", std::string(kPolicyKey)}};
    EXPECT_EQ(error_of({{"namespace", "kafka.example"}, {"credentials", entra}}),
              "destination.namespace names a host that is not one of Azure's, and protocol is kafka");
    EXPECT_THAT(parse_string(own_string).error().hint, HasSubstr("protocol: https"));
    // Names that only look like Azure's.
    for (const char* host : {"servicebus.windows.net", "evilservicebus.windows.net", "x.servicebus.windows.net.example",
                             "x.servicebus.windows.net."}) {
        auto text = "Endpoint=sb://" + std::string(host) + ";SharedAccessKeyName=Root;SharedAccessKey=abc";
        EXPECT_FALSE(parse_string(text)) << host;
    }
    for (const char* host : {"b.servicebus.windows.net", "B.ServiceBus.Windows.Net", "b.servicebus.chinacloudapi.cn",
                             "b.servicebus.usgovcloudapi.net"}) {
        auto text = "Endpoint=sb://" + std::string(host) + ";SharedAccessKeyName=Root;SharedAccessKey=abc";
        EXPECT_TRUE(parse_string(text)) << host;
        EXPECT_TRUE(parse_string(own_string, {{"endpoint", "https://" + std::string(host) + ":9093"}})) << host;
    }
    EXPECT_TRUE(parse_string(own_string, {{"protocol", "https"}}));
    EXPECT_TRUE(parse_string(kString, {{"protocol", "https"}, {"endpoint", "https://gateway.example"}}));

    context_.allow_loopback = true;
    EXPECT_TRUE(parse_string(own_string, {{"endpoint", "http://127.0.0.1:19092"}})) << "the sandbox";
    EXPECT_FALSE(parse_string(own_string));
    context_.operator_owned = true;
    EXPECT_TRUE(parse_string(own_string)) << "who runs the process may know better";
}

TEST_F(EventHubsConfig, WhatOneProtocolCannotDoIsRefusedByName) {
    EXPECT_EQ(error_of_string(kString, {{"proxy", "http://proxy.example:3128"}}),
              "destination.proxy cannot be used with protocol: kafka");
    EXPECT_TRUE(parse_string(kString, {{"proxy", "http://proxy.example:3128"}, {"protocol", "https"}}));
    EXPECT_EQ(error_of_string(kString, {{"protocol", "https"}, {"idempotence", true}}),
              "destination.idempotence is of the Kafka protocol, and protocol is https");
    EXPECT_EQ(error_of_string(kString, {{"protocol", "https"}, {"compression", "gzip"}}),
              "destination.compression is of the Kafka protocol, and protocol is https");
    EXPECT_EQ(error_of_string(kString, {{"compression", "snappy"}}),
              "destination.compression must be one of none, gzip");
    EXPECT_EQ(error_of_string(kString, {{"partitions", 0}}), "destination.partitions must be from 1 to 1024, not 0");
    EXPECT_EQ(error_of_string(kString, {{"hubs", "x"}}), "destination.hubs is not a known setting");
}

TEST_F(EventHubsConfig, AnEntraApplicationStandsInForAKey) {
    boost::json::object entra{{"tenant_id", "contoso.onmicrosoft.com"},
                              {"client_id", "11111111-2222-3333-4444-555555555555"},
                              {"client_secret", std::string(kPolicyKey)}};
    auto config = parse({{"namespace", "Building"}, {"credentials", entra}});
    ASSERT_TRUE(config) << config.error().message;
    ASSERT_TRUE(config->entra);
    EXPECT_EQ(config->endpoint.to_url(), "https://building.servicebus.windows.net:9093");
    EXPECT_EQ(config->entra->scope, "https://building.servicebus.windows.net/.default");
    EXPECT_EQ(config->entra->authority.to_url(), "https://login.microsoftonline.com");
    config =
        parse({{"namespace", "building.servicebus.chinacloudapi.cn"}, {"credentials", entra}, {"protocol", "https"}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->entra->scope, "https://eventhubs.azure.net/.default");
    EXPECT_EQ(config->endpoint.host, "building.servicebus.chinacloudapi.cn");

    // The authority is trusted by the integration's own authorities when it is its own, and by the system's otherwise.
    const boost::json::object trusted{{"ca_file", "/etc/own-ca.pem"}};
    config = parse({{"namespace", "building"}, {"credentials", entra}, {"tls", trusted}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->to_entra.tls.ca_file, "");
    auto own = entra;
    own["authority"] = "https://login.example";
    config = parse({{"namespace", "building"}, {"credentials", own}, {"tls", trusted}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->to_entra.tls.ca_file, "/etc/own-ca.pem");

    EXPECT_EQ(error_of({{"namespace", "building"}}), "destination.credentials is missing");
    EXPECT_EQ(error_of({{"credentials", entra}}), "destination.namespace is missing");
    EXPECT_EQ(error_of({{"namespace", "sb://building/"}, {"credentials", entra}}),
              "destination.namespace is not a namespace's host name");
    EXPECT_EQ(error_of({{"namespace", "building"}, {"credentials", entra}, {"connection_string", kString}}),
              "destination.connection_string is given beside namespace and credentials");
    auto wrong = entra;
    wrong["tenant_id"] = "a/b";
    EXPECT_EQ(error_of({{"namespace", "building"}, {"credentials", wrong}}),
              "destination.credentials.tenant_id is not one");
    wrong = entra;
    wrong["authority"] = "http://login.example";
    EXPECT_EQ(error_of({{"namespace", "building"}, {"credentials", wrong}}),
              "destination.credentials.authority must use https://");
    wrong = entra;
    wrong.erase("client_secret");
    EXPECT_EQ(error_of({{"namespace", "building"}, {"credentials", wrong}}),
              "destination.credentials.client_secret is missing");
}

}  // namespace
}  // namespace sluice::event_hubs
