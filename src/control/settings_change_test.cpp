#include "control/settings_change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const DestinationRegistry& registry() {
    static constexpr std::array<std::string_view, 2> kHook{"secret", "headers"};
    static constexpr std::array<std::string_view, 4> kQueue{"credentials.csv", "credentials.secret_access_key",
                                                            "credentials.session_token", "credentials.source.csv"};
    static const DestinationRegistry made = [] {
        DestinationRegistry registry;
        auto check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
        auto make = [](const boost::json::object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
            return make_error(Errc::unsupported, "not made here");
        };
        DestinationKind hook;
        hook.check = check;
        hook.make = make;
        hook.type = "webhook";
        hook.secret_paths = kHook;
        static constexpr std::array<std::string_view, 1> kHookQueries{"url"};
        hook.secret_queries = kHookQueries;
        registry.add(hook);
        static constexpr std::array<std::string_view, 2> kHub{"connection_string", "devices.*"};
        DestinationKind hub;
        hub.type = "iot_hub";
        hub.secret_paths = kHub;
        hub.check = check;
        hub.make = make;
        registry.add(hub);
        static constexpr std::array<std::string_view, 2> kNamespace{"connection_string", "credentials.client_secret"};
        DestinationKind space;
        space.type = "event_hubs";
        space.secret_paths = kNamespace;
        space.check = check;
        space.make = make;
        registry.add(space);
        static constexpr std::array<std::string_view, 1> kTopic{"credentials"};
        DestinationKind topic;
        topic.type = "pubsub";
        topic.secret_paths = kTopic;
        topic.check = check;
        topic.make = make;
        registry.add(topic);
        DestinationKind queue;
        queue.check = check;
        queue.make = make;
        queue.type = "sqs";
        queue.secret_paths = kQueue;
        registry.add(queue);
        return registry;
    }();
    return made;
}

boost::json::object json(std::string_view text) {
    return boost::json::parse(text).as_object();
}
/// Of a destination: PUT of `given` over `kept`.
std::string put(std::string_view kept, std::string_view given) {
    boost::json::object before{{"id", "a"}, {"destination", json(kept)}};
    boost::json::object after{{"id", "a"}, {"destination", json(given)}};
    auto made = replaced_settings(before, after, registry());
    return made ? boost::json::serialize(made->at("destination")) : "error: " + made.error().message;
}
std::string patch(std::string_view kept, std::string_view given) {
    boost::json::object before{{"id", "a"}, {"destination", json(kept)}};
    auto made = patched_settings(before, boost::json::object{{"destination", json(given)}}, registry());
    return made ? boost::json::serialize(made->at("destination")) : "error: " + made.error().message;
}
std::string plain(std::string_view text) {
    return boost::json::serialize(json(text));
}

constexpr std::string_view kHook =
    R"j({"type":"webhook","url":"https://a.example/x","secret":"s3","headers":{"A":"b"}})j";
constexpr std::string_view kKeys =
    R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})j";

TEST(SettingsChange, AnswersShowNoSecret) {
    boost::json::object settings{{"destination", json(kKeys)}};
    EXPECT_THAT(boost::json::serialize(redact_settings(settings, registry())),
                AllOf(HasSubstr("AK"), testing::Not(HasSubstr("SK")), testing::Not(HasSubstr("\"ST\""))));
}

TEST(SettingsChange, ASecretSentBackRedactedOrLeftOutIsKept) {
    EXPECT_EQ(
        put(kHook, R"j({"type":"webhook","url":"https://a.example/y","secret":"(redacted)","headers":"(redacted)"})j"),
        plain(R"j({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})j"));
    EXPECT_EQ(put(kHook, R"j({"type":"webhook","url":"https://a.example/y"})j"),
              plain(R"j({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})j"));
    EXPECT_EQ(put(kKeys, R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/other"})j"),
              plain(R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/other","credentials":)j"
                    R"j({"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})j"));
    EXPECT_EQ(patch(kHook, R"j({"url":"https://a.example/y","secret":"(redacted)"})j"),
              plain(R"j({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})j"));
}

TEST(SettingsChange, AnotherHostNeedsTheSecretsAgain) {
    auto needs = AllOf(HasSubstr("error: destination.headers, destination.secret must be given again"),
                       HasSubstr("destination.url changed"));
    EXPECT_THAT(put(kHook, R"j({"type":"webhook","url":"https://evil.example/x"})j"), needs);
    EXPECT_THAT(put(kHook, R"j({"type":"webhook","url":"https://evil.example/x","secret":"(redacted)"})j"), needs);
    EXPECT_THAT(put(kHook, R"j({"type":"webhook","url":"https://a.example:8443/x"})j"), needs) << "another port";
    EXPECT_THAT(put(kHook, R"j({"type":"webhook","url":"http://a.example/x"})j"), needs) << "in the clear";
    EXPECT_THAT(patch(kHook, R"j({"url":"https://evil.example/x"})j"), needs);
    EXPECT_THAT(put(kHook, R"j({"type":"webhook","url":"https://a.example/x","proxy":"http://evil.example:3128"})j"),
                HasSubstr("destination.proxy changed"));
    EXPECT_THAT(patch(kKeys, R"j({"endpoint":"https://evil.example"})j"),
                HasSubstr("destination.credentials.secret_access_key, destination.credentials.session_token must"));
    EXPECT_EQ(put(kHook, R"j({"type":"webhook","url":"https://b.example/x","secret":"s3","headers":{}})j"),
              plain(R"j({"type":"webhook","url":"https://b.example/x","secret":"s3","headers":{}})j"))
        << "given again, also the same";
    EXPECT_EQ(put(kHook, R"j({"type":"webhook","url":"https://A.EXAMPLE/z"})j"),
              plain(R"j({"type":"webhook","url":"https://A.EXAMPLE/z","secret":"s3","headers":{"A":"b"}})j"));
}

TEST(SettingsChange, AnotherPlaceThatGivesTokensNeedsTheSecretsAgain) {
    constexpr std::string_view kEntra =
        R"j({"type":"event_hubs","namespace":"n","credentials":{"tenant_id":"t","client_id":"c","client_secret":"s3"}})j";
    auto needs = AllOf(HasSubstr("error: destination.credentials.client_secret must be given again"),
                       HasSubstr("destination.credentials.authority changed"));
    EXPECT_THAT(patch(kEntra, R"j({"credentials":{"authority":"https://evil.example"}})j"), needs);
    EXPECT_THAT(put(kEntra, R"j({"type":"event_hubs","namespace":"n","credentials":{"tenant_id":"t","client_id":"c",)j"
                            R"j("client_secret":"(redacted)","authority":"https://evil.example"}})j"),
                needs);
    EXPECT_THAT(patch(kEntra, R"j({"credentials":{"authority":"https://b.example","client_secret":"s4"}})j"),
                HasSubstr("s4"));

    constexpr std::string_view kUser =
        R"j({"type":"pubsub","credentials":{"type":"authorized_user","client_secret":"s3","refresh_token":"r"}})j";
    EXPECT_THAT(patch(kUser, R"j({"credentials":{"token_uri":"https://evil.example/t"}})j"),
                HasSubstr("error: destination.credentials must be given again"));
    EXPECT_THAT(patch(kUser, R"j({"credentials":{"quota_project_id":"p"}})j"), HasSubstr("refresh_token"))
        << "nothing is sent elsewhere";
}

TEST(SettingsChange, WhatAPatchLeavesOfAnObjectOfSecretsIsKeptToo) {
    EXPECT_THAT(patch(kHook, R"j({"url":"https://evil.example/x","secret":"mine","headers":{"B":"c"}})j"),
                HasSubstr("error: destination.headers must be given again"));
    EXPECT_EQ(patch(kHook, R"j({"url":"https://b.example/x","secret":"mine","headers":{"A":"c"}})j"),
              plain(R"j({"type":"webhook","url":"https://b.example/x","secret":"mine","headers":{"A":"c"}})j"));
    EXPECT_EQ(patch(kHook, R"j({"url":"https://b.example/x","secret":"mine","headers":{"A":null}})j"),
              plain(R"j({"type":"webhook","url":"https://b.example/x","secret":"mine","headers":{}})j"));
    EXPECT_EQ(patch(kHook, R"j({"headers":{"B":"c"}})j"),
              plain(R"j({"type":"webhook","url":"https://a.example/x","secret":"s3","headers":{"A":"b","B":"c"}})j"));
}

TEST(SettingsChange, AnotherTypeNeedsItsOwnSecrets) {
    EXPECT_THAT(put(kHook, R"j({"type":"sqs","queue_url":"https://q","credentials":{"csv":"(redacted)"}})j"),
                HasSubstr("there is none to keep"));
    EXPECT_THAT(patch(kKeys, R"j({"type":"webhook","secret":"(redacted)"})j"),
                HasSubstr("destination.secret must be given again"));
}

TEST(SettingsChange, CredentialsOfAnotherFormAreNotMixedWithTheKept) {
    EXPECT_EQ(
        put(kKeys,
            R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"role_arn":"r"}})j"),
        plain(
            R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"role_arn":"r"}})j"));
    EXPECT_EQ(put(kKeys, R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q",)j"
                         R"j("credentials":{"access_key_id":"AK2","secret_access_key":"SK2"}})j"),
              plain(R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q",)j"
                    R"j("credentials":{"access_key_id":"AK2","secret_access_key":"SK2"}})j"))
        << "the old session token is not the new key's";
    EXPECT_EQ(
        put(kKeys,
            R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"access_key_id":"AK"}})j"),
        plain(R"j({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":)j"
              R"j({"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})j"));
}

TEST(SettingsChange, OfManySecretsUnderNamesOfTheOwnersThoseLeftOutAreRemoved) {
    constexpr std::string_view kDevices =
        R"j({"type":"iot_hub","devices":{"io.acme.**":"HostName=a;k=1","io.b":"HostName=b;k=2"}})j";
    EXPECT_EQ(put(kDevices, R"j({"type":"iot_hub","devices":{"io.acme.**":"(redacted)"}})j"),
              plain(R"j({"type":"iot_hub","devices":{"io.acme.**":"HostName=a;k=1"}})j"));
    EXPECT_EQ(put(kDevices, R"j({"type":"iot_hub","transport":"https"})j"),
              plain(R"j({"type":"iot_hub","transport":"https","devices":)j"
                    R"j({"io.acme.**":"HostName=a;k=1","io.b":"HostName=b;k=2"}})j"));
    EXPECT_EQ(patch(kDevices, R"j({"devices":{"io.b":null,"io.c":"HostName=c;k=3","io.acme.**":"(redacted)"}})j"),
              plain(R"j({"type":"iot_hub","devices":{"io.acme.**":"HostName=a;k=1","io.c":"HostName=c;k=3"}})j"));
    EXPECT_THAT(put(kDevices, R"j({"type":"iot_hub","devices":{"io.new":"(redacted)"}})j"),
                HasSubstr("destination.devices.io.new is \"(redacted)\", and there is none to keep"));
}

TEST(SettingsChange, APatchRemovesWithNull) {
    EXPECT_EQ(patch(kHook, R"j({"headers":null})j"),
              plain(R"j({"type":"webhook","url":"https://a.example/x","secret":"s3"})j"));
}

TEST(SettingsChange, WhatAnAnswerAddsIsNoSetting) {
    boost::json::object kept{{"id", "a"}, {"destination", json(kHook)}};
    boost::json::object answer = redact_settings(kept, registry());
    answer["state"] = "running";
    answer["stats"] = boost::json::object{{"delivered", 5}};
    answer["source"] = "api";
    answer["reason"] = "";
    EXPECT_EQ(boost::json::value(replaced_settings(kept, answer, registry()).value()), boost::json::value(kept));
}

// RFC 7396, appendix A, its cases on objects.
TEST(MergePatch, DoesAsTheRfcShows) {
    auto merged = [](std::string_view target, std::string_view with) {
        return boost::json::serialize(merge_patch(json(target), json(with)));
    };
    EXPECT_EQ(merged(R"j({"a":"b"})j", R"j({"a":"c"})j"), R"j({"a":"c"})j");
    EXPECT_EQ(merged(R"j({"a":"b"})j", R"j({"b":"c"})j"), R"j({"a":"b","b":"c"})j");
    EXPECT_EQ(merged(R"j({"a":"b"})j", R"j({"a":null})j"), R"j({})j");
    EXPECT_EQ(merged(R"j({"a":"b","b":"c"})j", R"j({"a":null})j"), R"j({"b":"c"})j");
    EXPECT_EQ(merged(R"j({"a":["b"]})j", R"j({"a":"c"})j"), R"j({"a":"c"})j");
    EXPECT_EQ(merged(R"j({"a":"c"})j", R"j({"a":["b"]})j"), R"j({"a":["b"]})j");
    EXPECT_EQ(merged(R"j({"a":{"b":"c"}})j", R"j({"a":{"b":"d","c":null}})j"), R"j({"a":{"b":"d"}})j");
    EXPECT_EQ(merged(R"j({"a":[{"b":"c"}]})j", R"j({"a":[1]})j"), R"j({"a":[1]})j");
    EXPECT_EQ(merged(R"j({"e":null})j", R"j({"a":1})j"), R"j({"e":null,"a":1})j");
    EXPECT_EQ(merged(R"j({})j", R"j({"a":{"bb":{"ccc":null}}})j"), R"j({"a":{"bb":{}}})j");
}

TEST(SettingsChange, TheQueryOfAUrlIsASecret) {
    constexpr std::string_view kKept = R"({"type":"webhook","url":"https://h/w?sig=S3"})";
    constexpr std::string_view kShown = R"x({"type":"webhook","url":"https://h/w?(redacted)"})x";
    boost::json::object settings{{"id", "a"}, {"destination", json(kKept)}};
    EXPECT_EQ(boost::json::serialize(redact_settings(settings, registry()).at("destination")), kShown);
    EXPECT_EQ(put(kKept, kShown), kKept);
    EXPECT_EQ(patch(kKept, R"x({"url":"https://h/w?(redacted)"})x"), kKept);
    EXPECT_EQ(patch(kKept, R"({"url":"https://h/w"})"), R"({"type":"webhook","url":"https://h/w"})");
    EXPECT_EQ(put(kKept, R"({"type":"webhook","url":"https://h/w?sig=S4"})"),
              R"({"type":"webhook","url":"https://h/w?sig=S4"})");
    boost::json::object without{{"destination", json(R"({"type":"webhook","url":"https://h/w"})")}};
    EXPECT_EQ(redact_settings(without, registry()), without);
}

TEST(SettingsChange, AKeptQueryGoesOnlyToTheAddressItWasGivenFor) {
    constexpr std::string_view kKept = R"({"type":"webhook","url":"https://h/w?sig=S3"})";
    for (auto url : {"https://h/other?(redacted)", "https://elsewhere/w?(redacted)"}) {
        auto given = boost::json::serialize(boost::json::object{{"type", "webhook"}, {"url", url}});
        EXPECT_THAT(put(kKept, given), AllOf(HasSubstr("error: destination.url"), HasSubstr("none to keep")));
        EXPECT_THAT(patch(kKept, given), AllOf(HasSubstr("error: destination.url"), HasSubstr("none to keep")));
    }
    constexpr std::string_view kShown = R"x({"type":"webhook","url":"https://h/w?(redacted)"})x";
    EXPECT_THAT(put(R"({"type":"sqs","queue_url":"q"})", kShown), HasSubstr("none to keep"));
    constexpr std::string_view kMoved =
        "error: destination.url must be given again, since destination.endpoint changed";
    EXPECT_EQ(patch(kKept, R"({"endpoint":"https://elsewhere"})"), kMoved);
    EXPECT_EQ(put(kKept, R"x({"type":"webhook","url":"https://h/w?(redacted)","endpoint":"https://elsewhere"})x"),
              kMoved);
}

}  // namespace
}  // namespace sluice
