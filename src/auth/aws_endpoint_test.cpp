#include "auth/aws_endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/aws_environment.hpp"

namespace sluice::auth {
namespace {

std::string host(std::string_view service, std::string_view region, AwsEndpointOptions options = {}) {
    auto endpoint = aws_endpoint(service, region, options);
    return endpoint ? endpoint->host : endpoint.error().message;
}

TEST(AwsEndpoint, FollowsThePartitionOfTheRegion) {
    EXPECT_EQ(host("kinesis", "eu-west-1"), "kinesis.eu-west-1.amazonaws.com");
    EXPECT_EQ(host("sqs", "cn-northwest-1"), "sqs.cn-northwest-1.amazonaws.com.cn");
    EXPECT_EQ(host("sts", "us-gov-west-1"), "sts.us-gov-west-1.amazonaws.com");
    EXPECT_EQ(host("kinesis", "eusc-de-east-1"), "kinesis.eusc-de-east-1.amazonaws.eu");
    EXPECT_EQ(host("kinesis", "us-iso-east-1"), "kinesis.us-iso-east-1.c2s.ic.gov");
    EXPECT_EQ(host("kinesis", "us-isob-east-1"), "kinesis.us-isob-east-1.sc2s.sgov.gov");
}

TEST(AwsEndpoint, FipsAndDualStackChangeTheName) {
    AwsEndpointOptions fips{true, false, ""};
    AwsEndpointOptions dual{false, true, ""};
    AwsEndpointOptions both{true, true, ""};
    EXPECT_EQ(host("kinesis", "us-east-1", fips), "kinesis-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(host("kinesis", "us-east-1", dual), "kinesis.us-east-1.api.aws");
    EXPECT_EQ(host("kinesis", "us-east-1", both), "kinesis-fips.us-east-1.api.aws");
    EXPECT_EQ(host("kinesis", "cn-north-1", dual), "kinesis.cn-north-1.api.amazonwebservices.com.cn");
    EXPECT_EQ(aws_endpoint("kinesis", "us-iso-east-1", dual).error().code, Errc::unsupported);
}

TEST(AwsEndpoint, EnvironmentIsReadPerService) {
    FixedAwsEnvironment environment;
    environment.variables = {{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", "false"}};
    auto options = AwsEndpointOptions::from(environment, "kinesis");
    EXPECT_TRUE(options.fips);
    EXPECT_FALSE(options.dual_stack);
    environment.variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
    environment.variables["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:2";
    EXPECT_EQ(AwsEndpointOptions::from(environment, "kinesis").override_url, "http://127.0.0.1:1");
    EXPECT_EQ(AwsEndpointOptions::from(environment, "sts").override_url, "http://127.0.0.1:2");
    EXPECT_EQ(aws_endpoint("sts", "eu-west-1", AwsEndpointOptions::from(environment, "sts")).value().port, 2);
    environment.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
    EXPECT_EQ(AwsEndpointOptions::from(environment, "sts").override_url, "");
}

TEST(AwsEndpoint, RegionsAreCodes) {
    for (auto good : {"eu-west-1", "us-gov-east-1", "eusc-de-east-1", "ap-southeast-10", "local"}) {
        EXPECT_TRUE(check_aws_region(good)) << good;
    }
    for (auto bad :
         {"", "EU-WEST-1", "Ireland", "eu west 1", "eu-west-1.evil.example", "1-eu", "eu-west-", "eu/west"}) {
        EXPECT_FALSE(check_aws_region(bad)) << bad;
    }
    EXPECT_THAT(check_aws_region("eu-west-1b").error().message, testing::HasSubstr("availability zone"));
}

TEST(AwsArn, IsSplitAtItsFirstFiveColons) {
    auto arn = AwsArn::parse("arn:aws-cn:iam::123456789012:role/a:b");
    ASSERT_TRUE(arn);
    EXPECT_EQ(arn->partition, "aws-cn");
    EXPECT_EQ(arn->service, "iam");
    EXPECT_EQ(arn->region, "");
    EXPECT_EQ(arn->account, "123456789012");
    EXPECT_EQ(arn->resource, "role/a:b");
    for (auto bad : {"", "arn", "arn:aws:iam::1", "arn:aws:iam::1:", "urn:aws:iam::1:x", "arn::iam::1:x"}) {
        EXPECT_FALSE(AwsArn::parse(bad)) << bad;
    }
}

}  // namespace
}  // namespace sluice::auth
