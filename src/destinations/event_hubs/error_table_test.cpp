#include "destinations/event_hubs/error_table.hpp"

#include <gtest/gtest.h>

namespace sluice::event_hubs {
namespace {

struct Expected {
    rd_kafka_resp_err_t error;
    ErrorClass error_class;
    bool for_good;
    bool may_be_stored;
    bool of_target;
};

TEST(EventHubsErrors, EachKafkaErrorHasItsClass) {
    using enum ErrorClass;
    constexpr Expected kExpected[] = {
        {RD_KAFKA_RESP_ERR__TRANSPORT, transient, false, false, false},
        {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, transient, false, false, false},
        {RD_KAFKA_RESP_ERR__PURGE_QUEUE, transient, false, false, false},
        {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, transient, false, true, false},
        {RD_KAFKA_RESP_ERR__QUEUE_FULL, transient, false, false, false},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, credentials, false, false, false},
        {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, credentials, false, false, false},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, credentials, false, false, true},
        {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, credentials, false, false, true},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, missing_target, false, false, true},
        {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, missing_target, false, false, true},
        {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, throttled, false, false, false},
        {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, throttled, false, false, false},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, too_large, true, false, true},
        {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, too_large, true, false, true},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, rejected, true, false, true},
        // What every event meets alike, by the settings or the machine's clock: nothing is given up for it.
        {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, missing_target, false, false, true},
        {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, missing_target, false, false, true},
        {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, transient, false, false, true},
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, transient, false, false, true},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, transient, false, false, true},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, transient, false, true, true},
        {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, transient, false, true, true},
    };
    for (const auto& each : kExpected) {
        SCOPED_TRACE(rd_kafka_err2name(each.error));
        auto meaning = meaning_of(each.error);
        EXPECT_EQ(to_string(meaning.error_class), to_string(each.error_class));
        EXPECT_EQ(meaning.for_good, each.for_good);
        EXPECT_EQ(meaning.may_be_stored, each.may_be_stored);
        EXPECT_EQ(meaning.of_target, each.of_target);
        EXPECT_FALSE(meaning.hint.empty());
    }
}

TEST(EventHubsErrors, WhatNobodyKnowsIsTriedAgainAndMayBeStored) {
    for (int code : {-77, 250}) {
        auto meaning = meaning_of(static_cast<rd_kafka_resp_err_t>(code));
        EXPECT_EQ(meaning.error_class, ErrorClass::transient);
        EXPECT_FALSE(meaning.for_good);
        EXPECT_TRUE(meaning.may_be_stored);
    }
}

TEST(EventHubsErrors, WhatTheTierDoesNotTakeIsToldByTheSetting) {
    for (auto error :
         {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT}) {
        auto failure = failure_of(error, "rooms");
        EXPECT_NE(failure.hint.find("compression: none"), std::string::npos) << failure.hint;
        EXPECT_EQ(failure.target, "rooms");
    }
}

TEST(EventHubsErrors, EachStatusHasItsClass) {
    using enum ErrorClass;
    struct Row {
        int status;
        std::string_view code;
        ErrorClass error_class;
        bool for_good;
        bool may_be_stored;
    };
    constexpr Row kRows[] = {
        {400, "", rejected, true, false},        {401, "", credentials, false, false},
        {403, "", credentials, false, false},    {403, "QuotaExceeded", throttled, false, false},
        {404, "", missing_target, false, false}, {410, "", missing_target, false, false},
        {413, "", too_large, true, false},       {429, "", throttled, false, false},
        {503, "", throttled, false, false},      {500, "", transient, false, true},
        {504, "", transient, false, true},       {408, "", transient, false, true},
        {409, "", transient, false, false},      {200, "", transient, false, true},
        {302, "", transient, false, true},
    };
    for (const auto& row : kRows) {
        SCOPED_TRACE(row.status);
        auto meaning = meaning_of_status(row.status, row.code, Answerer::service);
        EXPECT_EQ(to_string(meaning.error_class), to_string(row.error_class));
        EXPECT_EQ(meaning.for_good, row.for_good);
        EXPECT_EQ(meaning.may_be_stored, row.may_be_stored);
    }
}

TEST(EventHubsErrors, NoEventIsGivenUpForWhatAnotherThanTheServiceSays) {
    for (int status : {400, 413}) {
        auto meaning = meaning_of_status(status, "", Answerer::unknown);
        EXPECT_EQ(to_string(meaning.error_class), "transient") << status;
        EXPECT_FALSE(meaning.for_good || meaning.may_be_stored) << status;
        EXPECT_NE(meaning.hint.find("endpoint"), std::string_view::npos) << status;
    }
}

TEST(EventHubsErrors, ARightThatIsMissingIsMissingAtOneHub) {
    EXPECT_FALSE(meaning_of_status(401, "", Answerer::service).of_target);
    auto meaning = meaning_of_status(401, "", Answerer::service, true);
    EXPECT_TRUE(meaning.of_target);
    EXPECT_EQ(to_string(meaning.error_class), "credentials");
    EXPECT_NE(meaning.hint.find("Send right"), std::string_view::npos);
}

TEST(EventHubsErrors, AFailureOfTheNamespaceNamesNoHub) {
    EXPECT_EQ(failure_of(RD_KAFKA_RESP_ERR__AUTHENTICATION, "room").target, "");
    EXPECT_EQ(failure_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "room").target, "room");
    EXPECT_EQ(failure_of(RD_KAFKA_RESP_ERR__AUTHENTICATION, "room").code, "AUTHENTICATION");
    EXPECT_EQ(failure_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "room").code, "UNKNOWN_TOPIC_OR_PART");
}

}  // namespace
}  // namespace sluice::event_hubs
