#include "destinations/sqs/probe.hpp"

#include <gtest/gtest.h>

namespace sluice::sqs {
namespace {

class SqsProbe : public testing::Test {
  protected:
    SqsProbe() {
        config_.queue = parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/events").value();
        config_.region = "eu-west-1";
    }
    ProbeFacts facts(std::chrono::milliseconds clock_offset = {}, std::size_t md5_mismatches = 0) const {
        return {config_, "access key", clock_offset, md5_mismatches};
    }
    ProbeReport refused(int status, std::string_view body) const {
        auth::AwsReply reply;
        reply.status = status;
        reply.error = auth::read_aws_error(status, reply.headers, body, {});
        ProbeReport report;
        add_refusal(report, reply, facts());
        return report;
    }
    static QueueFacts queue() { return {"arn:aws:sqs:eu-west-1:123456789012:events", 1 << 20}; }
    /// `credentials:ok target:failed right to write:skipped`
    static std::string outline(const ProbeReport& report) {
        std::string text;
        for (const auto& step : report.steps) {
            text += (text.empty() ? "" : " ") + step.name + ":" + std::string(to_string(step.outcome));
        }
        return text;
    }

    Config config_;
};

TEST_F(SqsProbe, AQueueThatAnswersIsFineAndTheRightToWriteStaysOpen) {
    ProbeReport report;
    add_queue(report, queue(), facts());
    EXPECT_EQ(outline(report), "credentials:ok target:ok right to write:warning");
    EXPECT_EQ(report.steps[1].detail, "events (standard), messages up to 1MiB");
    EXPECT_TRUE(report.ok());
}

TEST_F(SqsProbe, MissingRightToLookIsNoFailure) {
    auto report =
        refused(403, R"({"__type":"AccessDenied","message":"not authorized to perform: sqs:getqueueattributes"})");
    EXPECT_EQ(outline(report), "credentials:ok target:warning right to write:warning");
    EXPECT_EQ(report.steps[2].detail, "authenticated; right to write not verified");
    EXPECT_TRUE(report.ok());
}

TEST_F(SqsProbe, RefusedKeysFailTheCredentials) {
    auto report =
        refused(403, R"({"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"invalid"})");
    EXPECT_EQ(outline(report), "credentials:failed target:skipped right to write:skipped");
    EXPECT_NE(report.steps[0].hint, "");
}

TEST_F(SqsProbe, AMissingQueueFailsTheTargetAndPointsAtRegionAndAccount) {
    auto report = refused(
        400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."})");
    EXPECT_EQ(outline(report), "credentials:ok target:failed right to write:skipped");
    EXPECT_NE(report.steps[1].hint.find("region, account and name"), std::string::npos);
    EXPECT_FALSE(report.ok());
}

TEST_F(SqsProbe, AFaultOfTheServiceSaysNothingOfTheCredentials) {
    auto report = refused(503, "");
    EXPECT_EQ(outline(report), "credentials:warning target:failed right to write:skipped");
    EXPECT_NE(report.steps[1].hint, "");
}

TEST_F(SqsProbe, TellsAQueueOfAnotherRegionOrAccount) {
    ProbeReport region, account;
    auto other = queue();
    other.arn = "arn:aws:sqs:us-east-1:123456789012:events";
    add_queue(region, other, facts());
    EXPECT_NE(region.steps[1].detail.find("is in us-east-1, and requests are signed for eu-west-1"), std::string::npos);
    other.arn = "arn:aws:sqs:eu-west-1:999999999999:events";
    add_queue(account, other, facts());
    EXPECT_NE(account.steps[1].detail.find("belongs to account 999999999999"), std::string::npos);
}

TEST_F(SqsProbe, WarnsOfAWrongClockAndOfWrongChecksums) {
    ProbeReport report;
    add_queue(report, queue(), facts(std::chrono::minutes(10), 3));
    EXPECT_EQ(outline(report), "credentials:warning target:warning right to write:warning");
    EXPECT_NE(report.steps[0].detail.find("off by 600 s"), std::string::npos);
    EXPECT_NE(report.steps[1].detail.find("3 messages"), std::string::npos);
}

TEST_F(SqsProbe, ShowsTheExternalIdThatTheRolesPolicyMustName) {
    config_.credentials.kind = auth::AwsRoleSettings{"arn:aws:iam::123456789012:role/sluice", "external-7", nullptr};
    ProbeReport report;
    add_queue(report, queue(), facts());
    EXPECT_NE(report.steps[0].detail.find("external id external-7"), std::string::npos);
}

TEST_F(SqsProbe, AnAnswerThatIsNoneFailsTheTarget) {
    ProbeReport report;
    add_queue(report, std::nullopt, facts());
    EXPECT_EQ(outline(report), "credentials:ok target:failed right to write:skipped");
}

TEST_F(SqsProbe, WithoutAnAnswerTheCredentialsAreWhatFailed) {
    auth::AwsCallError error;
    error.no_credentials = true;
    error.error = make_error(Errc::unauthenticated, "there is no profile \"prod\"");
    ProbeReport report;
    add_unanswered(report, error);
    EXPECT_EQ(outline(report), "credentials:failed target:skipped right to write:skipped");
    EXPECT_NE(report.steps[0].hint, "");
}

TEST_F(SqsProbe, WarnsOfADeduplicationIdThatSeveralEventsHave) {
    for (const char* good : {"{id}:{sequence}", "{id}-{obj.updateDate}"}) {
        config_.deduplication_id = TextTemplate::parse(good).value();
        ProbeReport report;
        add_deduplication(report, config_);
        EXPECT_TRUE(report.steps.empty()) << good;
    }
    config_.deduplication_id = TextTemplate::parse("{id}").value();
    ProbeReport report;
    add_deduplication(report, config_);
    EXPECT_EQ(outline(report), "deduplication:warning");
    EXPECT_NE(report.steps[0].hint.find("{sequence}"), std::string::npos);
}

}  // namespace
}  // namespace sluice::sqs
