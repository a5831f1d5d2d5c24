#include "destinations/kinesis/destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "auth/refreshing_credentials.hpp"
#include "base/fake_clock.hpp"
#include "destination/test_batch.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice::kinesis {
namespace {

using http::Behaviour;
using testing::HasSubstr;

constexpr std::string_view kStored = R"({"SequenceNumber":"1","ShardId":"shardId-0"})";
constexpr std::string_view kThrottled =
    R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded"})";

Behaviour answer(std::initializer_list<std::string_view> records) {
    std::string body = R"({"Records":[)";
    for (auto record : records) body += std::string(body.back() == '[' ? "" : ",") + std::string(record);
    return Behaviour::respond(200, body + "]}");
}

Behaviour error(std::string_view code, const std::vector<http::Header>& headers = {}) {
    return Behaviour::respond(400, R"({"__type":")" + std::string(code) + R"(","message":"told by the service"})",
                              headers);
}

Behaviour summary(std::string_view members) {
    return Behaviour::respond(200, R"({"StreamDescriptionSummary":{)" + std::string(members) + "}}");
}

class KinesisDestinationTest : public testing::Test {
  protected:
    KinesisDestinationTest() {
        config_.stream = TextTemplate::literal("building-events");
        config_.region = "eu-west-1";
        config_.endpoint = server_.endpoint();
        credentials_.access_key_id = "AKIDEXAMPLE";
        credentials_.secret_access_key = Secret("secret");
        credentials_.origin = "access key AKIDEXAMPLE";
    }
    ~KinesisDestinationTest() override {
        if (destination_) run_for_test(io_, destination_->close());
    }

    KinesisDestination& destination() {
        if (!destination_) {
            if (!provider_) provider_ = std::make_unique<auth::StaticCredentials>(credentials_);
            destination_ = std::make_unique<KinesisDestination>(io_, clock_, config_, std::move(provider_), 2, keyed_);
        }
        return *destination_;
    }

    std::vector<Verdict> deliver() {
        batch_.aim(destination());
        return run_for_test(io_, destination().deliver(batch_.messages(), Deadline::after(std::chrono::seconds(20))));
    }
    ProbeReport probe() { return run_for_test(io_, destination().probe(Deadline::after(std::chrono::seconds(20)))); }

    std::vector<std::string> targets_called() const {
        std::vector<std::string> targets;
        for (const auto& request : server_.requests()) {
            std::string target(request.headers.get("x-amz-target"));
            targets.push_back(target.substr(target.find('.') + 1));
        }
        return targets;
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    http::ScriptedServer server_;
    Config config_;
    auth::AwsCredentials credentials_;
    std::unique_ptr<auth::AwsCredentialsProvider> provider_;
    bool keyed_ = true;
    TestBatch batch_;
    std::unique_ptr<KinesisDestination> destination_;
};

TEST_F(KinesisDestinationTest, LimitsAreTheServices) {
    auto limits = destination().limits();
    EXPECT_EQ(limits.max_events, 500u);
    EXPECT_EQ(limits.max_bytes, 5u << 20);
    EXPECT_EQ(limits.max_message_bytes_safe, 1u << 20);
    EXPECT_EQ(limits.max_message_bytes_absolute, 10u << 20);
    EXPECT_EQ(limits.max_concurrent, 2u);
    EXPECT_EQ(limits.same_key, SameKeyInBatch::never);
    EXPECT_TRUE(limits.one_target_per_batch);
}

TEST_F(KinesisDestinationTest, AggregationMakesAKeysRunAtomic) {
    config_.aggregation = Aggregation::kpl;
    EXPECT_EQ(destination().limits().same_key, SameKeyInBatch::atomic_run);
    EXPECT_EQ(destination().limits().max_run_bytes, 50u << 10);
}

TEST_F(KinesisDestinationTest, SizeIsDataAndKey) {
    batch_.add("object-1", "key");
    EXPECT_EQ(destination().size_of(batch_.messages()[0]), batch_.messages()[0].body.size() + 3);
    TestBatch long_key;
    long_key.add("object-1", std::string(300, 'k'));
    EXPECT_EQ(destination().size_of(long_key.messages()[0]), long_key.messages()[0].body.size() + 64);
}

TEST_F(KinesisDestinationTest, StreamTemplateNamesTheTargetOrSaysWhyNot) {
    config_.stream = TextTemplate::parse("{recType}").value();
    batch_.add("object-1");
    std::string target = "kept-";
    ASSERT_TRUE(destination().target_of(batch_.messages()[0].event, target));
    EXPECT_EQ(target, "kept-io.acme.room");
    destination_.reset();
    config_.stream = TextTemplate::parse("{obj.data.pad}").value();
    TestBatch unfit;
    unfit.add("object-1", {}, 200);
    auto named = destination().target_of(unfit.messages()[0].event, target);
    EXPECT_THAT(named.error().message, HasSubstr("{obj.data.pad}"));
    EXPECT_EQ(target, "kept-io.acme.room");
}

TEST_F(KinesisDestinationTest, AnAnswerLongerThanAnyOfTheServicesIsNotRead) {
    server_.then(http::Behaviour::respond(200, "{\"Records\":[" + std::string(2 << 20, ' ')));
    batch_.add("object-1");
    auto verdict = deliver()[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdict.ambiguous);
    EXPECT_EQ(verdict.failure->code, "bad_response");
}

TEST_F(KinesisDestinationTest, SignsWhatItSends) {
    credentials_.session_token = Secret("session");
    server_.then(answer({kStored}));
    batch_.add("object-1");
    EXPECT_EQ(deliver()[0].kind, Verdict::Kind::accepted);
    auto request = server_.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/");
    EXPECT_EQ(request.headers.get("x-amz-target"), "Kinesis_20131202.PutRecords");
    EXPECT_EQ(request.headers.get("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(request.headers.get("x-amz-security-token"), "session");
    EXPECT_EQ(request.headers.get("x-amz-date"), "20231114T221320Z");
    auto authorization = request.headers.get("authorization");
    EXPECT_THAT(std::string(authorization),
                testing::StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/kinesis/aws4_request, "
                                    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "));
}

TEST_F(KinesisDestinationTest, EveryEventOfAnAggregateSharesItsFate) {
    config_.aggregation = Aggregation::kpl;
    server_.then(answer({kThrottled, kStored}));
    batch_.add("a", "k1").add("b", "k1").add("c", "k2");
    auto verdicts = deliver();
    ASSERT_EQ(verdicts.size(), 3u);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::retry);
    EXPECT_EQ(verdicts[2].kind, Verdict::Kind::accepted);
}

TEST_F(KinesisDestinationTest, AnEventWithoutPartitionKeyIsRejectedAndTheOthersGo) {
    config_.partition_key = TextTemplate::parse("{obj.room}").value();
    batch_.add("a");
    auto verdicts = deliver();
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure->code, "no_partition_key");
    EXPECT_THAT(verdicts[0].failure->message, HasSubstr("obj.room"));
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(KinesisDestinationTest, AWholeRefusalIsOneFailureForAll) {
    server_.then(error("InvalidArgumentException"));
    batch_.add("a").add("b");
    auto verdicts = deliver();
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure, verdicts[1].failure);
}

/// Gives another key at each fetch.
class CountingSource final : public auth::AwsCredentialsSource {
  public:
    boost::asio::awaitable<Result<auth::AwsCredentials>> fetch(Deadline) override {
        auth::AwsCredentials credentials;
        credentials.access_key_id = "KEY" + std::to_string(++fetched_);
        credentials.secret_access_key = Secret("s");
        co_return credentials;
    }
    std::string describe() const override { return "counter"; }

  private:
    int fetched_ = 0;
};

TEST_F(KinesisDestinationTest, ExpiredCredentialsAreFetchedAnewAndTheBatchSentAgainOnce) {
    provider_ = std::make_unique<auth::RefreshingCredentials>(std::make_unique<CountingSource>(), clock_);
    server_.then(answer({kStored}));
    server_.then(error("ExpiredTokenException"));
    server_.then(answer({kStored}));
    batch_.add("a");
    deliver();
    clock_.advance(std::chrono::minutes(1));
    EXPECT_EQ(deliver()[0].kind, Verdict::Kind::accepted);
    auto requests = server_.requests();
    ASSERT_EQ(requests.size(), 3u);
    EXPECT_THAT(std::string(requests[1].headers.get("authorization")), HasSubstr("Credential=KEY1/"));
    EXPECT_THAT(std::string(requests[2].headers.get("authorization")), HasSubstr("Credential=KEY2/"));
}

TEST_F(KinesisDestinationTest, FreshCredentialsThatAreRefusedTooAreNotTriedForEver) {
    provider_ = std::make_unique<auth::RefreshingCredentials>(std::make_unique<CountingSource>(), clock_);
    for (int i = 0; i < 3; ++i) server_.then(error("ExpiredTokenException"));
    batch_.add("a");
    auto verdict = deliver()[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(verdict.failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(KinesisDestinationTest, KeysThatCannotBeFetchedAnewAreNotTriedAgain) {
    server_.then(error("ExpiredTokenException"));
    batch_.add("a");
    EXPECT_EQ(deliver()[0].failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(KinesisDestinationTest, AWrongClockIsCorrectedByTheAnswersDateAndTheBatchSentAgainOnce) {
    // The fake clock stands at 22:13:20.
    server_.then(error("InvalidSignatureException", {{"Date", "Tue, 14 Nov 2023 23:13:20 GMT"}}));
    server_.then(answer({kStored}));
    server_.then(answer({kStored}));
    batch_.add("a");
    EXPECT_EQ(deliver()[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(server_.requests().at(1).headers.get("x-amz-date"), "20231114T231320Z");
    // And kept.
    deliver();
    EXPECT_EQ(server_.requests().at(2).headers.get("x-amz-date"), "20231114T231320Z");
}

TEST_F(KinesisDestinationTest, AWrongSecretIsNotTakenForAWrongClock) {
    server_.then(error("InvalidSignatureException", {{"Date", "Tue, 14 Nov 2023 22:13:25 GMT"}}));
    batch_.add("a");
    auto verdict = deliver()[0];
    EXPECT_EQ(verdict.failure->error_class, ErrorClass::credentials);
    EXPECT_THAT(verdict.failure->hint, HasSubstr("secret access key does not belong"));
    EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(KinesisDestinationTest, ALargeEventAsksOnceWhatTheStreamTakes) {
    server_.then(summary(R"("StreamStatus":"ACTIVE","MaxRecordSizeInKiB":4096)"));
    server_.then(answer({kStored}));
    server_.then(answer({kStored}));
    batch_.add("a", {}, (1 << 20) + 10);
    EXPECT_EQ(deliver()[0].kind, Verdict::Kind::accepted);
    deliver();
    EXPECT_THAT(targets_called(), testing::ElementsAre("DescribeStreamSummary", "PutRecords", "PutRecords"));
    EXPECT_EQ(destination().limits().max_message_bytes_safe, 4u << 20);
    EXPECT_EQ(destination().limits().max_bytes, 10u << 20);
}

TEST_F(KinesisDestinationTest, ALargeEventIsSentForTheServiceToDecideWhereItMayNotBeAsked) {
    server_.then(error("AccessDeniedException"));
    server_.then(error("ValidationException"));
    batch_.add("a", {}, (1 << 20) + 10);
    EXPECT_EQ(deliver()[0].kind, Verdict::Kind::rejected);
    EXPECT_THAT(targets_called(), testing::ElementsAre("DescribeStreamSummary", "PutRecords"));
    EXPECT_EQ(destination().limits().max_message_bytes_safe, 1u << 20);
}

const ProbeStep& step(const ProbeReport& report, std::string_view name) {
    for (const auto& each : report.steps) {
        if (each.name == name) return each;
    }
    ADD_FAILURE() << "no step " << name;
    return report.steps.front();
}

std::string outcome(const ProbeReport& report, std::string_view name) {
    return std::string(to_string(step(report, name).outcome));
}

TEST_F(KinesisDestinationTest, TestOfAnActiveStreamDescribesIt) {
    server_.then(
        summary(R"("StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"OpenShardCount":4)"));
    auto report = probe();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(step(report, "target").detail, "building-events is ACTIVE, ON_DEMAND, 4 open shards");
    EXPECT_EQ(step(report, "credentials").detail, "access key AKIDEXAMPLE");
    EXPECT_EQ(outcome(report, "right to write"), "warning");
    EXPECT_THAT(targets_called(), testing::ElementsAre("DescribeStreamSummary"));
}

TEST_F(KinesisDestinationTest, TestWithoutTheRightToDescribeIsNoFailure) {
    server_.then(error("AccessDeniedException"));
    auto report = probe();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(outcome(report, "credentials"), "ok");
    EXPECT_EQ(outcome(report, "target"), "warning");
    EXPECT_EQ(step(report, "right to write").detail, "authenticated; right to write not verified");
}

TEST_F(KinesisDestinationTest, TestOfAMissingStreamHintsAtTheRegion) {
    server_.then(error("ResourceNotFoundException"));
    auto report = probe();
    EXPECT_EQ(outcome(report, "credentials"), "ok");
    EXPECT_EQ(outcome(report, "target"), "failed");
    EXPECT_THAT(step(report, "target").hint, HasSubstr("eu-west-1"));
    EXPECT_EQ(outcome(report, "right to write"), "skipped");
}

TEST_F(KinesisDestinationTest, TestWithWrongCredentialsSaysWhichWay) {
    struct Case {
        const char* code;
        const char* hint;
    };
    for (auto [code, hint] : {Case{"UnrecognizedClientException", "does not know this access key"},
                              Case{"InvalidSignatureException", "secret access key does not belong"},
                              Case{"ExpiredTokenException", "expired"}}) {
        server_.then(error(code));
        auto report = probe();
        EXPECT_EQ(outcome(report, "credentials"), "failed") << code;
        EXPECT_THAT(step(report, "credentials").hint, HasSubstr(hint));
        EXPECT_EQ(outcome(report, "target"), "skipped") << code;
    }
}

TEST_F(KinesisDestinationTest, TestOfAStreamBeingCreatedSaysSo) {
    server_.then(summary(R"("StreamStatus":"CREATING")"));
    auto report = probe();
    EXPECT_EQ(outcome(report, "target"), "failed");
    EXPECT_THAT(step(report, "target").detail, HasSubstr("CREATING"));
    EXPECT_EQ(outcome(report, "right to write"), "skipped");
}

TEST_F(KinesisDestinationTest, TestOfATemplateChecksTheCredentialsOnly) {
    config_.stream = TextTemplate::parse("{recType}").value();
    server_.then(Behaviour::respond(200, R"({"StreamNames":[],"HasMoreStreams":false})"));
    auto report = probe();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(outcome(report, "credentials"), "ok");
    EXPECT_EQ(outcome(report, "target"), "skipped");
    EXPECT_THAT(step(report, "target").detail, HasSubstr("{recType}"));
    EXPECT_THAT(targets_called(), testing::ElementsAre("ListStreams"));
}

TEST_F(KinesisDestinationTest, TestWarnsOfAClockThatIsOff) {
    server_.then(error("InvalidSignatureException", {{"Date", "Tue, 14 Nov 2023 22:23:20 GMT"}}));
    server_.then(summary(R"("StreamStatus":"ACTIVE")"));
    auto report = probe();
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(outcome(report, "credentials"), "warning");
    EXPECT_THAT(step(report, "credentials").detail, HasSubstr("off by 600 s"));
}

TEST_F(KinesisDestinationTest, TestShowsTheExternalIdOfARole) {
    config_.credentials.kind = auth::AwsRoleSettings{"arn:aws:iam::1:role/x", "sluice:acme", nullptr};
    server_.then(summary(R"("StreamStatus":"ACTIVE")"));
    EXPECT_THAT(step(probe(), "credentials").detail, HasSubstr("external id sluice:acme"));
}

}  // namespace
}  // namespace sluice::kinesis
