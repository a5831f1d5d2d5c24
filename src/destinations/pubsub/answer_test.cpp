#include "destinations/pubsub/answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace sluice::pubsub {
namespace {

using testing::HasSubstr;

constexpr auto kRetry = Verdict::Kind::retry;
constexpr auto kRejected = Verdict::Kind::rejected;
const Endpoint kEndpoint{true, "pubsub.googleapis.com", 443};

struct Row {
    Status status;
    const char* message;
    ErrorClass error_class;
    Verdict::Kind kind;
    bool ambiguous;  ///< when it may have been sent
    bool of_target;  ///< else of the whole destination
    bool stops;
    const char* hint;
};
constexpr Row kTable[] = {
    {Status::cancelled, "m", ErrorClass::transient, kRetry, true, false, true, "duplicate"},
    {Status::unknown, "m", ErrorClass::transient, kRetry, true, true, false, "duplicate"},
    {Status::invalid_argument, "m", ErrorClass::rejected, kRejected, false, true, false, "schema"},
    {Status::invalid_argument, "Request payload size exceeds the limit: 10485760 bytes.", ErrorClass::too_large,
     kRejected, false, true, false, "10 MB"},
    {Status::invalid_argument, "Invalid resource name given (name=projects/My.Company/topics/rooms).",
     ErrorClass::missing_target, kRetry, false, true, true, "ID at the top"},
    {Status::invalid_argument, "Invalid [topics] name: (name=projects/p/topics/1rooms)", ErrorClass::missing_target,
     kRetry, false, true, true, "ID at the top"},
    {Status::deadline_exceeded, "m", ErrorClass::transient, kRetry, true, false, true, "duplicate"},
    {Status::not_found, "m", ErrorClass::missing_target, kRetry, false, true, true, "pubsub.topics.create"},
    {Status::already_exists, "m", ErrorClass::transient, kRetry, false, true, false, "by itself"},
    {Status::permission_denied, "m", ErrorClass::credentials, kRetry, false, true, true, "roles/pubsub.publisher"},
    {Status::permission_denied, "Cloud Pub/Sub API has not been used in project 1 before or it is disabled.",
     ErrorClass::credentials, kRetry, false, false, true, "Enable the Cloud Pub/Sub API"},
    {Status::permission_denied, "This API method requires billing to be enabled.", ErrorClass::credentials, kRetry,
     false, false, true, "billing"},
    {Status::resource_exhausted, "m", ErrorClass::throttled, kRetry, false, true, true, "quota"},
    {Status::resource_exhausted, "Received message larger than max (5000000 vs. 4194304)", ErrorClass::too_large,
     kRejected, false, true, false, "10 MB"},
    {Status::failed_precondition, "m", ErrorClass::missing_target, kRetry, false, true, true, "CMEK"},
    {Status::aborted, "m", ErrorClass::transient, kRetry, false, true, false, "by itself"},
    {Status::out_of_range, "m", ErrorClass::transient, kRetry, false, true, false, "by itself"},
    {Status::unimplemented, "m", ErrorClass::transient, kRetry, false, false, true, "Is it Pub/Sub"},
    {Status::internal, "m", ErrorClass::transient, kRetry, true, true, false, "duplicate"},
    {Status::unavailable, "m", ErrorClass::transient, kRetry, true, false, true, "duplicate"},
    {Status::data_loss, "m", ErrorClass::transient, kRetry, true, true, false, "duplicate"},
    {Status::unauthenticated, "m", ErrorClass::credentials, kRetry, false, false, true, "clock"},
    {static_cast<Status>(77), "m", ErrorClass::transient, kRetry, true, true, false, "duplicate"},
};

Answer answer_of(Status status, std::string message, bool maybe_sent = true) {
    Answer answer;
    answer.status = status;
    answer.message = std::move(message);
    answer.maybe_sent = maybe_sent;
    return answer;
}

TEST(PubSubAnswer, EveryStatusHasItsMeaning) {
    for (const auto& row : kTable) {
        SCOPED_TRACE(std::string(name_of(row.status)) + ": " + row.message);
        auto verdict = verdict_of(answer_of(row.status, row.message), "rooms", kEndpoint);
        EXPECT_EQ(verdict.kind, row.kind);
        EXPECT_EQ(verdict.ambiguous, row.ambiguous);
        ASSERT_NE(verdict.failure, nullptr);
        EXPECT_EQ(to_string(verdict.failure->error_class), to_string(row.error_class));
        EXPECT_EQ(verdict.failure->code, name_of(row.status));
        EXPECT_EQ(verdict.failure->message, row.message);
        EXPECT_EQ(verdict.failure->target, row.of_target ? "rooms" : "");
        EXPECT_THAT(verdict.failure->hint, HasSubstr(row.hint));
        EXPECT_EQ(stops_others(answer_of(row.status, row.message)), row.stops);
    }
    EXPECT_EQ(verdict_of(answer_of(Status::ok, ""), "rooms", kEndpoint).kind, Verdict::Kind::accepted);
    EXPECT_FALSE(stops_others(answer_of(Status::ok, "")));
}

TEST(PubSubAnswer, WhatWasNeverSentIsToldAsAConnectionThatFailedAndIsNotAmbiguous) {
    struct Case {
        Status status;
        const char* message;
        const char* code;
    };
    const Case cases[] = {
        {Status::unavailable, "failed to connect to all addresses; last error: Connection refused",
         "connection_refused"},
        {Status::unavailable, "Ssl handshake failed: error:0A000086:SSL routines::certificate verify failed",
         "tls_untrusted"},
        {Status::unavailable, "Handshake read failed", "tls_failed"},
        {Status::unavailable, "Peer name rooms.example.com is not in peer certificate", "tls_failed"},
        {Status::unavailable, "Transport closed", "connection_failed"},
        {Status::deadline_exceeded, "Deadline Exceeded", "timeout"},
        {Status::cancelled, "CANCELLED", "cancelled"},
    };
    for (const auto& one : cases) {
        auto verdict = verdict_of(answer_of(one.status, one.message, false), "rooms", kEndpoint);
        EXPECT_EQ(verdict.kind, kRetry) << one.message;
        EXPECT_FALSE(verdict.ambiguous) << one.message;
        EXPECT_EQ(to_string(verdict.failure->error_class), "transient");
        EXPECT_EQ(verdict.failure->code, one.code) << one.message;
        EXPECT_EQ(verdict.failure->target, "");
        EXPECT_THAT(verdict.failure->message, HasSubstr("https://pubsub.googleapis.com"));
        EXPECT_NE(verdict.failure->hint, "");
    }
}

TEST(PubSubAnswer, WhatCouldNotBeBegunIsToldAsItIs) {
    Answer answer;
    auto reason = std::make_shared<const Failure>(
        Failure{ErrorClass::credentials, "no_credentials", "why", "", "what to do", std::nullopt});
    answer.not_begun = reason;
    auto verdict = verdict_of(answer, "rooms", kEndpoint);
    EXPECT_EQ(verdict.kind, kRetry);
    EXPECT_EQ(verdict.failure, reason);
    EXPECT_FALSE(answer.ok());
}

TEST(PubSubAnswer, ShowsOneLineOfBoundedLength) {
    auto failure =
        failure_of(answer_of(Status::internal, "first\tline\nsecond " + std::string(2000, 'x')), "t", kEndpoint);
    EXPECT_EQ(failure.message, "first line");
    failure = failure_of(answer_of(Status::internal, std::string(2000, 'x')), "t", kEndpoint);
    EXPECT_EQ(failure.message.size(), 600u);
}

TEST(PubSubAnswer, ShowsUtf8CutBetweenCharacters) {
    auto failure = failure_of(answer_of(Status::internal, std::string(599, 'x') + "\xC3\xA9"), "t", kEndpoint);
    EXPECT_EQ(failure.message, std::string(599, 'x'));
    failure = failure_of(answer_of(Status::internal, "caf\xE9"), "t", kEndpoint);
    EXPECT_EQ(failure.message, "caf\xEF\xBF\xBD");
}

/// google.rpc.Status with ErrorInfo{reason: SERVICE_DISABLED} and RetryInfo{retry_delay: 1.5 s}, written by protoc.
std::string details() {
    auto field = [](char number, const std::string& content) {
        return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(content.size()) + content;
    };
    const std::string delay = "\x08\x01\x10\x80\xca\xb5\xee\x01";  // seconds: 1, nanos: 500000000
    const auto info = field(1, "type.googleapis.com/google.rpc.ErrorInfo") + field(2, field(1, "SERVICE_DISABLED"));
    const auto retry = field(1, "type.googleapis.com/google.rpc.RetryInfo") + field(2, field(1, delay));
    return "\x08\x07" + field(2, "denied") + field(3, info) + field(3, retry);
}

TEST(PubSubAnswer, ReadsWhatTheServiceTellsBesideTheCode) {
    auto read = read_error_details(details());
    EXPECT_EQ(read.reason, "SERVICE_DISABLED");
    EXPECT_EQ(read.retry_after, std::chrono::milliseconds(1500));

    auto answer = answer_of(Status::permission_denied, "denied");
    answer.details = details();
    auto failure = failure_of(answer, "rooms", kEndpoint);
    EXPECT_EQ(failure.code, "PERMISSION_DENIED/SERVICE_DISABLED");
    EXPECT_THAT(failure.hint, HasSubstr("Enable the Cloud Pub/Sub API"));
    EXPECT_EQ(failure.target, "");
    EXPECT_EQ(failure.retry_after, std::chrono::milliseconds(1500));
}

TEST(PubSubAnswer, DetailsThatAreCutShortTellNothingWrong) {
    const auto whole = details();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto read = read_error_details(std::string_view(whole).substr(0, size));
        EXPECT_TRUE(read.reason.empty() || read.reason == "SERVICE_DISABLED");
        EXPECT_TRUE(!read.retry_after || *read.retry_after == std::chrono::milliseconds(1500));
    }
    EXPECT_EQ(read_error_details(std::string(100, '\xff')).reason, "");
}

}  // namespace
}  // namespace sluice::pubsub
