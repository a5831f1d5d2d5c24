#include "destinations/sqs/config.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include "base/clock.hpp"

namespace sluice::sqs {
namespace {

class SqsConfig : public testing::Test {
  protected:
    static boost::json::object usual() {
        return boost::json::parse(R"({
            "type": "sqs",
            "queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/events",
            "credentials": {"access_key_id": "AKIAIOSFODNN7EXAMPLE",
                            "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
        })")
            .as_object();
    }
    static boost::json::object with(std::string_view name, boost::json::value value) {
        auto settings = usual();
        settings[name] = std::move(value);
        return settings;
    }
    static boost::json::object fifo() {
        return with("queue_url", "https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo");
    }
    Result<Config> parse(const boost::json::object& settings, bool operator_owned = true) {
        DestinationContext context{
            .io = io_, .clock = SystemClock::instance(), .integration_id = "acme", .operator_owned = operator_owned};
        return parse_config(settings, context, environment_);
    }
    void expect_refused(const boost::json::object& settings, std::string_view message, bool operator_owned = true) {
        auto config = parse(settings, operator_owned);
        ASSERT_FALSE(config) << "accepted, though: " << message;
        EXPECT_NE(config.error().message.find(message), std::string::npos) << config.error().message;
    }

    boost::asio::io_context io_;
    auth::FixedAwsEnvironment environment_;
};

TEST_F(SqsConfig, TakesRegionAndEndpointFromTheUrl) {
    auto config = parse(usual()).value();
    EXPECT_EQ(config.region, "eu-west-1");
    EXPECT_EQ(config.endpoint, (Endpoint{true, "sqs.eu-west-1.amazonaws.com", 443}));
    EXPECT_FALSE(config.queue.fifo);
    EXPECT_TRUE(config.verify_md5);
}

TEST_F(SqsConfig, RequiresQueueUrlAndCredentials) {
    auto settings = usual();
    settings.erase("queue_url");
    expect_refused(settings, "destination.queue_url is missing");
    settings = usual();
    settings.erase("credentials");
    expect_refused(settings, "destination.credentials is missing");
}

TEST_F(SqsConfig, NamesTheUnknownMemberAndTheNearestKnownOne) {
    auto config = parse(with("deduplicationid", "x"));
    ASSERT_FALSE(config);
    EXPECT_NE((config.error().message + config.error().hint).find("deduplication_id"), std::string::npos);
}

TEST_F(SqsConfig, RefusesARegionThatIsNotTheUrls) {
    expect_refused(with("region", "us-east-1"), "is not the region of queue_url, which is eu-west-1");
    EXPECT_TRUE(parse(with("region", " EU-West-1 ")));
    expect_refused(with("region", "eu-west-1a"), "destination.region is");
}

TEST_F(SqsConfig, NeedsARegionWhenTheUrlNamesNone) {
    auto settings = with("queue_url", "http://localhost:9324/000000000000/events");
    expect_refused(settings, "destination.region is missing");
    settings["region"] = "eu-west-1";
    auto config = parse(settings).value();
    EXPECT_EQ(config.endpoint, (Endpoint{false, "localhost", 9324}));
}

TEST_F(SqsConfig, AnEndpointStandsInForTheUrlsHostAndKeepsTheRegion) {
    auto config = parse(with("endpoint", "http://127.0.0.1:4566")).value();
    EXPECT_EQ(config.endpoint, (Endpoint{false, "127.0.0.1", 4566}));
    EXPECT_EQ(config.region, "eu-west-1");
    EXPECT_EQ(config.queue.text, "https://sqs.eu-west-1.amazonaws.com/123456789012/events");
}

TEST_F(SqsConfig, LegacyHostsAreReachedAtTodaysEndpoint) {
    auto config = parse(with("queue_url", "https://eu-west-1.queue.amazonaws.com/123456789012/events")).value();
    EXPECT_EQ(config.endpoint.host, "sqs.eu-west-1.amazonaws.com");
}

TEST_F(SqsConfig, APrivateLinksHostIsKept) {
    auto config =
        parse(with("queue_url", "https://vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/events")).value();
    EXPECT_EQ(config.endpoint.host, "vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com");
}

TEST_F(SqsConfig, FollowsTheOperatorsEnvironment) {
    environment_.variables["AWS_USE_FIPS_ENDPOINT"] = "true";
    EXPECT_EQ(parse(usual()).value().endpoint.host, "sqs-fips.eu-west-1.amazonaws.com");
    environment_.variables["AWS_ENDPOINT_URL_SQS"] = "http://localhost:4566";
    EXPECT_EQ(parse(usual()).value().endpoint.host, "localhost");
    EXPECT_EQ(parse(usual(), false).value().endpoint.host, "sqs-fips.eu-west-1.amazonaws.com") << "not a tenant's";
}

TEST_F(SqsConfig, DeduplicationIdsAreForFifoQueues) {
    expect_refused(with("deduplication_id", "{id}"), "is for FIFO queues");
    auto settings = fifo();
    settings["deduplication_id"] = "{id}";
    EXPECT_TRUE(parse(settings).value().deduplication_id);
}

TEST_F(SqsConfig, AStandardQueueMayHaveGroupsToo) {
    EXPECT_TRUE(parse(with("message_group_id", "{org}")).value().message_group_id);
    expect_refused(with("message_group_id", "{nothing"), "destination.message_group_id");
}

TEST_F(SqsConfig, RefusesPlainHttpAndInternalAddresses) {
    expect_refused(with("queue_url", "http://sqs.eu-west-1.amazonaws.com/123456789012/q"), "must use https://");
    auto settings = with("queue_url", "https://10.0.0.1/000000000000/q");
    settings["region"] = "eu-west-1";
    expect_refused(settings, "destination.queue_url is a private", false);
}

TEST_F(SqsConfig, NoErrorTellsASecret) {
    auto settings = usual();
    settings["credentials"].as_object().erase("access_key_id");
    auto config = parse(settings);
    ASSERT_FALSE(config);
    EXPECT_EQ((config.error().message + config.error().hint).find("wJalr"), std::string::npos);
}

}  // namespace
}  // namespace sluice::sqs
