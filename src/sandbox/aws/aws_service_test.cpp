#include "sandbox/aws/aws_service.hpp"

#include <gmock/gmock.h>

#include "sandbox/aws/aws_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::HasSubstr;

constexpr const char* kPut = R"({"StreamName":"events","Records":[{"Data":"aGk=","PartitionKey":"k"}]})";

/// What is between two tags, of an answer in XML.
std::string element(const std::string& xml, const std::string& name) {
    auto from = xml.find("<" + name + ">");
    auto to = xml.find("</" + name + ">");
    if (from == std::string::npos || to == std::string::npos) return {};
    from += name.size() + 2;
    return xml.substr(from, to - from);
}

class AwsServiceTest : public AwsFixture {
  protected:
    explicit AwsServiceTest(AwsOptions options = {}) : AwsFixture(std::move(options)) {}

    Reply assume_role(std::string more = "") {
        return call(
            "sts", "",
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fwriter&RoleSessionName=me" +
                more);
    }
    void take_session(const std::string& xml) {
        key_.access_key_id = element(xml, "AccessKeyId");
        key_.secret_access_key = Secret(element(xml, "SecretAccessKey"));
        key_.session_token = Secret(element(xml, "SessionToken"));
    }
};

TEST_F(AwsServiceTest, LetsInWhoeverSignsWithTheDocumentedKey) {
    auto reply = kinesis("PutRecords", kPut);
    EXPECT_EQ(reply.status, 200) << reply.text;
    EXPECT_EQ(reply.headers.get("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(reply.headers.get("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
    EXPECT_FALSE(reply.headers.get("x-amzn-requestid").empty());
}

TEST_F(AwsServiceTest, RefusesAWrongSecret) {
    key_.secret_access_key = Secret("wrong");
    EXPECT_EQ(kinesis("PutRecords", kPut).error(), "InvalidSignatureException");
    auto reply = sqs("SendMessage", R"({"QueueUrl":"http://x/1/q","MessageBody":"x"})");
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.error(), "com.amazon.coral.service#InvalidSignatureException");
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(AwsServiceTest, RefusesAnUnknownKey) {
    key_.access_key_id = "AKIAUNKNOWN";
    EXPECT_EQ(kinesis("PutRecords", kPut).error(), "UnrecognizedClientException");
    auto sts = assume_role();
    EXPECT_EQ(sts.status, 403);
    EXPECT_EQ(element(sts.text, "Code"), "InvalidClientTokenId");
}

TEST_F(AwsServiceTest, RefusesABodyThatIsNotTheOneThatWasSigned) {
    auto request = signed_request("kinesis", "Kinesis_20131202.PutRecords", kPut);
    request.body[request.body.find("aGk=")] = 'b';
    EXPECT_THAT(send(std::move(request)).response.body, HasSubstr("InvalidSignatureException"));
}

TEST_F(AwsServiceTest, RefusesASignatureForAnotherService) {
    EXPECT_EQ(call("sqs", "Kinesis_20131202.PutRecords", kPut).error(), "InvalidSignatureException");
}

TEST_F(AwsServiceTest, RefusesMissingAndUnreadableSignatures) {
    http::Request request;
    request.method = "POST";
    request.path = "/";
    request.headers.add("X-Amz-Target", "Kinesis_20131202.PutRecords");
    request.body = kPut;
    EXPECT_THAT(send(request).response.body, HasSubstr("MissingAuthenticationTokenException"));
    for (const char* header :
         {"AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x", "Bearer x"}) {
        auto broken = request;
        broken.headers.add("Authorization", header);
        EXPECT_THAT(send(broken).response.body, HasSubstr("IncompleteSignatureException")) << header;
    }
}

TEST_F(AwsServiceTest, AllowsFiveMinutesOfClockSkewAndNoMore) {
    for (int sign : {-1, 1}) {
        client_skew_ = std::chrono::seconds(sign * 299);
        EXPECT_EQ(kinesis("PutRecords", kPut).status, 200);
        client_skew_ = std::chrono::seconds(sign * 302);
        auto reply = kinesis("PutRecords", kPut);
        EXPECT_EQ(reply.error(), "InvalidSignatureException");
        EXPECT_THAT(reply.text, HasSubstr(sign < 0 ? "Signature expired" : "Signature not yet current"));
    }
}

TEST_F(AwsServiceTest, GivesOutSessionsThatWorkAndEnd) {
    auto reply = assume_role("&DurationSeconds=900");
    ASSERT_EQ(reply.status, 200) << reply.text;
    EXPECT_EQ(element(reply.text, "Expiration"), "2023-11-14T22:28:20Z");
    EXPECT_EQ(element(reply.text, "Arn"), "arn:aws:sts::000000000000:assumed-role/writer/me");
    take_session(reply.text);
    EXPECT_EQ(kinesis("PutRecords", kPut).status, 200);
    auto token = key_.session_token;
    key_.session_token = Secret("another");
    EXPECT_EQ(kinesis("PutRecords", kPut).error(), "UnrecognizedClientException");
    key_.session_token = token;
    clock_.advance(std::chrono::seconds(900));
    EXPECT_EQ(kinesis("PutRecords", kPut).error(), "ExpiredTokenException");
}

TEST_F(AwsServiceTest, RefusesAssumeRoleInputsAsStsDoes) {
    EXPECT_EQ(element(assume_role("&DurationSeconds=60").text, "Code"), "ValidationError");
    EXPECT_EQ(element(call("sts", "", "Action=AssumeRole&RoleArn=x&RoleSessionName=me").text, "Code"),
              "ValidationError");
    EXPECT_EQ(element(call("sts", "", "Action=GetFederationToken").text, "Code"), "InvalidAction");
}

class AwsRoles : public AwsServiceTest {
  protected:
    static AwsOptions options() {
        AwsOptions made;
        made.sts.roles = {{"arn:aws:iam::1:role/writer", "our-secret-id"}};
        made.sts.max_session = std::chrono::seconds(10);
        return made;
    }
    AwsRoles() : AwsServiceTest(options()) {}
};

TEST_F(AwsRoles, AsksForTheExternalIdAndKeepsSessionsShort) {
    EXPECT_EQ(element(assume_role().text, "Code"), "AccessDenied");
    EXPECT_EQ(element(assume_role("&ExternalId=wrong").text, "Code"), "AccessDenied");
    auto reply = assume_role("&ExternalId=our-secret-id");
    ASSERT_EQ(reply.status, 200) << reply.text;
    take_session(reply.text);
    EXPECT_EQ(kinesis("PutRecords", kPut).status, 200);
    clock_.advance(std::chrono::seconds(10));
    EXPECT_EQ(kinesis("PutRecords", kPut).error(), "ExpiredTokenException");
}

TEST_F(AwsServiceTest, AnswersRefusalsAskedForAndAcceptsNothing) {
    auto error_under = [&](const char* rules) {
        EXPECT_TRUE(faults_.set_json(rules));
        auto reply = kinesis("PutRecords", kPut);
        return std::to_string(reply.status) + " " + reply.error();
    };
    EXPECT_EQ(error_under(R"([{"action":"http_500"}])"), "500 InternalFailure");
    EXPECT_EQ(error_under(R"([{"action":"http_500","status":503}])"), "503 ServiceUnavailableException");
    EXPECT_EQ(error_under(R"([{"action":"throttle_request"}])"), "400 ProvisionedThroughputExceededException");
    EXPECT_EQ(error_under(R"([{"action":"throttle_request","code":"LimitExceededException"}])"),
              "400 LimitExceededException");
    EXPECT_EQ(error_under(R"([{"action":"expired_token"}])"), "400 ExpiredTokenException");
    EXPECT_EQ(error_under(R"([{"action":"access_denied"}])"), "400 AccessDeniedException");
    EXPECT_EQ(error_under(R"([{"action":"missing_target","target":"events"}])"), "400 ResourceNotFoundException");
    EXPECT_EQ(received_.total().items, 0u);
    ASSERT_TRUE(faults_.set_json(R"([{"action":"missing_target","target":"other"}])"));
    EXPECT_EQ(kinesis("PutRecords", kPut).status, 200);
}

TEST_F(AwsServiceTest, HasAWrongClockWhenToldTo) {
    ASSERT_TRUE(faults_.set_json(R"([{"action":"skew","skew":3600}])"));
    auto reply = kinesis("PutRecords", kPut);
    EXPECT_EQ(reply.error(), "InvalidSignatureException");
    EXPECT_EQ(reply.headers.get("date"), "Tue, 14 Nov 2023 23:13:20 GMT");
    client_skew_ = std::chrono::seconds(3600);
    EXPECT_EQ(kinesis("PutRecords", kPut).status, 200);
}

TEST_F(AwsServiceTest, BreaksConnectionsBeforeOrAfterAccepting) {
    auto ending_under = [&](const char* rules) {
        EXPECT_TRUE(faults_.set_json(rules));
        return send(signed_request("kinesis", "Kinesis_20131202.PutRecords", kPut)).ending;
    };
    EXPECT_EQ(ending_under(R"([{"action":"reset_before"}])"), Outcome::Ending::reset);
    EXPECT_EQ(ending_under(R"([{"action":"hang"}])"), Outcome::Ending::hang);
    EXPECT_EQ(received_.total().items, 0u);
    EXPECT_EQ(ending_under(R"([{"action":"reset_after"}])"), Outcome::Ending::reset);
    EXPECT_EQ(ending_under(R"([{"action":"hang_after"}])"), Outcome::Ending::hang);
    EXPECT_EQ(received_.total().items, 2u);
}

TEST_F(AwsServiceTest, MakesAndForgetsTargetsForTheControlApi) {
    ASSERT_TRUE(aws_.create_target("kinesis", "a", R"({"shards":2})"));
    ASSERT_TRUE(aws_.create_target("sqs", "b.fifo", R"({"FifoQueue":"true"})"));
    auto targets = aws_.targets();
    ASSERT_EQ(targets.size(), 2u);
    EXPECT_EQ(targets[0].details_json, R"({"open_shards":2,"max_record_kib":1024})");
    EXPECT_EQ(targets[1].details_json, R"({"fifo":true,"messages":0})");
    EXPECT_EQ(aws_.create_target("kinesis", "a", "{}").error().code, Errc::conflict);
    EXPECT_EQ(aws_.create_target("kinesis", "a/b", "{}").error().code, Errc::invalid_argument);
    ASSERT_TRUE(aws_.delete_target("kinesis", "a"));
    EXPECT_EQ(aws_.delete_target("kinesis", "a").error().code, Errc::not_found);
    EXPECT_EQ(aws_.delete_target("sqs", "nothing").error().code, Errc::not_found);
}

}  // namespace
}  // namespace sluice::sandbox
