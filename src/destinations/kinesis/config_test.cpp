#include "destinations/kinesis/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include "base/fake_clock.hpp"

namespace sluice::kinesis {
namespace {

using testing::HasSubstr;

constexpr std::string_view kCsv =
    R"("credentials":{"csv":"Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,se/cr+et"})";

class KinesisConfig : public testing::Test {
  protected:
    Result<Config> parse(const std::string& members, bool with_credentials = true) {
        auto text = R"({"type":"kinesis")" + (members.empty() ? "" : "," + members) +
                    (with_credentials ? "," + std::string(kCsv) : "") + "}";
        DestinationContext context{io_, clock_, "acme"};
        context.operator_owned = operator_owned_;
        return parse_config(boost::json::parse(text).as_object(), context, environment_);
    }

    Error error_of(const std::string& members, bool with_credentials = true) {
        auto config = parse(members, with_credentials);
        EXPECT_FALSE(config) << members;
        return config ? Error{} : config.error();
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    auth::FixedAwsEnvironment environment_;
    bool operator_owned_ = true;
};

TEST_F(KinesisConfig, NameAndRegionAreEnough) {
    auto config = parse(R"("stream":"building-events","region":"eu-west-1")");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->stream.source(), "building-events");
    EXPECT_TRUE(config->stream.is_literal());
    EXPECT_EQ(config->stream_arn, "");
    EXPECT_EQ(config->region, "eu-west-1");
    EXPECT_EQ(config->endpoint, (Endpoint{true, "kinesis.eu-west-1.amazonaws.com", 443}));
    EXPECT_EQ(config->aggregation, Aggregation::none);
    EXPECT_FALSE(config->partition_key);
    const auto& key = std::get<auth::AwsKeySettings>(config->credentials.kind).key;
    EXPECT_EQ(key.id, "AKIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(key.secret, Secret("se/cr+et"));
}

TEST_F(KinesisConfig, ArnNamesStreamAndRegion) {
    auto config = parse(R"("stream_arn":" arn:aws:kinesis:eu-central-1:123456789012:stream/b.events ")");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->stream.source(), "b.events");
    EXPECT_EQ(config->stream_arn, "arn:aws:kinesis:eu-central-1:123456789012:stream/b.events");
    EXPECT_EQ(config->region, "eu-central-1");
}

TEST_F(KinesisConfig, WrongStreamsAreToldApart) {
    EXPECT_EQ(error_of(R"("region":"eu-west-1")").message, "destination.stream is missing");
    EXPECT_THAT(error_of(R"("stream":"a","stream_arn":"arn:aws:kinesis:r:1:stream/a")").message,
                HasSubstr("cannot both"));
    EXPECT_THAT(error_of(R"("stream":"a b","region":"eu-west-1")").message,
                HasSubstr("destination.stream is not the name"));
    auto arn = error_of(R"("stream":"arn:aws:kinesis:eu-west-1:123456789012:stream/a","region":"eu-west-1")");
    EXPECT_EQ(arn.message, "destination.stream is an ARN");
    EXPECT_THAT(arn.hint, HasSubstr("stream_arn"));
    EXPECT_THAT(error_of(R"("stream_arn":"arn:aws:sqs:eu-west-1:123456789012:q")").message,
                HasSubstr("not the ARN of a data stream"));
    EXPECT_THAT(error_of(R"("stream_arn":"arn:aws:firehose:eu-west-1:1:deliverystream/x")").message,
                HasSubstr("not the ARN"));
}

TEST_F(KinesisConfig, RegionIsCheckedAndForgiving) {
    EXPECT_EQ(parse(R"("stream":"s","region":" EU-West-1 ")")->region, "eu-west-1");
    EXPECT_EQ(error_of(R"("stream":"s")").message, "destination.region is missing");
    auto zone = error_of(R"("stream":"s","region":"eu-west-1a")");
    EXPECT_THAT(zone.message, HasSubstr("availability zone"));
    EXPECT_THAT(zone.hint, HasSubstr("eu-west-1 "));
    EXPECT_THAT(error_of(R"j("stream":"s","region":"Europe (Ireland)")j").message, HasSubstr("not an AWS region"));
    EXPECT_THAT(error_of(R"("stream_arn":"arn:aws:kinesis:eu-west-1:1:stream/s","region":"us-east-1")").message,
                HasSubstr("destination.region is not the region of stream_arn"));
}

TEST_F(KinesisConfig, EveryPartitionHasItsEndpoint) {
    EXPECT_EQ(parse(R"("stream":"s","region":"cn-north-1")")->endpoint.host, "kinesis.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(parse(R"("stream":"s","region":"eusc-de-east-1")")->endpoint.host, "kinesis.eusc-de-east-1.amazonaws.eu");
    environment_.variables["AWS_USE_FIPS_ENDPOINT"] = "true";
    EXPECT_EQ(parse(R"("stream":"s","region":"us-east-1")")->endpoint.host, "kinesis-fips.us-east-1.amazonaws.com");
}

TEST_F(KinesisConfig, EndpointIsTheSettingsThenTheOperatorsEnvironments) {
    environment_.variables["AWS_ENDPOINT_URL_KINESIS"] = "http://127.0.0.1:4567";
    EXPECT_EQ(parse(R"("stream":"s","region":"us-east-1")")->endpoint, (Endpoint{false, "127.0.0.1", 4567}));
    EXPECT_EQ(parse(R"("stream":"s","region":"us-east-1","endpoint":"https://vpce.example")")->endpoint.host,
              "vpce.example");
    environment_.variables["AWS_ENDPOINT_URL_KINESIS"] = "http://localstack:4566";
    EXPECT_EQ(error_of(R"("stream":"s","region":"us-east-1")").message, "AWS_ENDPOINT_URL must use https://");
    operator_owned_ = false;
    EXPECT_EQ(parse(R"("stream":"s","region":"us-east-1")")->endpoint.host, "kinesis.us-east-1.amazonaws.com");
}

TEST_F(KinesisConfig, PartitionKeyAndAggregationExcludeEachOther) {
    auto config = parse(R"("stream":"{recType}","region":"us-east-1","partition_key":"{obj.data.device|id}")");
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->stream.is_literal());
    EXPECT_EQ(config->partition_key->source(), "{obj.data.device|id}");
    EXPECT_EQ(parse(R"("stream":"s","region":"us-east-1","aggregation":"kpl")")->aggregation, Aggregation::kpl);
    EXPECT_THAT(error_of(R"("stream":"s","region":"us-east-1","aggregation":"kpl","partition_key":"{id}")").message,
                HasSubstr("destination.partition_key cannot be given"));
    EXPECT_THAT(error_of(R"("stream":"s","region":"us-east-1","aggregation":"kcl")").hint, HasSubstr("`kpl`"));
}

TEST_F(KinesisConfig, CredentialsAreNeededAndTheirErrorsKeepTheirPath) {
    EXPECT_EQ(error_of(R"("stream":"s","region":"us-east-1")", false).message, "destination.credentials is missing");
    auto error =
        error_of(R"("stream":"s","region":"us-east-1","credentials":{"csv":"User name,Password\nme,hunter2"})", false);
    EXPECT_THAT(error.message, HasSubstr("destination.credentials.csv is the CSV of a console sign-in"));
    EXPECT_THAT(error.message + error.hint, testing::Not(HasSubstr("hunter2")));
}

TEST_F(KinesisConfig, UnknownMembersSuggestTheNearestOne) {
    auto error = error_of(R"("stream":"s","region":"us-east-1","agregation":"kpl")");
    EXPECT_EQ(error.message, "destination.agregation is not a known setting");
    EXPECT_THAT(error.hint, HasSubstr("`aggregation`"));
}

}  // namespace
}  // namespace sluice::kinesis
