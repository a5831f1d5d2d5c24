#include "destinations/kinesis/response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::kinesis {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kStoredEntry = R"({"SequenceNumber":"4954","ShardId":"shardId-000000000000"})";
constexpr std::string_view kThrottledEntry =
    R"({"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard shardId-1"})";
constexpr std::string_view kFailed = R"({"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."})";

std::string answer(int failed, std::initializer_list<std::string_view> records) {
    std::string body = R"({"EncryptionType":"NONE","FailedRecordCount":)" + std::to_string(failed) + R"(,"Records":[)";
    for (auto record : records) body += std::string(body.back() == '[' ? "" : ",") + std::string(record);
    return body + "]}";
}

std::vector<Verdict> read(std::string_view body, std::size_t records) {
    PutRecordsResponse response;
    return response.read(body, records, "building-events", "eu-west-1");
}

void expect_distrusted(std::string_view body, std::size_t records) {
    SCOPED_TRACE(body);
    auto verdicts = read(body, records);
    ASSERT_EQ(verdicts.size(), records);
    for (const auto& verdict : verdicts) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_TRUE(verdict.ambiguous);
        ASSERT_NE(verdict.failure, nullptr);
        EXPECT_EQ(verdict.failure->code, "bad_answer");
        EXPECT_EQ(verdict.failure->error_class, ErrorClass::transient);
    }
}

TEST(KinesisResponse, OneVerdictPerRecordInOrder) {
    auto verdicts = read(answer(2, {kStoredEntry, kThrottledEntry, kStoredEntry, kFailed}), 4);
    ASSERT_EQ(verdicts.size(), 4u);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(verdicts[2].kind, Verdict::Kind::accepted);

    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdicts[1].ambiguous);
    EXPECT_EQ(verdicts[1].failure->error_class, ErrorClass::throttled);
    EXPECT_EQ(verdicts[1].failure->code, "ProvisionedThroughputExceededException");
    EXPECT_EQ(verdicts[1].failure->message, "Rate exceeded for shard shardId-1");
    EXPECT_EQ(verdicts[1].failure->target, "building-events");
    EXPECT_THAT(verdicts[1].failure->hint, HasSubstr("shards"));

    EXPECT_EQ(verdicts[3].kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdicts[3].ambiguous);
    EXPECT_EQ(verdicts[3].failure->error_class, ErrorClass::transient);
}

TEST(KinesisResponse, AnUnusuallyLargeAnswerIsReadLikeAnother) {
    PutRecordsResponse response;
    const std::string large = answer(0, {kStoredEntry}) + std::string(600 << 10, ' ');
    for (const auto& body : {answer(0, {kStoredEntry}), large, answer(0, {kStoredEntry})}) {
        auto verdicts = response.read(body, 1, "building-events", "eu-west-1");
        EXPECT_EQ(verdicts.at(0).kind, Verdict::Kind::accepted);
    }
}

TEST(KinesisResponse, RecordsRefusedForOneReasonShareIt) {
    auto verdicts = read(answer(2, {kThrottledEntry, kThrottledEntry}), 2);
    EXPECT_EQ(verdicts[0].failure, verdicts[1].failure);
}

TEST(KinesisResponse, TheWordsAboutARecordAreOneBoundedLine) {
    auto entry = R"({"ErrorCode":"X\u0007","ErrorMessage":"a\r\nb)" + std::string(5000, 'x') + "\"}";
    auto verdicts = read(answer(1, {entry}), 1);
    EXPECT_EQ(verdicts[0].failure->code, "X ");
    EXPECT_THAT(verdicts[0].failure->message, testing::StartsWith("a bx"));
    EXPECT_LE(verdicts[0].failure->message.size(), 500u);
}

TEST(KinesisResponse, NullErrorMembersMeanStored) {
    auto verdicts =
        read(answer(0, {R"({"SequenceNumber":"1","ShardId":"s","ErrorCode":null,"ErrorMessage":null})"}), 1);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);
}

TEST(KinesisResponse, CountOfFailuresMayBeAbsent) {
    auto body = R"({"Records":[)" + std::string(kStoredEntry) + "]}";
    EXPECT_EQ(read(body, 1)[0].kind, Verdict::Kind::accepted);
}

TEST(KinesisResponse, AnswersThatDoNotAddUpAreNotTrusted) {
    expect_distrusted("", 2);
    expect_distrusted("<html>", 2);
    expect_distrusted("[]", 1);
    expect_distrusted("{}", 1);
    expect_distrusted(R"({"Records":{}})", 1);
    expect_distrusted(answer(0, {kStoredEntry}), 2);
    expect_distrusted(answer(0, {kStoredEntry, kStoredEntry}), 1);
    expect_distrusted(answer(0, {}), 1);
    expect_distrusted(answer(1, {kStoredEntry}), 1);
    expect_distrusted(answer(0, {kThrottledEntry}), 1);
    expect_distrusted(answer(0, {"{}"}), 1);
    expect_distrusted(answer(0, {"7"}), 1);
    expect_distrusted(answer(0, {kStoredEntry}).substr(0, 60), 1);
}

struct Case {
    int status;
    std::string_view code;
    std::string_view message;
    ErrorClass error_class;
    Verdict::Kind kind;
    bool ambiguous;
    std::string_view hint_part;
};

constexpr auto kRetry = Verdict::Kind::retry;
constexpr auto kRejected = Verdict::Kind::rejected;

/// Every code of the API's reference and every common one, once.
const Case kCases[] = {
    {400, "ProvisionedThroughputExceededException", "m", ErrorClass::throttled, kRetry, false, "shards"},
    {400, "LimitExceededException", "m", ErrorClass::throttled, kRetry, false, "by itself"},
    {400, "ThrottlingException", "m", ErrorClass::throttled, kRetry, false, "by itself"},
    {400, "KMSThrottlingException", "m", ErrorClass::throttled, kRetry, false, "KMS"},
    {429, "http_429", "", ErrorClass::throttled, kRetry, false, "by itself"},
    {400, "ResourceNotFoundException", "m", ErrorClass::missing_target, kRetry, false, "eu-west-1"},
    {400, "ResourceInUseException", "m", ErrorClass::transient, kRetry, false, "ACTIVE"},
    {400, "KMSDisabledException", "m", ErrorClass::missing_target, kRetry, false, "KMS key"},
    {400, "KMSInvalidStateException", "m", ErrorClass::missing_target, kRetry, false, "KMS key"},
    {400, "KMSNotFoundException", "m", ErrorClass::missing_target, kRetry, false, "KMS key"},
    {400, "KMSOptInRequired", "m", ErrorClass::missing_target, kRetry, false, "KMS key"},
    {400, "KMSAccessDeniedException", "m", ErrorClass::credentials, kRetry, false, "kms:GenerateDataKey"},
    {400, "AccessDeniedException", "m", ErrorClass::credentials, kRetry, false, "kinesis:PutRecords"},
    {403, "AccessDenied", "m", ErrorClass::credentials, kRetry, false, "kinesis:PutRecords"},
    {403, "http_403", "", ErrorClass::credentials, kRetry, false, "kinesis:PutRecords"},
    {400, "UnrecognizedClientException", "m", ErrorClass::credentials, kRetry, false, "does not know this access key"},
    {403, "InvalidClientTokenId", "m", ErrorClass::credentials, kRetry, false, "does not know this access key"},
    {400, "InvalidSignatureException", "m", ErrorClass::credentials, kRetry, false, "clock"},
    {403, "SignatureDoesNotMatch", "m", ErrorClass::credentials, kRetry, false, "secret access key"},
    {400, "ExpiredTokenException", "m", ErrorClass::credentials, kRetry, false, "expired"},
    {400, "MissingAuthenticationTokenException", "m", ErrorClass::credentials, kRetry, false, ""},
    {403, "OptInRequired", "m", ErrorClass::credentials, kRetry, false, ""},
    {500, "InternalFailure", "m", ErrorClass::transient, kRetry, true, "by itself"},
    {500, "InternalFailureException", "m", ErrorClass::transient, kRetry, true, "by itself"},
    {500, "http_500", "", ErrorClass::transient, kRetry, true, "by itself"},
    {502, "http_502", "", ErrorClass::transient, kRetry, true, "by itself"},
    {503, "ServiceUnavailable", "m", ErrorClass::transient, kRetry, true, "by itself"},
    {504, "http_504", "", ErrorClass::transient, kRetry, true, "by itself"},
    {413, "http_413", "", ErrorClass::too_large, kRejected, false, "record size"},
    {413, "RequestEntityTooLarge", "m", ErrorClass::too_large, kRejected, false, "record size"},
    {400, "ValidationException",
     "1 validation error detected: Value at 'records.1.member.data' failed to satisfy constraint: Member must have "
     "length "
     "less than or equal to 1048576",
     ErrorClass::too_large, kRejected, false, "record size"},
    {400, "InvalidArgumentException", "Records size exceeds 5 MB limit", ErrorClass::too_large, kRejected, false,
     "record size"},
    {400, "ValidationException",
     "Value at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128",
     ErrorClass::missing_target, kRetry, false, "`stream`"},
    // About the stream, so about every record: nothing is given up for it.
    {400, "ValidationException",
     "1 validation error detected: Value 'my events' at 'streamName' failed to satisfy constraint: Member must satisfy "
     "regular expression pattern: [a-zA-Z0-9_.-]+",
     ErrorClass::missing_target, kRetry, false, "`stream`"},
    {400, "ValidationException",
     "1 validation error detected: Value 'arn:x' at 'streamARN' failed to satisfy constraint: Member must satisfy "
     "regular expression pattern: arn:aws.*:kinesis:.*",
     ErrorClass::missing_target, kRetry, false, "stream_arn"},
    {400, "InvalidArgumentException", "StreamARN arn:aws:kinesis:eu-west-1:1:stream/x is not valid in this region",
     ErrorClass::missing_target, kRetry, false, "stream_arn"},
    {400, "InvalidArgumentException", "Invalid StreamName", ErrorClass::missing_target, kRetry, false, "`stream`"},
    {400, "MissingParameter", "m", ErrorClass::missing_target, kRetry, false, "`stream`"},
    // A record may be to blame, be it beside the stream or in what it quotes: the lane finds out which.
    {400, "ValidationException",
     "2 validation errors detected: Value 'my events' at 'streamName' failed to satisfy constraint: Member must "
     "satisfy "
     "regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'records.3.member.partitionKey' failed to satisfy "
     "constraint: Member must have length greater than or equal to 1",
     ErrorClass::rejected, kRejected, false, "message"},
    {400, "ValidationException",
     "1 validation error detected: Value 'x' at 'streamName' y' at 'records.1.member.partitionKey' failed to satisfy "
     "constraint: Member must have length less than or equal to 256",
     ErrorClass::rejected, kRejected, false, "message"},
    {400, "InvalidArgumentException", "PartitionKey streamName is not valid", ErrorClass::rejected, kRejected, false,
     "message"},
    {400, "InvalidArgumentException", "Invalid ExplicitHashKey in stream StreamARN", ErrorClass::rejected, kRejected,
     false, "message"},
    {400, "InvalidArgumentException", "m", ErrorClass::rejected, kRejected, false, "message"},
    {400, "SerializationException", "m", ErrorClass::rejected, kRejected, false, "message"},
    {400, "ValidationError", "m", ErrorClass::rejected, kRejected, false, "message"},
    {400, "InvalidParameterValue", "m", ErrorClass::rejected, kRejected, false, "message"},
    // A proxy, a load balancer or another service, which answers in HTML.
    {302, "http_302", "", ErrorClass::transient, kRetry, false, "endpoint"},
    {400, "http_400", "", ErrorClass::transient, kRetry, false, "endpoint"},
    {404, "http_404", "", ErrorClass::transient, kRetry, false, "endpoint"},
    {405, "http_405", "", ErrorClass::transient, kRetry, false, "endpoint"},
    {407, "http_407", "", ErrorClass::transient, kRetry, false, "proxy"},
    {400, "UnknownOperationException", "m", ErrorClass::transient, kRetry, false, "endpoint"},
    {400, "SomethingNew", "m", ErrorClass::transient, kRetry, false, "endpoint"},
};

TEST(KinesisResponse, EveryErrorHasItsClass) {
    for (const auto& test : kCases) {
        SCOPED_TRACE(std::string(test.code) + " " + std::string(test.message));
        auth::AwsError error{test.status, std::string(test.code), std::string(test.message), "request-1"};
        auto verdict = verdict_of_error(error, "building-events", "eu-west-1");
        ASSERT_NE(verdict.failure, nullptr);
        EXPECT_EQ(to_string(verdict.failure->error_class), to_string(test.error_class));
        EXPECT_EQ(verdict.kind, test.kind);
        EXPECT_EQ(verdict.ambiguous, test.ambiguous);
        EXPECT_EQ(verdict.failure->code, test.code);
        EXPECT_THAT(verdict.failure->message, Not(IsEmpty()));
        EXPECT_THAT(verdict.failure->hint, HasSubstr(std::string(test.hint_part)));
        EXPECT_THAT(verdict.failure->hint, Not(IsEmpty()));
    }
}

TEST(KinesisResponse, ARecordIsNotGivenUpForACodeThatNobodyKnows) {
    auto verdicts = read(answer(1, {R"({"ErrorCode":"SomethingNew","ErrorMessage":"m"})"}), 1);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(verdicts[0].failure->error_class, ErrorClass::transient);
    EXPECT_EQ(verdicts[0].failure->code, "SomethingNew");
    EXPECT_EQ(verdicts[0].failure->message, "m");
}

TEST(KinesisResponse, WhatConcernsTheWholeDestinationNamesNoTarget) {
    auto target_of = [](int status, const char* code) {
        return verdict_of_error({status, code, "m", ""}, "s", "r").failure->target;
    };
    EXPECT_EQ(target_of(400, "UnrecognizedClientException"), "");
    EXPECT_EQ(target_of(500, "InternalFailure"), "");
    EXPECT_EQ(target_of(404, "http_404"), "");
    EXPECT_EQ(target_of(400, "ResourceNotFoundException"), "s");
    EXPECT_EQ(target_of(400, "AccessDeniedException"), "s");
    EXPECT_EQ(target_of(400, "KMSAccessDeniedException"), "s") << "a key is one stream's";
    EXPECT_EQ(target_of(400, "ResourceInUseException"), "s");
    EXPECT_EQ(target_of(400, "ProvisionedThroughputExceededException"), "s");
}

TEST(KinesisResponse, NoAnswerIsAmbiguousOnceSomethingWasSent) {
    Endpoint endpoint{true, "kinesis.eu-west-1.amazonaws.com", 443};
    auth::AwsCallError error;
    error.transport.code = "connection_refused";
    error.transport.error = make_error(Errc::unavailable, "connection refused");
    error.error = error.transport.error;
    auto refused = verdict_of_call_error(error, endpoint);
    EXPECT_EQ(refused.kind, Verdict::Kind::retry);
    EXPECT_FALSE(refused.ambiguous);
    EXPECT_EQ(refused.failure->code, "connection_refused");
    error.transport.maybe_sent = true;
    error.transport.code = "timeout";
    EXPECT_TRUE(verdict_of_call_error(error, endpoint).ambiguous);
}

TEST(KinesisResponse, MissingCredentialsAreToldAsSuchUnlessItPasses) {
    Endpoint endpoint;
    auth::AwsCallError error;
    error.no_credentials = true;
    error.error = make_error(Errc::unauthenticated, "there is no profile \"prod\"");
    auto none = verdict_of_call_error(error, endpoint);
    EXPECT_EQ(none.failure->error_class, ErrorClass::credentials);
    EXPECT_EQ(none.failure->code, "no_credentials");
    EXPECT_FALSE(none.ambiguous);
    error.error = make_error(Errc::unavailable, "cannot reach sts.eu-west-1.amazonaws.com");
    EXPECT_EQ(verdict_of_call_error(error, endpoint).failure->error_class, ErrorClass::transient);
}

TEST(KinesisResponse, ReadsWhatASummaryHas) {
    auto summary = read_stream_summary(
        R"({"StreamDescriptionSummary":{"StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"ON_DEMAND"},
            "OpenShardCount":4,"MaxRecordSizeInKiB":10240}})");
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->status, "ACTIVE");
    EXPECT_EQ(summary->mode, "ON_DEMAND");
    EXPECT_EQ(summary->open_shards, 4u);
    EXPECT_EQ(summary->max_record_kib, 10240u);
    auto old = read_stream_summary(R"({"StreamDescriptionSummary":{"StreamStatus":"CREATING"}})");
    ASSERT_TRUE(old);
    EXPECT_FALSE(old->max_record_kib);
    EXPECT_FALSE(read_stream_summary("{}"));
    EXPECT_FALSE(read_stream_summary("<html>"));
}

}  // namespace
}  // namespace sluice::kinesis
