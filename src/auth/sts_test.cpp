#include "auth/sts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/aws_credentials_json.hpp"

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Sts, FormsAreEncoded) {
    StsAssumeRole role{"arn:aws:iam::123456789012:role/demo", "session", "", std::chrono::seconds(3600)};
    EXPECT_EQ(role.form(),
              "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo&"
              "RoleSessionName=session&DurationSeconds=3600");
    role.external_id = "a b&c";
    EXPECT_THAT(role.form(), HasSubstr("&ExternalId=a%20b%26c"));
    StsWebIdentity identity{"arn:r", "s", "to+ken="};
    EXPECT_EQ(identity.form(),
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=s&"
              "WebIdentityToken=to%2Bken%3D");
}

constexpr std::string_view kAnswer = R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROA123:s</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/demo/s</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalr/XUtn+FEMI</SecretAccessKey>
      <SessionToken>AQoDYXdzEPT//////////wEXAMPLE==</SessionToken>
      <Expiration>2026-11-23T15:05:00Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>)";

TEST(Sts, ReadsTheCredentialsOfAnAnswer) {
    auto credentials = read_sts_credentials(kAnswer);
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(credentials->access_key_id, "ASIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(credentials->secret_access_key, Secret("wJalr/XUtn+FEMI"));
    EXPECT_EQ(credentials->session_token, Secret("AQoDYXdzEPT//////////wEXAMPLE=="));
    EXPECT_EQ(credentials->expires, parse_rfc3339("2026-11-23T15:05:00Z").value());
}

TEST(Sts, WhatIsNoAnswerIsUnavailable) {
    auto cut = std::string(kAnswer.substr(0, kAnswer.find("<SessionToken>")));
    for (auto body : {std::string("<html/>"), std::string(), cut}) {
        EXPECT_EQ(read_sts_credentials(body).error().code, Errc::unavailable) << body;
    }
}

TEST(Sts, ErrorsSayWhatTheRoleNeeds) {
    auto denied = sts_error({403, "AccessDenied", "not authorized to perform sts:AssumeRole", ""}, "arn:role",
                            "sluice:com.acme:a");
    EXPECT_EQ(denied.code, Errc::unauthenticated);
    EXPECT_THAT(denied.message, HasSubstr("cannot assume arn:role: AccessDenied"));
    EXPECT_THAT(denied.hint, HasSubstr("sts:ExternalId is sluice:com.acme:a"));
    EXPECT_EQ(sts_error({503, "ServiceUnavailable", "m", ""}, "arn:role").code, Errc::unavailable);
    EXPECT_EQ(sts_error({400, "Throttling", "m", ""}, "arn:role").code, Errc::unavailable);
    EXPECT_THAT(sts_error({400, "InvalidIdentityToken", "m", ""}, "arn:role").hint, HasSubstr("web identity"));
}

TEST(Sts, SessionNamesAreMadeToFit) {
    EXPECT_EQ(sts_session_name("sluice-acme_1@x.y,z=1"), "sluice-acme_1@x.y,z=1");
    EXPECT_EQ(sts_session_name("a b/c:d"), "a-b-c-d");
    EXPECT_EQ(sts_session_name(std::string(100, 'x')).size(), 64u);
    EXPECT_EQ(sts_session_name("x"), "sluice");
}

TEST(AwsCredentialsJson, ReadsBothNamesOfTheToken) {
    for (auto name : {"Token", "SessionToken"}) {
        auto credentials = read_aws_credentials_json(
            R"({"Code":"Success","AccessKeyId":"ASIAIOSFODNN7EXAMPLE","SecretAccessKey":"s",")" + std::string(name) +
            R"(":"t","Expiration":"2026-11-23T15:05:00Z"})");
        ASSERT_TRUE(credentials) << credentials.error().message;
        EXPECT_EQ(credentials->session_token, Secret("t"));
        EXPECT_TRUE(credentials->expires);
    }
    auto lasting = read_aws_credentials_json(R"({"Version":1,"AccessKeyId":"AKIDX","SecretAccessKey":"s"})");
    ASSERT_TRUE(lasting);
    EXPECT_FALSE(lasting->expires);
}

TEST(AwsCredentialsJson, TellsWhatIsWrongWithoutValues) {
    for (auto text : {"", "[]", "{", R"({"AccessKeyId":"AKIDX"})", R"({"SecretAccessKey":"hunter2"})",
                      R"({"AccessKeyId":"AKIDX","SecretAccessKey":"hunter2","Expiration":"soon"})",
                      R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"no"})"}) {
        auto credentials = read_aws_credentials_json(text);
        ASSERT_FALSE(credentials) << text;
        EXPECT_THAT(credentials.error().message, Not(HasSubstr("hunter2")));
    }
    EXPECT_THAT(read_aws_credentials_json(R"({"Code":"Denied","Message":"why"})").error().message,
                HasSubstr("Denied: why"));
}

}  // namespace
}  // namespace sluice::auth
