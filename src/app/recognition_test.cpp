// What people paste, and what the destinations make of it: all of them together, since a text must be somebody's and
// nobody else's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "api/draft_json.hpp"
#include "app/destinations.hpp"
#include "auth/google_key_for_test.hpp"

namespace sluice::app {
namespace {

using boost::json::object;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kAzureKey = "c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=";

std::string csv(std::string_view line_end = "\n") {
    return "Access key ID,Secret access key" + std::string(line_end) + "AKIAIOSFODNN7EXAMPLE," + std::string(kSecret);
}
std::string device_string() {
    return "HostName=acme.azure-devices.net;DeviceId=building-1;SharedAccessKey=" + std::string(kAzureKey);
}
std::string namespace_string(std::string_view rest = {}) {
    return "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=" +
           std::string(kAzureKey) + std::string(rest);
}
std::string service_account() {
    return boost::json::serialize(auth::service_account_for_test());
}

object recognise(std::string_view text) {
    static const DestinationRegistry registry = make_registry();
    IntegrationOrigin tenant;
    tenant.default_org = "com.acme";
    tenant.operator_owned = false;
    tenant.allow_loopback = false;
    return api::recognition_json(text, registry, tenant);
}

/// `kinesis credentials.csv, sqs credentials.csv`
std::string told(const object& answer) {
    std::string out;
    for (const auto& each : answer.at("recognised").as_array()) {
        if (!out.empty()) out += ", ";
        out.append(each.at("type").as_string()).append(" ").append(each.at("member").as_string());
    }
    return out;
}

/// The first fact of that name of what was recognised first.
std::string fact(const object& answer, std::string_view name) {
    for (const auto& each : answer.at("recognised").at(0).at("facts").as_array())
        if (each.at("name").as_string() == name) return std::string(each.at("value").as_string());
    return {};
}

std::string refusal(std::string_view text) {
    object answer = recognise(text);
    EXPECT_EQ(told(answer), "") << text;
    const auto& refused = answer.at("refused").as_array();
    if (refused.size() != 1) return boost::json::serialize(answer);
    EXPECT_FALSE(refused[0].at("hint").as_string().empty()) << "says what to paste instead";
    return std::string(refused[0].at("message").as_string());
}

TEST(Recognition, EachThingIsKnownByWhoTakesIt) {
    EXPECT_EQ(told(recognise(csv())), "kinesis destination.credentials.csv, sqs destination.credentials.csv");
    EXPECT_EQ(told(recognise("arn:aws:kinesis:eu-west-1:123456789012:stream/building-events")),
              "kinesis destination.stream_arn");
    EXPECT_EQ(told(recognise("https://sqs.eu-west-1.amazonaws.com/123456789012/building.fifo")),
              "sqs destination.queue_url");
    EXPECT_EQ(told(recognise(namespace_string())), "event_hubs destination.connection_string");
    EXPECT_EQ(told(recognise(namespace_string(";EntityPath=building"))), "event_hubs destination.connection_string");
    EXPECT_EQ(told(recognise(device_string())), "iot_hub destination.connection_string");
    EXPECT_EQ(told(recognise(service_account())), "pubsub destination.credentials");
    EXPECT_EQ(told(recognise("projects/acme-building/topics/events")), "pubsub destination.topic");
    EXPECT_EQ(told(recognise("https://example.com/hooks?key=1")), "webhook destination.url");
}

TEST(Recognition, WhatCameAlongIsForgiven) {
    EXPECT_EQ(told(recognise("\xEF\xBB\xBF" + csv("\r\n") + "\r\n")), told(recognise(csv())));
    EXPECT_EQ(told(recognise("  \"" + device_string() + "\"\r\n")), told(recognise(device_string())));
    EXPECT_EQ(told(recognise("\xEF\xBB\xBF" + namespace_string(";\r\n"))), told(recognise(namespace_string())));
    EXPECT_EQ(told(recognise("'" + service_account() + "'\r\n")), told(recognise(service_account())));
    EXPECT_EQ(told(recognise(" 'https://sqs.eu-west-1.amazonaws.com/123456789012/q' ")), "sqs destination.queue_url");
}

TEST(Recognition, SaysWhereItLeadsAndWhatIsStillNeeded) {
    object key = recognise(csv());
    EXPECT_EQ(fact(key, "access key id"), "AKIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(key.at("recognised").at(0).at("needs").at(0).at("field"), "destination.stream");
    object hub = recognise(namespace_string(";EntityPath=building"));
    EXPECT_EQ(fact(hub, "namespace"), "acme.servicebus.windows.net");
    EXPECT_EQ(fact(hub, "event hub"), "building");
    EXPECT_TRUE(hub.at("recognised").at(0).at("needs").as_array().empty());
    object device = recognise(device_string());
    EXPECT_EQ(fact(device, "hub"), "acme.azure-devices.net");
    EXPECT_EQ(fact(device, "device"), "building-1");
    object account = recognise(service_account());
    EXPECT_EQ(fact(account, "project"), "demo-project");
    EXPECT_EQ(fact(account, "service account"), "robot@demo-project.iam.gserviceaccount.com");
    EXPECT_EQ(fact(recognise("https://sqs.eu-west-1.amazonaws.com/123456789012/q.fifo"), "kind of queue"), "FIFO");
    EXPECT_EQ(fact(recognise("arn:aws:kinesis:eu-west-1:123456789012:stream/events"), "region"), "eu-west-1");
}

TEST(Recognition, NeverAnswersWithASecret) {
    for (const auto& text : {csv(), device_string(), namespace_string(), service_account()}) {
        std::string answer = boost::json::serialize(recognise(text));
        EXPECT_THAT(answer, HasSubstr("(redacted)"));
        for (std::string_view secret : {kSecret, kAzureKey, std::string_view("PRIVATE KEY")})
            EXPECT_THAT(answer, Not(HasSubstr(std::string(secret))));
    }
}

TEST(Recognition, TheWrongThingIsRefusedByItsName) {
    EXPECT_THAT(refusal("User name,Password,Console sign-in URL\nbob,hunter2,https://1.signin.aws.amazon.com/console"),
                HasSubstr("console sign-in"));
    EXPECT_THAT(refusal("HostName=acme.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" +
                        std::string(kAzureKey)),
                HasSubstr("service side"));
    EXPECT_THAT(refusal("HostName=acme.azure-devices.net;DeviceId=building-1;x509=true"), HasSubstr("x509"));
    EXPECT_THAT(refusal("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=" + std::string(kAzureKey)),
                HasSubstr("storage account"));
    EXPECT_THAT(refusal("Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=root"),
                HasSubstr("has no SharedAccessKey"));
    EXPECT_THAT(refusal("arn:aws:sqs:eu-west-1:123456789012:building"), HasSubstr("ARN, not its URL"));
    EXPECT_THAT(refusal("https://eu-west-1.console.aws.amazon.com/sqs/v3/home?region=eu-west-1#/queues"),
                HasSubstr("not"));
    EXPECT_THAT(refusal("arn:aws:kinesis:eu-west-1:123456789012:streamconsumer/x"), HasSubstr("not the ARN"));
    EXPECT_THAT(refusal(R"({"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/x"})"),
                HasSubstr("federation"));
    EXPECT_THAT(refusal(R"({"installed":{"client_id":"x","auth_uri":"https://accounts.google.com/o/oauth2/auth"}})"),
                HasSubstr("OAuth client"));
    EXPECT_THAT(refusal("projects/acme/subscriptions/events"), HasSubstr("subscription"));
}

TEST(Recognition, WhatIsNobodysIsToldAsNothing) {
    for (std::string_view text : {"hello", "", "{}", "12345", "http://example.com/plain", "a=b;c=d"}) {
        object answer = recognise(text);
        EXPECT_EQ(told(answer), "") << text;
        EXPECT_TRUE(answer.at("refused").as_array().empty()) << text;
    }
}

}  // namespace
}  // namespace sluice::app
