#include "destinations/pubsub/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "auth/google_key_for_test.hpp"

namespace sluice::pubsub {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PubSubConfig : public testing::Test {
  protected:
    PubSubConfig() : settings_{{"type", "pubsub"}, {"credentials", auth::service_account_for_test()}} {}

    Config parsed() { return parse_config(settings_, context_).value(); }
    /// What is wrong, having made sure that nothing of the key is told.
    std::string refusal() {
        auto config = parse_config(settings_, context_);
        if (config) return "was taken";
        auto told = config.error().message + " | " + config.error().hint;
        EXPECT_THAT(told, Not(HasSubstr(auth::rsa_pem_for_test().substr(200, 24))));
        return told;
    }
    void tenant() {
        context_.operator_owned = false;
        context_.allow_loopback = false;
    }

    boost::asio::io_context io_;
    DestinationContext context_{io_, SystemClock::instance(), "acme"};
    boost::json::object settings_;
};

TEST_F(PubSubConfig, AKeyFileIsAllThatIsNeeded) {
    auto config = parsed();
    EXPECT_EQ(config.project, "demo-project");
    EXPECT_EQ(config.topic.source(), "{recType}");
    EXPECT_TRUE(config.create_topics);
    EXPECT_TRUE(config.ordering_keys);
    EXPECT_FALSE(config.compress);
    EXPECT_EQ(config.max_targets, 1000u);
    EXPECT_EQ(config.endpoint.to_url(), "https://pubsub.googleapis.com");
    EXPECT_EQ(config.content_type, "");
}

TEST_F(PubSubConfig, ThePlaceIsTheProjectWithWhatNamesItsTopics) {
    const std::string place = parsed().place();
    EXPECT_EQ(place, "demo-project {recType}");
    settings_["topic"] = "projects/demo-project/topics/{recType}";
    settings_["endpoint"] = "https://us-east1-pubsub.googleapis.com";
    settings_["max_targets"] = 7;
    EXPECT_EQ(parsed().place(), place);
    settings_["topic"] = "new-{recType}";
    EXPECT_NE(parsed().place(), place);
    settings_.erase("topic");
    settings_["project"] = "other-project";
    EXPECT_NE(parsed().place(), place);
}

TEST_F(PubSubConfig, TheKeyFileMayBeTextAsItWasPasted) {
    settings_["credentials"] = "\xef\xbb\xbf\n" + boost::json::serialize(auth::service_account_for_test()) + "\r\n";
    EXPECT_EQ(parsed().project, "demo-project");
}

TEST_F(PubSubConfig, TheProjectIsAsToldElseTheTopicsElseTheCredentials) {
    settings_["topic"] = "projects/other-project/topics/events";
    auto config = parsed();
    EXPECT_EQ(config.project, "other-project");
    EXPECT_EQ(config.topic.source(), "events");
    settings_["project"] = "third";
    EXPECT_THAT(refusal(), HasSubstr("destination.project is not the project that topic names"));
    settings_["topic"] = "events";
    EXPECT_EQ(parsed().project, "third");
    settings_["project"] = "Third Project";
    EXPECT_THAT(refusal(), HasSubstr("destination.project is not a project's id"));
    auto key = auth::service_account_for_test();
    key.erase("project_id");
    settings_["credentials"] = key;
    settings_.erase("project");
    EXPECT_THAT(refusal(), HasSubstr("destination.project is missing"));
}

TEST_F(PubSubConfig, AnEmulatorNeedsAProjectAndNoCredentials) {
    settings_.erase("credentials");
    EXPECT_THAT(refusal(), HasSubstr("destination.project is missing"));
    settings_["project"] = "demo";
    EXPECT_THAT(refusal(), HasSubstr("destination.credentials is missing"));
    settings_["endpoint"] = "http://127.0.0.1:8085";
    auto config = parsed();
    EXPECT_FALSE(config.credentials);
    EXPECT_FALSE(config.endpoint.tls);
    settings_["endpoint"] = "http://emulator.example.com:8085";
    EXPECT_THAT(refusal(), HasSubstr("must use https://"));
}

TEST_F(PubSubConfig, ARegionsEndpointIsTaken) {
    settings_["endpoint"] = "https://us-east1-pubsub.googleapis.com";
    EXPECT_EQ(parsed().endpoint.host, "us-east1-pubsub.googleapis.com");
}

TEST_F(PubSubConfig, OrderingKeysFollowTheIntegrationsOrdering) {
    EXPECT_TRUE(parsed().ordering_keys);
    settings_["ordering_keys"] = false;
    EXPECT_FALSE(parsed().ordering_keys);
    settings_["ordering_keys"] = "true";
    EXPECT_TRUE(parsed().ordering_keys);
    context_.keyed = false;
    EXPECT_THAT(refusal(), HasSubstr("destination.ordering_keys is true although"));
    settings_["ordering_keys"] = "auto";
    EXPECT_FALSE(parsed().ordering_keys);
    settings_["ordering_keys"] = "sometimes";
    EXPECT_THAT(refusal(), HasSubstr("destination.ordering_keys"));
}

TEST_F(PubSubConfig, NamesWhatIsWrong) {
    settings_["compression"] = "zstd";
    EXPECT_THAT(refusal(), HasSubstr("destination.compression"));
    settings_["compression"] = "gzip";
    EXPECT_TRUE(parsed().compress);
    settings_["max_targets"] = 0;
    EXPECT_THAT(refusal(), HasSubstr("destination.max_targets"));
    settings_["max_targets"] = 5;
    settings_["topic"] = "ab";
    EXPECT_THAT(refusal(), AllOf(HasSubstr("destination.topic"), HasSubstr("2 characters")));
    settings_["topic"] = "projects/p-1/subscriptions/s";
    EXPECT_THAT(refusal(), HasSubstr("subscription"));
    settings_["topic"] = "{recType";
    EXPECT_THAT(refusal(), HasSubstr("destination.topic is not a template"));
    settings_["topic"] = "events-{obj_type}";
    settings_["orderingkeys"] = true;
    EXPECT_THAT(refusal(), AllOf(HasSubstr("orderingkeys"), HasSubstr("ordering_keys")));
}

TEST_F(PubSubConfig, TheCredentialsMemberIsNamedWithWhatIsWrongInIt) {
    settings_["credentials"] = R"({"type":"external_account"})";
    EXPECT_THAT(refusal(), HasSubstr("destination.credentials is a workload identity federation file"));
    settings_["credentials"] = 7;
    EXPECT_THAT(refusal(), HasSubstr("destination.credentials must be a key file"));
}

TEST_F(PubSubConfig, ATenantsTokenEndpointAndEndpointAreHeldToItsRules) {
    tenant();
    boost::json::object person{{"type", "authorized_user"},
                               {"client_id", "i"},
                               {"client_secret", "s"},
                               {"refresh_token", "r"},
                               {"token_uri", "https://10.0.0.1/token"}};
    settings_["credentials"] = person;
    settings_["project"] = "demo";
    EXPECT_THAT(refusal(), AllOf(HasSubstr("token_uri"), HasSubstr("internal address")));
    person["token_uri"] = "http://localhost:1/token";
    settings_["credentials"] = person;
    EXPECT_THAT(refusal(), HasSubstr("points at this machine"));
    person["token_uri"] = "https://oauth2.googleapis.com/token";
    settings_["credentials"] = person;
    auto config = parsed();
    EXPECT_FALSE(config.connect.allow_internal_addresses);
    EXPECT_FALSE(config.connect.allow_loopback);
    settings_["endpoint"] = "https://192.168.0.1";
    EXPECT_THAT(refusal(), HasSubstr("destination.endpoint"));
    settings_.erase("endpoint");
    settings_["credentials"] = boost::json::object{{"metadata", true}};
    EXPECT_THAT(refusal(), HasSubstr("operator's integrations"));
}

TEST_F(PubSubConfig, CloudEventsAreMarkedByTheirMediaType) {
    context_.content_type = "application/cloudevents+json";
    EXPECT_EQ(parsed().content_type, "application/cloudevents+json");
}

}  // namespace
}  // namespace sluice::pubsub
