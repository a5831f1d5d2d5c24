#include "destinations/sqs/error_table.hpp"

#include <gtest/gtest.h>

namespace sluice::sqs {
namespace {

struct Row {
    std::string_view code;
    int status;
    ErrorClass error_class;
    bool for_good = false;
    bool ambiguous = false;
};

constexpr auto kTransient = ErrorClass::transient;
constexpr auto kThrottled = ErrorClass::throttled;
constexpr auto kCredentials = ErrorClass::credentials;
constexpr auto kMissing = ErrorClass::missing_target;
constexpr auto kTooLarge = ErrorClass::too_large;
constexpr auto kRejected = ErrorClass::rejected;

class OfRequest : public testing::TestWithParam<Row> {};

TEST_P(OfRequest, HasItsMeaning) {
    auto row = GetParam();
    auto meaning = meaning_of(row.code, "", row.status, Told::of_request, false);
    EXPECT_EQ(to_string(meaning.error_class), to_string(row.error_class));
    EXPECT_EQ(meaning.for_good, row.for_good);
    EXPECT_EQ(meaning.ambiguous, row.ambiguous);
    if (row.error_class == kCredentials || row.error_class == kMissing || row.error_class == kTooLarge) {
        EXPECT_NE(meaning.hint, "");
    }
}

INSTANTIATE_TEST_SUITE_P(
    SqsErrorTable, OfRequest,
    testing::Values(
        Row{"QueueDoesNotExist", 400, kMissing}, Row{"AWS.SimpleQueueService.NonExistentQueue", 400, kMissing},
        Row{"NonExistentQueue", 400, kMissing}, Row{"QueueDeletedRecently", 400, kMissing},
        Row{"AWS.SimpleQueueService.QueueDeletedRecently", 400, kMissing}, Row{"InvalidAddress", 404, kMissing},
        Row{"ResourceNotFoundException", 400, kMissing},
        // Throttling is told by code, with whatever status.
        Row{"RequestThrottled", 403, kThrottled}, Row{"AWS.SimpleQueueService.RequestThrottled", 403, kThrottled},
        Row{"ThrottlingException", 400, kThrottled}, Row{"Throttling", 400, kThrottled},
        Row{"KmsThrottled", 400, kThrottled}, Row{"SlowDown", 503, kThrottled}, Row{"http_429", 429, kThrottled},
        Row{"AccessDenied", 403, kCredentials}, Row{"AccessDeniedException", 400, kCredentials},
        Row{"UnrecognizedClientException", 403, kCredentials}, Row{"InvalidClientTokenId", 403, kCredentials},
        Row{"SignatureDoesNotMatch", 403, kCredentials}, Row{"InvalidSignatureException", 403, kCredentials},
        Row{"ExpiredToken", 403, kCredentials}, Row{"MissingAuthenticationToken", 403, kCredentials},
        Row{"InvalidSecurity", 400, kCredentials}, Row{"KmsAccessDenied", 400, kCredentials},
        Row{"KmsDisabled", 400, kCredentials}, Row{"KmsInvalidState", 400, kCredentials},
        Row{"KmsNotFound", 400, kCredentials}, Row{"KmsOptInRequired", 403, kCredentials},
        Row{"BatchRequestTooLong", 400, kTooLarge, true},
        Row{"AWS.SimpleQueueService.BatchRequestTooLong", 400, kTooLarge, true}, Row{"http_413", 413, kTooLarge, true},
        Row{"InvalidMessageContents", 400, kRejected, true}, Row{"InvalidParameterValue", 400, kRejected, true},
        Row{"InvalidAttributeValue", 400, kRejected, true},
        // About the queue and what is written of it, whichever event it was: nothing is given up for it.
        Row{"UnsupportedOperation", 400, kMissing}, Row{"AWS.SimpleQueueService.UnsupportedOperation", 400, kMissing},
        Row{"InvalidAttributeName", 400, kMissing}, Row{"MissingParameter", 400, kMissing},
        // Our own fault, if it ever happens: no message pays for it.
        Row{"EmptyBatchRequest", 400, kTransient}, Row{"TooManyEntriesInBatchRequest", 400, kTransient},
        Row{"BatchEntryIdsNotDistinct", 400, kTransient}, Row{"InvalidBatchEntryId", 400, kTransient},
        // The service's own: stored or not, nobody knows.
        Row{"InternalError", 500, kTransient, false, true}, Row{"InternalFailure", 500, kTransient, false, true},
        Row{"ServiceUnavailable", 503, kTransient, false, true}, Row{"http_502", 502, kTransient, false, true},
        Row{"http_504", 504, kTransient, false, true},
        // What nobody has heard of blames nobody.
        Row{"SomethingNew", 400, kTransient}, Row{"http_400", 400, kTransient}));

TEST(SqsErrorTable, AnEntrysUnknownErrorIsForGoodExactlyWhenTheSenderIsToBlame) {
    auto blamed = meaning_of("SomethingNew", "", 200, Told::of_entry, true);
    EXPECT_TRUE(blamed.for_good);
    EXPECT_EQ(to_string(blamed.error_class), "rejected");
    auto not_blamed = meaning_of("SomethingNew", "", 200, Told::of_entry, false);
    EXPECT_FALSE(not_blamed.for_good);
    EXPECT_EQ(to_string(not_blamed.error_class), "transient");
}

TEST(SqsErrorTable, AThrottledEntryIsRetriedWhateverTheBlame) {
    for (bool sender_fault : {false, true}) {
        for (auto code : {"RequestThrottled", "ThrottlingException", "AWS.SimpleQueueService.RequestThrottled"}) {
            auto meaning = meaning_of(code, "", 200, Told::of_entry, sender_fault);
            EXPECT_FALSE(meaning.for_good) << code;
            EXPECT_EQ(to_string(meaning.error_class), "throttled") << code;
        }
    }
}

TEST(SqsErrorTable, NoEntryIsGivenUpForTheQueuesKey) {
    const std::pair<std::string_view, std::string_view> kCases[] = {
        {"KMS.ThrottlingException", "throttled"},     {"KMS.AccessDeniedException", "credentials"},
        {"KMS.DisabledException", "credentials"},     {"KMS.InvalidKeyUsageException", "credentials"},
        {"KMS.InvalidStateException", "credentials"}, {"KMS.NotFoundException", "credentials"},
        {"KMS.OptInRequired", "credentials"},         {"KmsThrottled", "throttled"},
        {"KmsAccessDenied", "credentials"},           {"KMS.SomethingNewException", "credentials"},
        {"KmsSomethingNew", "credentials"},           {"NewThrottlingException", "throttled"},
    };
    for (const auto& [code, error_class] : kCases) {
        for (auto told : {Told::of_entry, Told::of_request}) {
            auto meaning = meaning_of(code, "", told == Told::of_entry ? 200 : 400, told, true);
            EXPECT_EQ(to_string(meaning.error_class), error_class) << code;
            EXPECT_FALSE(meaning.for_good) << code;
        }
    }
    EXPECT_EQ(today_s_code("KMS.AccessDeniedException"), "KmsAccessDenied");
}

TEST(SqsErrorTable, AnInvalidParameterThatIsAboutSizeIsTooLarge) {
    for (auto message : {"One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.",
                         "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."}) {
        auto meaning = meaning_of("InvalidParameterValue", message, 400, Told::of_entry, true);
        EXPECT_EQ(to_string(meaning.error_class), "too_large");
        EXPECT_TRUE(meaning.for_good);
    }
}

TEST(SqsErrorTable, AParameterThatDoesNotFitTheQueuesKindIsTheSettingsFault) {
    for (auto message : {"Value room-7 for parameter MessageGroupId is invalid. Reason: The request include parameter "
                         "that is not valid "
                         "for this queue type.",
                         "Value room-7 for parameter MessageGroupId is invalid. The request include parameter that is "
                         "not valid for this "
                         "queue type",
                         "The request must contain the parameter MessageGroupId."}) {
        for (auto told : {Told::of_request, Told::of_entry}) {
            auto meaning = meaning_of("InvalidParameterValue", message, 400, told, true);
            EXPECT_EQ(to_string(meaning.error_class), "missing_target") << message;
            EXPECT_FALSE(meaning.for_good) << message;
            EXPECT_NE(meaning.hint.find("queue_url"), std::string_view::npos) << message;
        }
    }
}

TEST(SqsErrorTable, WhatAnInvalidParameterQuotesOfTheEventDoesNotMakeItTheSettingsFault) {
    auto meaning =
        meaning_of("InvalidParameterValue",
                   "Value The request must contain the parameter, not valid for this queue type for parameter "
                   "MessageBody is invalid. Reason: Invalid characters.",
                   400, Told::of_entry, true);
    EXPECT_EQ(to_string(meaning.error_class), "rejected");
    EXPECT_TRUE(meaning.for_good);
}

TEST(SqsErrorTable, AnEntryIsNotGivenUpForTheQueuesKindThoughTheSenderIsToBlame) {
    for (auto code : {"UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "InvalidAttributeName"})
        EXPECT_FALSE(meaning_of(code, "", 200, Told::of_entry, true).for_good) << code;
}

TEST(SqsErrors, EachSaysWhatToDo) {
    for (const char* code : {"ThrottlingException", "RequestThrottled", "OverLimit", "InternalError", "InternalFailure",
                             "ServiceUnavailable", "InvalidAttributeValue", "EmptyBatchRequest", "NobodyKnows"})
        for (auto told : {Told::of_entry, Told::of_request})
            for (bool sender_fault : {false, true})
                EXPECT_NE(meaning_of(code, "words", 400, told, sender_fault).hint, "") << code;
    EXPECT_NE(meaning_of("", "", 500, Told::of_request, false).hint, "");
}

}  // namespace
}  // namespace sluice::sqs
