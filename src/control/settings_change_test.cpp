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
        DestinationKind hook;
        hook.type = "webhook";
        hook.secret_paths = kHook;
        registry.add(hook);
        DestinationKind queue;
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
    R"({"type":"webhook","url":"https://a.example/x","secret":"s3","headers":{"A":"b"}})";
constexpr std::string_view kKeys =
    R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})";

TEST(SettingsChange, AnswersShowNoSecret) {
    boost::json::object settings{{"destination", json(kKeys)}};
    EXPECT_THAT(boost::json::serialize(redact_settings(settings, registry())),
                AllOf(HasSubstr("AK"), testing::Not(HasSubstr("SK")), testing::Not(HasSubstr("\"ST\""))));
}

TEST(SettingsChange, ASecretSentBackRedactedOrLeftOutIsKept) {
    EXPECT_EQ(put(kHook, R"({"type":"webhook","url":"https://a.example/y","secret":"(redacted)","headers":"(redacted)"})"),
              plain(R"({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})"));
EXPECT_EQ(put(kHook, R"({"type":"webhook","url":"https://a.example/y"})"),
          plain(R"({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})"));
EXPECT_EQ(put(kKeys, R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/other"})"),
          plain(R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/other","credentials":)"
                R"({"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})"));
    EXPECT_EQ(patch(kHook, R"({"url":"https://a.example/y","secret":"(redacted)"
    })"),
              plain(R"({"type":"webhook","url":"https://a.example/y","secret":"s3","headers":{"A":"b"}})"));
    }

    TEST(SettingsChange, AnotherHostNeedsTheSecretsAgain) {
        auto needs = AllOf(HasSubstr("error: destination.headers, destination.secret must be given again"),
                           HasSubstr("destination.url changed"));
        EXPECT_THAT(put(kHook, R"({"type":"webhook","url":"https://evil.example/x"})"), needs);
    EXPECT_THAT(put(kHook, R"({"type":"webhook","url":"https://evil.example/x","secret":"(redacted)"
    })"), needs);
    EXPECT_THAT(put(kHook, R"({"type":"webhook","url":"https://a.example:8443/x"})"), needs) << "another port";
    EXPECT_THAT(put(kHook, R"({"type":"webhook","url":"http://a.example/x"})"), needs) << "in the clear";
    EXPECT_THAT(patch(kHook, R"({"url":"https://evil.example/x"})"), needs);
    EXPECT_THAT(put(kHook, R"({"type":"webhook","url":"https://a.example/x","proxy":"http://evil.example:3128"})"),
                HasSubstr("destination.proxy changed"));
    EXPECT_THAT(patch(kKeys, R"({"endpoint":"https://evil.example"})"),
                HasSubstr("destination.credentials.secret_access_key, destination.credentials.session_token must"));
    EXPECT_EQ(put(kHook, R"({"type":"webhook","url":"https://b.example/x","secret":"s3","headers":{}})"),
              plain(R"({"type":"webhook","url":"https://b.example/x","secret":"s3","headers":{}})"))
        << "given again, also the same";
    EXPECT_EQ(put(kHook, R"({"type":"webhook","url":"https://A.EXAMPLE/z"})"),
              plain(R"({"type":"webhook","url":"https://A.EXAMPLE/z","secret":"s3","headers":{"A":"b"}})"));
    }

    TEST(SettingsChange, AnotherTypeNeedsItsOwnSecrets) {
    EXPECT_THAT(put(kHook, R"({"type":"sqs","queue_url":"https://q","credentials":{"csv":"(redacted)"
    }
    })"),
                HasSubstr("there is none to keep"));
    EXPECT_THAT(patch(kKeys, R"({"type":"webhook","secret":"(redacted)"
    })"), HasSubstr("destination.secret must be given again"));
    }

    TEST(SettingsChange, CredentialsOfAnotherFormAreNotMixedWithTheKept) {
    EXPECT_EQ(
        put(kKeys,
            R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"role_arn":"r"}})"),
        plain(
            R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"role_arn":"r"}})"));
    EXPECT_EQ(put(kKeys, R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q",)"
                         R"("credentials":{"access_key_id":"AK2","secret_access_key":"SK2"}})"),
              plain(R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q",)"
                    R"("credentials":{"access_key_id":"AK2","secret_access_key":"SK2"}})"))
        << "the old session token is not the new key's";
    EXPECT_EQ(
        put(kKeys,
            R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":{"access_key_id":"AK"}})"),
        plain(R"({"type":"sqs","queue_url":"https://sqs.eu-west-1.amazonaws.com/1/q","credentials":)"
              R"({"access_key_id":"AK","secret_access_key":"SK","session_token":"ST"}})"));
    }

    TEST(SettingsChange, APatchRemovesWithNull) {
    EXPECT_EQ(patch(kHook, R"({"headers":null})"),
              plain(R"({"type":"webhook","url":"https://a.example/x","secret":"s3"})"));
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
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
    EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":null})"), R"({})");
    EXPECT_EQ(merged(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
    EXPECT_EQ(merged(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
    EXPECT_EQ(merged(R"({"a":"c"})", R"({"a":["b"]})"), R"({"a":["b"]})");
    EXPECT_EQ(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
    EXPECT_EQ(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
    EXPECT_EQ(merged(R"({"e":null})", R"({"a":1})"), R"({"e":null,"a":1})");
    EXPECT_EQ(merged(R"({})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
    }

    }  // namespace
    }  // namespace sluice
