#include "auth/aws_credential_sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include "base/fake_clock.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice::auth {
namespace {

using http::Behaviour;
using testing::HasSubstr;

std::string sts_answer(std::string_view id) {
    return "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" + std::string(id) +
           "</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>"
           "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
}

std::string json_answer(std::string_view id) {
    return R"({"Code":"Success","AccessKeyId":")" + std::string(id) +
           R"(","SecretAccessKey":"secret","Token":"token","Expiration":"2023-11-14T23:13:20Z"})";
}

class AwsCredentialSourcesTest : public testing::Test {
  protected:
    AwsCredentialSourcesTest() { environment_.variables["AWS_ENDPOINT_URL_STS"] = server_.endpoint().to_url(); }

    AwsCredentialContext context() { return {io_, clock_, environment_, "eu-west-1", "sluice-acme", {}}; }

    void given(std::string_view json) {
        FixedAwsEnvironment none;
        auto settings = parse_aws_credentials(boost::json::parse(json), "credentials", {}, none).value();
        provider_ = make_aws_credentials(settings, context());
    }
    Result<AwsCredentials> get() {
        return run_for_test(io_, provider_->get(Deadline::after(std::chrono::seconds(20))));
    }
    std::string body(std::size_t index) const { return server_.requests().at(index).body; }
    std::string header(std::size_t index, std::string_view name) const {
        return std::string(server_.requests().at(index).headers.get(name));
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    FixedAwsEnvironment environment_;
    http::ScriptedServer server_;
    std::unique_ptr<AwsCredentialsProvider> provider_;
};

TEST_F(AwsCredentialSourcesTest, KeysAreAsTheyAreGiven) {
    given(R"({"access_key_id":"AKID","secret_access_key":"s"})");
    EXPECT_EQ(get()->access_key_id, "AKID");
    EXPECT_EQ(provider_->describe(), "access key AKID");
    EXPECT_FALSE(provider_->invalidate());
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(AwsCredentialSourcesTest, ARoleIsAssumedWithItsSourcesSignature) {
    given(R"({"role_arn":"arn:aws:iam::123456789012:role/r","external_id":"x y",
              "source":{"access_key_id":"AKID","secret_access_key":"s"}})");
    server_.then(Behaviour::respond(200, sts_answer("ASIAROLE")));
    auto credentials = get();
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(credentials->access_key_id, "ASIAROLE");
    EXPECT_EQ(credentials->session_token, Secret("role-token"));
    EXPECT_EQ(credentials->origin, "role arn:aws:iam::123456789012:role/r");
    EXPECT_THAT(body(0), HasSubstr("Action=AssumeRole&"));
    EXPECT_THAT(body(0), HasSubstr("RoleSessionName=sluice-acme&"));
    EXPECT_THAT(body(0), HasSubstr("&ExternalId=x%20y"));
    EXPECT_THAT(header(0, "authorization"), HasSubstr("Credential=AKID/20231114/eu-west-1/sts/aws4_request"));
    EXPECT_EQ(header(0, "content-type"), "application/x-www-form-urlencoded; charset=utf-8");
}

TEST_F(AwsCredentialSourcesTest, ARoleThatMayNotBeAssumedSaysWhatItsTrustPolicyNeeds) {
    given(R"({"role_arn":"arn:aws:iam::1:role/r","external_id":"sluice:com.acme:a",
              "source":{"access_key_id":"AKID","secret_access_key":"s3cret"}})");
    server_.then(Behaviour::respond(403,
                                    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no s3cret for you"
                                    "</Message></Error></ErrorResponse>"));
    auto error = get().error();
    EXPECT_EQ(error.code, Errc::unauthenticated);
    EXPECT_THAT(error.message, HasSubstr("cannot assume arn:aws:iam::1:role/r: AccessDenied"));
    EXPECT_THAT(error.message, testing::Not(HasSubstr("s3cret")));
    EXPECT_THAT(error.hint, HasSubstr("trust policy"));
    EXPECT_THAT(error.hint, HasSubstr("sts:ExternalId is sluice:com.acme:a"));
}

TEST_F(AwsCredentialSourcesTest, StsThatCannotBeReachedIsUnavailable) {
    given(R"({"role_arn":"arn:aws:iam::1:role/r","source":{"access_key_id":"AKID","secret_access_key":"s"}})");
    environment_.variables["AWS_ENDPOINT_URL_STS"] = http::ScriptedServer().endpoint().to_url();
    EXPECT_EQ(get().error().code, Errc::unavailable);
    environment_.variables["AWS_ENDPOINT_URL_STS"] = "http://192.0.2.1";
    EXPECT_THAT(get().error().message, HasSubstr("must use https://"));
}

TEST_F(AwsCredentialSourcesTest, ARoleWithoutSourceIsAssumedByTheDefaultChain) {
    environment_.variables["AWS_ACCESS_KEY_ID"] = "FROMENV";
    environment_.variables["AWS_SECRET_ACCESS_KEY"] = "s";
    given(R"({"role_arn":"arn:aws:iam::1:role/r"})");
    server_.then(Behaviour::respond(200, sts_answer("ASIAROLE")));
    EXPECT_EQ(get()->access_key_id, "ASIAROLE");
    EXPECT_THAT(header(0, "authorization"), HasSubstr("Credential=FROMENV/"));
}

TEST_F(AwsCredentialSourcesTest, RolesThroughProfilesAreAssumedOneAfterTheOther) {
    environment_.variables["HOME"] = "/home/op";
    environment_.files["/home/op/.aws/config"] =
        "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = c\n"
        "[profile c]\naws_access_key_id = CKEY\naws_secret_access_key = s\n";
    given(R"({"profile":"a"})");
    server_.then(Behaviour::respond(200, sts_answer("ASIAB")));
    server_.then(Behaviour::respond(200, sts_answer("ASIAA")));
    EXPECT_EQ(get()->access_key_id, "ASIAA");
    EXPECT_THAT(body(0), HasSubstr("RoleArn=arn%3Ab"));
    EXPECT_THAT(header(0, "authorization"), HasSubstr("Credential=CKEY/"));
    EXPECT_THAT(body(1), HasSubstr("RoleArn=arn%3Aa"));
    EXPECT_THAT(header(1, "authorization"), HasSubstr("Credential=ASIAB/"));
    EXPECT_EQ(header(1, "x-amz-security-token"), "role-token");
}

TEST_F(AwsCredentialSourcesTest, AProfileIsReadAnewWhenItsKeysAreRefused) {
    environment_.variables["HOME"] = "/home/op";
    environment_.files["/home/op/.aws/credentials"] = "[p]\naws_access_key_id = OLD\naws_secret_access_key = s\n";
    given(R"({"profile":"p"})");
    EXPECT_EQ(get()->access_key_id, "OLD");
    environment_.files["/home/op/.aws/credentials"] = "[p]\naws_access_key_id = NEW\naws_secret_access_key = s\n";
    clock_.advance(std::chrono::hours(1));
    EXPECT_EQ(get()->access_key_id, "OLD");
    EXPECT_TRUE(provider_->invalidate());
    EXPECT_EQ(get()->access_key_id, "NEW");
}

TEST_F(AwsCredentialSourcesTest, AWebIdentityIsReadFromItsFileEachTimeAndNotSigned) {
    environment_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    environment_.variables["AWS_ROLE_ARN"] = "arn:web";
    environment_.files["/token"] = "first\n";
    given(R"({"environment":true})");
    server_.then(Behaviour::respond(
        400, "<ErrorResponse><Error><Code>IDPCommunicationError</Code><Message>m</Message></Error></ErrorResponse>"));
    server_.then(Behaviour::respond(200, sts_answer("ASIAWEB")));
    EXPECT_EQ(get()->access_key_id, "ASIAWEB");
    EXPECT_THAT(body(1), HasSubstr("&WebIdentityToken=first"));
    EXPECT_EQ(header(1, "authorization"), "");
    environment_.files["/token"] = "second";
    clock_.advance(std::chrono::minutes(1));
    provider_->invalidate();
    server_.then(Behaviour::respond(200, sts_answer("ASIAWEB2")));
    EXPECT_EQ(get()->access_key_id, "ASIAWEB2");
    EXPECT_THAT(body(2), HasSubstr("&WebIdentityToken=second"));
}

TEST_F(AwsCredentialSourcesTest, AContainerIsAskedWithItsToken) {
    environment_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server_.endpoint().to_url() + "/creds?x=1";
    environment_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "unused";
    environment_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
    environment_.files["/token"] = "container-token\n";
    given(R"({"environment":true})");
    server_.then(Behaviour::respond(503));
    server_.then(Behaviour::respond(200, json_answer("ASIACONTAINER")));
    EXPECT_EQ(get()->access_key_id, "ASIACONTAINER");
    EXPECT_EQ(server_.requests().at(1).method, "GET");
    EXPECT_EQ(server_.requests().at(1).target, "/creds?x=1");
    EXPECT_EQ(header(1, "authorization"), "container-token");
}

TEST_F(AwsCredentialSourcesTest, AContainersAddressAndTokenAreChecked) {
    environment_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://192.0.2.1/creds";
    given(R"({"environment":true})");
    EXPECT_THAT(get().error().message, HasSubstr("plain http:// to a host that is not this machine's"));
    environment_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server_.endpoint().to_url() + "/creds";
    environment_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nX-Evil: 1";
    EXPECT_THAT(get().error().message, HasSubstr("line break"));
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(AwsCredentialSourcesTest, AContainerThatDoesNotAnswerWellIsAskedThreeTimes) {
    environment_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server_.endpoint().to_url() + "/creds";
    given(R"({"environment":true})");
    for (int i = 0; i < 4; ++i) server_.then(Behaviour::respond(500));
    EXPECT_EQ(get().error().code, Errc::unavailable);
    EXPECT_EQ(server_.requests().size(), 3u);
}

class InstanceMetadata : public AwsCredentialSourcesTest {
  protected:
    InstanceMetadata() {
        environment_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server_.endpoint().to_url();
        given(R"({"environment":true})");
    }
};

TEST_F(InstanceMetadata, IsAskedInItsSecondVersion) {
    server_.then(Behaviour::respond(200, "session-token"));
    server_.then(Behaviour::respond(200, "my-role\n"));
    server_.then(Behaviour::respond(200, json_answer("ASIAINSTANCE")));
    EXPECT_EQ(get()->access_key_id, "ASIAINSTANCE");
    auto requests = server_.requests();
    EXPECT_EQ(requests[0].method, "PUT");
    EXPECT_EQ(requests[0].target, "/latest/api/token");
    EXPECT_EQ(header(0, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
    EXPECT_EQ(requests[1].target, "/latest/meta-data/iam/security-credentials/");
    EXPECT_EQ(requests[2].target, "/latest/meta-data/iam/security-credentials/my-role");
    EXPECT_EQ(header(2, "x-aws-ec2-metadata-token"), "session-token");
}

TEST_F(InstanceMetadata, FallsBackToItsFirstVersionUnlessForbidden) {
    server_.then(Behaviour::respond(404));
    server_.then(Behaviour::respond(200, "my-role"));
    server_.then(Behaviour::respond(200, json_answer("ASIAINSTANCE")));
    EXPECT_EQ(get()->access_key_id, "ASIAINSTANCE");
    EXPECT_EQ(header(1, "x-aws-ec2-metadata-token"), "");

    environment_.variables["AWS_EC2_METADATA_V1_DISABLED"] = "true";
    given(R"({"environment":true})");
    server_.then(Behaviour::respond(404));
    EXPECT_EQ(get().error().code, Errc::unavailable);
}

TEST_F(InstanceMetadata, AnInstanceWithoutRoleIsTold) {
    server_.then(Behaviour::respond(200, "session-token"));
    server_.then(Behaviour::respond(404));
    auto error = get().error();
    EXPECT_EQ(error.code, Errc::unauthenticated);
    EXPECT_THAT(error.message, HasSubstr("has no role to give"));
    EXPECT_THAT(error.hint, HasSubstr("attach a role"));
}

TEST_F(InstanceMetadata, ARoleNameThatWouldLeadElsewhereIsRefused) {
    server_.then(Behaviour::respond(200, "session-token"));
    server_.then(Behaviour::respond(200, "../../user-data"));
    EXPECT_THAT(get().error().message, HasSubstr("name cannot be one"));
    EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(AwsCredentialSourcesTest, AProcessPrintsCredentials) {
    environment_.variables["HOME"] = "/home/op";
    environment_.files["/home/op/.aws/config"] =
        "[profile p]\ncredential_process = /bin/echo "
        "'{\"Version\":1,\"AccessKeyId\":\"PROC\",\"SecretAccessKey\":\"s\"}'\n";
    given(R"({"profile":"p"})");
    auto credentials = get();
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(credentials->access_key_id, "PROC");
    environment_.files["/home/op/.aws/config"] = "[profile p]\ncredential_process = /bin/echo hunter2\n";
    clock_.advance(std::chrono::minutes(1));
    provider_->invalidate();
    auto error = get().error();
    EXPECT_THAT(error.message, HasSubstr("credential_process: the answer is not a JSON object"));
    EXPECT_THAT(error.message + error.hint, testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace sluice::auth
