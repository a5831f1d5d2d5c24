#include "sandbox/aws/sqs_api.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <vector>

#include "sandbox/aws/aws_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqsApiTest : public AwsFixture {
  protected:
    static std::string url(std::string_view queue) {
        return fmt::format("https://sqs.eu-west-1.amazonaws.com/1/{}", queue);
    }
    static std::string entry(std::string_view id, std::string_view body, std::string_view group = "",
                             std::string_view dedup = "") {
        auto out = fmt::format(R"({{"Id":"{}","MessageBody":"{}")", id, body);
        if (!group.empty()) out += fmt::format(R"(,"MessageGroupId":"{}")", group);
        if (!dedup.empty()) out += fmt::format(R"(,"MessageDeduplicationId":"{}")", dedup);
        return out + "}";
    }
    Reply send_batch(std::string_view queue, std::vector<std::string> entries) {
        return sqs("SendMessageBatch",
                   fmt::format(R"({{"QueueUrl":"{}","Entries":[{}]}})", url(queue), fmt::join(entries, ",")));
    }
    Reply receive(std::string_view queue, std::string_view more = "") {
        return sqs("ReceiveMessage",
                   fmt::format(R"({{"QueueUrl":"{}","MaxNumberOfMessages":10{}}})", url(queue), more));
    }
    static std::vector<std::string> member_of(const Reply& reply, const char* list, const char* member) {
        std::vector<std::string> all;
        const auto* found = reply.json.as_object().if_contains(list);
        if (found == nullptr) return all;
        for (const auto& element : found->as_array()) all.emplace_back(element.at(member).as_string());
        return all;
    }
    static std::vector<std::string> bodies(const Reply& reply) { return member_of(reply, "Messages", "Body"); }
    void delete_all(std::string_view queue, const Reply& received) {
        for (const auto& handle : member_of(received, "Messages", "ReceiptHandle"))
            sqs("DeleteMessage", fmt::format(R"({{"QueueUrl":"{}","ReceiptHandle":"{}"}})", url(queue), handle));
    }
};

TEST_F(SqsApiTest, TakesABatchAndGivesItBackOnce) {
    auto sent = send_batch("q", {entry("a", "one"), entry("b", "two")});
    EXPECT_THAT(member_of(sent, "Successful", "Id"), ElementsAre("a", "b"));
    EXPECT_EQ(sent.json.at("Successful").at(0).at("MD5OfMessageBody").as_string(), "f97c5d29941bfb1b2fdab0874906ab82");
    auto received = receive("q");
    EXPECT_THAT(bodies(received), ElementsAre("one", "two"));
    EXPECT_THAT(bodies(receive("q")), IsEmpty()) << "in flight";
    clock_.advance(std::chrono::seconds(30));
    auto again = receive("q", R"(,"AttributeNames":["ApproximateReceiveCount"])");
    EXPECT_THAT(bodies(again), ElementsAre("one", "two"));
    EXPECT_EQ(again.json.at("Messages").at(0).at("Attributes").at("ApproximateReceiveCount").as_string(), "2");
    delete_all("q", again);
    clock_.advance(std::chrono::seconds(31));
    EXPECT_THAT(bodies(receive("q")), IsEmpty());
}

TEST_F(SqsApiTest, GivesBackAttributesWithTheirDigest) {
    auto sent = sqs("SendMessage", fmt::format(R"({{"QueueUrl":"{}","MessageBody":"x","MessageAttributes":
        {{"attribName1":{{"DataType":"String","StringValue":"attribValue 1"}}}}}})",
                                               url("q")));
    EXPECT_EQ(sent.json.at("MD5OfMessageAttributes").as_string(), "19e27d4e946b072f3f58da80d94fd778");
    auto received = receive("q", R"(,"MessageAttributeNames":["All"])");
    const auto& message = received.json.at("Messages").at(0);
    EXPECT_EQ(message.at("MessageAttributes").at("attribName1").at("StringValue").as_string(), "attribValue 1");
    EXPECT_EQ(message.at("MD5OfMessageAttributes").as_string(), "19e27d4e946b072f3f58da80d94fd778");
}

TEST_F(SqsApiTest, RefusesWholeBatchesByTheirRules) {
    auto error = [&](std::vector<std::string> entries) { return send_batch("q", std::move(entries)).error(); };
    EXPECT_EQ(error({}), "com.amazonaws.sqs#EmptyBatchRequest");
    EXPECT_EQ(error(std::vector<std::string>(11, entry("a", "x"))), "com.amazonaws.sqs#TooManyEntriesInBatchRequest");
    EXPECT_EQ(error({entry("a", "x"), entry("a", "y")}), "com.amazonaws.sqs#BatchEntryIdsNotDistinct");
    EXPECT_EQ(error({entry("a.b", "x")}), "com.amazonaws.sqs#InvalidBatchEntryId");
    EXPECT_EQ(error({entry("a", std::string(600'000, 'x')), entry("b", std::string(600'000, 'x'))}),
              "com.amazonaws.sqs#BatchRequestTooLong");
    EXPECT_EQ(send_batch("q.fifo", {entry("a", "x")}).error(), "com.amazonaws.sqs#MissingParameter");
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(SqsApiTest, FailsSingleEntriesAndTakesTheRest) {
    ASSERT_TRUE(faults_.set_json(R"([{"action":"throttle","record":2}])"));
    auto sent = send_batch("q", {entry("a", "x"), entry("b", "\\u0001"), entry("c", "y"), entry("d", "z")});
    // The fault counts among the entries that were well formed: the third of those is "d".
    EXPECT_THAT(member_of(sent, "Successful", "Id"), ElementsAre("a", "c"));
    EXPECT_THAT(member_of(sent, "Failed", "Id"), ElementsAre("b", "d"));
    EXPECT_THAT(member_of(sent, "Failed", "Code"), ElementsAre("InvalidMessageContents", "ThrottlingException"));
    EXPECT_TRUE(sent.json.at("Failed").at(0).at("SenderFault").as_bool());
    EXPECT_FALSE(sent.json.at("Failed").at(1).at("SenderFault").as_bool());
}

TEST_F(SqsApiTest, HoldsMessagesToTheirQueuesSize) {
    ASSERT_EQ(sqs("CreateQueue", R"({"QueueName":"small","Attributes":{"MaximumMessageSize":"1024"}})").status, 200);
    EXPECT_THAT(member_of(send_batch("small", {entry("a", std::string(1024, 'x'))}), "Successful", "Id"),
                ElementsAre("a"));
    EXPECT_THAT(member_of(send_batch("small", {entry("a", std::string(1025, 'x'))}), "Failed", "Code"),
                ElementsAre("InvalidParameterValue"));
}

TEST_F(SqsApiTest, DeduplicatesForFiveMinutes) {
    auto first = send_batch("q.fifo", {entry("a", "one", "g", "d1")});
    auto second = send_batch("q.fifo", {entry("a", "one", "g", "d1"), entry("b", "two", "g", "d2")});
    EXPECT_THAT(member_of(second, "Successful", "Id"), ElementsAre("a", "b"));
    EXPECT_EQ(second.json.at("Successful").at(0).at("SequenceNumber"),
              first.json.at("Successful").at(0).at("SequenceNumber"));
    EXPECT_GT(std::string(second.json.at("Successful").at(1).at("SequenceNumber").as_string()),
              std::string(second.json.at("Successful").at(0).at("SequenceNumber").as_string()));
    EXPECT_EQ(received_.total().items, 2u);
    clock_.advance(std::chrono::seconds(299));
    send_batch("q.fifo", {entry("a", "one", "g", "d1")});
    EXPECT_EQ(received_.total().items, 2u);
    clock_.advance(std::chrono::seconds(1));
    send_batch("q.fifo", {entry("a", "one", "g", "d1")});
    EXPECT_EQ(received_.total().items, 3u);
}

TEST_F(SqsApiTest, KeepsAGroupInOrderAndBehindItsOldestUndeletedMessage) {
    send_batch("q.fifo", {entry("a", "g1", "g", "1"), entry("b", "h1", "h", "2"), entry("c", "g2", "g", "3")});
    auto first = receive("q.fifo", R"(,"VisibilityTimeout":5)");
    EXPECT_THAT(bodies(first), ElementsAre("g1", "h1", "g2"));
    send_batch("q.fifo", {entry("a", "g3", "g", "4"), entry("b", "k1", "k", "5")});
    EXPECT_THAT(bodies(receive("q.fifo")), ElementsAre("k1")) << "g waits for g1 and g2";
    clock_.advance(std::chrono::seconds(5));
    EXPECT_THAT(bodies(receive("q.fifo")), ElementsAre("g1", "h1", "g2", "g3"));
}

TEST_F(SqsApiTest, AsksOfFifoMessagesWhatTheServiceAsks) {
    EXPECT_THAT(member_of(send_batch("q.fifo", {entry("a", "x", "g")}), "Failed", "Code"),
                ElementsAre("InvalidParameterValue"));
    ASSERT_EQ(
        sqs("CreateQueue",
            R"({"QueueName":"content.fifo","Attributes":{"FifoQueue":"true","ContentBasedDeduplication":"true"}})")
            .status,
        200);
    send_batch("content.fifo", {entry("a", "x", "g"), entry("b", "x", "g"), entry("c", "y", "g")});
    EXPECT_EQ(received_.total().items, 2u);
    EXPECT_EQ(sqs("CreateQueue", R"({"QueueName":"plain","Attributes":{"FifoQueue":"true"}})").error(),
              "com.amazonaws.sqs#InvalidParameterValue");
}

TEST_F(SqsApiTest, CreatesAQueueAgainOnlyWithTheSameAttributes) {
    EXPECT_EQ(sqs("CreateQueue", R"({"QueueName":"q","Attributes":{"VisibilityTimeout":"5"}})").status, 200);
    EXPECT_EQ(sqs("CreateQueue", R"({"QueueName":"q","Attributes":{"VisibilityTimeout":"5"}})").status, 200);
    EXPECT_EQ(sqs("CreateQueue", R"({"QueueName":"q","Attributes":{"VisibilityTimeout":"6"}})").error(),
              "com.amazonaws.sqs#QueueNameExists");
}

TEST_F(SqsApiTest, TellsAMissingQueueInBothProtocolsNames) {
    sqs("CreateQueue", R"({"QueueName":"q"})");
    sqs("DeleteQueue", fmt::format(R"({{"QueueUrl":"{}"}})", url("q")));
    auto request = signed_request("sqs", "AmazonSQS.SendMessage",
                                  fmt::format(R"({{"QueueUrl":"{}","MessageBody":"x"}})", url("q")));
    request.headers.add("x-amzn-query-mode", "true");
    auto outcome = send(std::move(request));
    EXPECT_EQ(outcome.response.status, 400);
    EXPECT_THAT(outcome.response.body, HasSubstr("com.amazonaws.sqs#QueueDoesNotExist"));
    EXPECT_EQ(outcome.response.headers.get("x-amzn-query-error"), "AWS.SimpleQueueService.NonExistentQueue;Sender");
}

TEST_F(SqsApiTest, AnswersWithUrlsThatLeadBackHere) {
    EXPECT_EQ(sqs("GetQueueUrl", R"({"QueueName":"q"})").json.at("QueueUrl").as_string(),
              "http://127.0.0.1:4566/000000000000/q");
    auto attributes =
        sqs("GetQueueAttributes", fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["All"]}})", url("q"))).json;
    EXPECT_EQ(attributes.at("Attributes").at("MaximumMessageSize").as_string(), "1048576");
    EXPECT_EQ(attributes.at("Attributes").at("QueueArn").as_string(), "arn:aws:sqs:eu-west-1:000000000000:q");
}

TEST_F(SqsApiTest, PurgesAQueue) {
    send_batch("q", {entry("a", "one")});
    EXPECT_EQ(sqs("PurgeQueue", fmt::format(R"({{"QueueUrl":"{}"}})", url("q"))).status, 200);
    EXPECT_THAT(bodies(receive("q")), IsEmpty());
}

}  // namespace
}  // namespace sluice::sandbox
