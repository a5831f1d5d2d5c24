#include "destinations/sqs/response.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "destination/test_batch.hpp"
#include "destinations/sqs/message_attributes.hpp"

namespace sluice::sqs {
namespace {

using Kind = EntryAnswer::Kind;

std::vector<Kind> kinds(const std::vector<EntryAnswer>& answers) {
    std::vector<Kind> all;
    for (const auto& answer : answers) all.push_back(answer.kind);
    return all;
}

std::vector<Verdict> settled(std::string_view body, std::size_t count) {
    SendBatch batch;
    for (std::uint32_t i = 0; i < count; ++i) batch.sent.push_back(i);
    std::vector<Verdict> verdicts(count);
    settle_answers(read_send_batch_answer(body, count).value(), batch, "events", verdicts);
    return verdicts;
}

auth::AwsReply refusal(int status, std::string_view body) {
    auth::AwsReply reply;
    reply.status = status;
    reply.error = auth::read_aws_error(status, reply.headers, body, {});
    return reply;
}

TEST(SqsAnswer, IsMatchedByIdWhateverItsOrder) {
    auto answers = read_send_batch_answer(R"({
        "Failed": [{"Id": "1", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "no"}],
        "Successful": [{"Id": "2", "MessageId": "m2", "MD5OfMessageBody": "aa"},
                       {"Id": "0", "MessageId": "m0", "MD5OfMessageBody": "bb", "MD5OfMessageAttributes": "cc",
                        "SequenceNumber": "1"}]})",
                                          3)
                       .value();
    EXPECT_EQ(kinds(answers), (std::vector{Kind::stored, Kind::failed, Kind::stored}));
    EXPECT_EQ(answers[0].md5_of_body, "bb");
    EXPECT_EQ(answers[0].md5_of_attributes, "cc");
    EXPECT_EQ(answers[1].code, "InvalidMessageContents");
    EXPECT_TRUE(answers[1].sender_fault);
    EXPECT_EQ(answers[2].md5_of_body, "aa");
}

TEST(SqsAnswer, OneListMayBeAbsentOrNull) {
    EXPECT_EQ(kinds(*read_send_batch_answer(R"({"Successful":[{"Id":"0"}]})", 1)), std::vector{Kind::stored});
    EXPECT_EQ(kinds(*read_send_batch_answer(R"({"Failed":[{"Id":"0"}],"Successful":null})", 1)),
              std::vector{Kind::failed});
}

TEST(SqsAnswer, AMessageNobodySpokeOfIsMissing) {
    EXPECT_EQ(kinds(*read_send_batch_answer(R"({"Successful":[]})", 2)), (std::vector{Kind::missing, Kind::missing}));
    for (auto id : {R"("2")", R"("x")", R"("")", R"("-1")", "1", "null", R"("1 ")"}) {
        std::string body = std::string(R"({"Successful":[{"Id":)") + id + "}]}";
        EXPECT_EQ(kinds(*read_send_batch_answer(body, 2)), (std::vector{Kind::missing, Kind::missing})) << id;
    }
}

TEST(SqsAnswer, AMessageBothStoredAndFailedIsMissing) {
    EXPECT_EQ(kinds(*read_send_batch_answer(
                  R"({"Successful":[{"Id":"0"}],"Failed":[{"Id":"0","Code":"InternalError"}]})", 1)),
              std::vector{Kind::missing});
}

TEST(SqsAnswer, WhatIsNoAnswerIsRefused) {
    for (auto body : {"", "null", "[]", "{}", "<html>", R"({"message":"ok"})", R"({"Successful":{}})",
                      R"({"Successful":["0"]})", R"({"Successful":[)"}) {
        EXPECT_FALSE(read_send_batch_answer(body, 1)) << body;
    }
}

TEST(SqsVerdict, OfEachMessageIsItsOwn) {
    auto verdicts = settled(R"({
        "Successful": [{"Id": "0"}],
        "Failed": [{"Id": "1", "SenderFault": false, "Code": "InternalError", "Message": "try again"},
                   {"Id": "2", "SenderFault": true, "Code": "RequestThrottled", "Message": "slow down"},
                   {"Id": "3", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "bad"}]})",
                            5);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);

    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdicts[1].ambiguous);
    EXPECT_EQ(verdicts[1].failure->code, "InternalError");
    EXPECT_EQ(verdicts[1].failure->message, "try again");

    EXPECT_EQ(verdicts[2].kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdicts[2].ambiguous);
    EXPECT_EQ(to_string(verdicts[2].failure->error_class), "throttled");

    EXPECT_EQ(verdicts[3].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[3].failure->target, "events");

    EXPECT_EQ(verdicts[4].kind, Verdict::Kind::retry) << "nothing was said of it";
    EXPECT_TRUE(verdicts[4].ambiguous);
}

TEST(SqsVerdict, MessagesRejectedOneByOneShareNoFailure) {
    auto verdicts = settled(R"({"Failed": [{"Id":"0","SenderFault":true,"Code":"InvalidMessageContents"},
                                           {"Id":"1","SenderFault":true,"Code":"InvalidMessageContents"}]})",
                            2);
    EXPECT_NE(verdicts[0].failure, verdicts[1].failure) << "the lane would take them for refused together";
    EXPECT_NE(verdicts[0].failure->message, "");
}

TEST(SqsVerdict, ARefusedRequestIsOneFailureForAll) {
    auto verdict = verdict_of_refusal(
        refusal(400, R"({"__type":"com.amazonaws.sqs#BatchRequestTooLong","message":"The length is too long."})"),
        "events");
    EXPECT_EQ(verdict.kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdict.failure->code, "BatchRequestTooLong");
    SendBatch batch;
    batch.sent = {0, 2};
    std::vector<Verdict> verdicts(3, Verdict::accepted());
    settle_all(verdict, batch, verdicts);
    EXPECT_EQ(verdicts[0].failure, verdicts[2].failure);
    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::accepted) << "it was not in the request";
}

TEST(SqsVerdict, BothSpellingsOfAnErrorAreOne) {
    for (
        auto body :
        {R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."})",
         R"({"__type":"AWS.SimpleQueueService.NonExistentQueue","message":"gone"})",
         R"(<ErrorResponse><Error><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>gone</Message></Error></ErrorResponse>)"}) {
        auto verdict = verdict_of_refusal(refusal(400, body), "events");
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry) << body;
        EXPECT_EQ(verdict.failure->code, "QueueDoesNotExist") << body;
        EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target") << body;
        EXPECT_EQ(verdict.failure->target, "events");
        EXPECT_NE(verdict.failure->hint.find("account"), std::string::npos);
    }
}

TEST(SqsVerdict, TheQueryErrorHeaderNamesWhatTheBodyDoesNot) {
    auto reply = refusal(400, "");
    reply.headers.add("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
    EXPECT_EQ(verdict_of_refusal(reply, "events").failure->code, "QueueDoesNotExist");
}

TEST(SqsVerdict, AServiceFaultIsAmbiguousAndHasWords) {
    auto verdict = verdict_of_refusal(refusal(503, ""), "events");
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdict.ambiguous);
    EXPECT_EQ(verdict.failure->message, "SQS answered with status 503");
}

TEST(SqsVerdict, WithoutCredentialsNothingWasSent) {
    auth::AwsCallError error;
    error.no_credentials = true;
    error.transport.maybe_sent = true;  // says nothing then
    error.error = make_error(Errc::unauthenticated, "no profile \"prod\"", "name one that exists");
    auto verdict = verdict_of_error(error, {});
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdict.ambiguous);
    EXPECT_EQ(to_string(verdict.failure->error_class), "credentials");
    EXPECT_EQ(verdict.failure->hint, "name one that exists");
    error.error.code = Errc::unavailable;
    EXPECT_EQ(to_string(verdict_of_error(error, {}).failure->error_class), "transient");
}

TEST(SqsVerdict, ALostConnectionIsAmbiguousExactlyWhenTheRequestMayHaveArrived) {
    auth::AwsCallError error;
    error.transport.code = "connection_reset";
    EXPECT_FALSE(verdict_of_error(error, {}).ambiguous);
    error.transport.maybe_sent = true;
    EXPECT_TRUE(verdict_of_error(error, {}).ambiguous);
}

TEST(SqsVerdict, LongWordsAreCutBetweenCharacters) {
    std::string words(499, 'x');
    words += "\u00e9\u00e9";
    auto verdicts = settled(R"({"Failed":[{"Id":"0","Code":"InternalError","Message":")" + words + "\"}]}", 1);
    EXPECT_EQ(verdicts[0].failure->message, std::string(499, 'x'));
}

class SqsMd5Check : public testing::Test {
  protected:
    SqsMd5Check() {
        batch_.add("a").add("b");
        for (const auto& message : batch_.messages()) {
            auto digest = md5(message.body);
            answers_.push_back(
                {Kind::stored, hex_lower(as_view(digest)), MessageAttributes(message.event).md5_hex(), "", "", false});
        }
    }
    std::size_t mismatches() const { return count_md5_mismatches(answers_, batch_.messages()); }
    TestBatch batch_;
    std::vector<EntryAnswer> answers_;
};

TEST_F(SqsMd5Check, WhatArrivedAsItWasSentMatches) {
    EXPECT_EQ(mismatches(), 0u);
    for (char& c : answers_[0].md5_of_body) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_EQ(mismatches(), 0u) << "hex in either case";
}

TEST_F(SqsMd5Check, EachMessageCountsOnce) {
    answers_[0].md5_of_body = answers_[1].md5_of_body;
    answers_[0].md5_of_attributes = answers_[1].md5_of_attributes;
    EXPECT_EQ(mismatches(), 1u);
    answers_[1].md5_of_attributes = "00";
    EXPECT_EQ(mismatches(), 2u);
}

TEST_F(SqsMd5Check, WhatWasNotToldOrNotStoredIsNotCounted) {
    answers_[0].md5_of_body.clear();
    answers_[0].md5_of_attributes.clear();
    answers_[1] = {};
    EXPECT_EQ(mismatches(), 0u);
}

TEST(SqsQueueFacts, AreReadFromTheAttributes) {
    auto facts =
        read_queue_attributes(
            R"({"Attributes":{"QueueArn":"arn:aws:sqs:eu-west-1:123456789012:q","MaximumMessageSize":"262144"}})")
            .value();
    EXPECT_EQ(facts.arn, "arn:aws:sqs:eu-west-1:123456789012:q");
    EXPECT_EQ(facts.max_message_bytes, 262144u);
    EXPECT_EQ(read_queue_attributes(R"({"Attributes":{}})")->max_message_bytes, 0u);
    for (auto body : {"", "{}", "[]", R"({"Attributes":[]})"}) EXPECT_FALSE(read_queue_attributes(body)) << body;
}

}  // namespace
}  // namespace sluice::sqs
