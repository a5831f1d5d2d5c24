#include "destinations/sqs/request.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/encoding.hpp"
#include "destination/test_batch.hpp"
#include "destinations/sqs/message_attributes.hpp"

namespace sluice::sqs {
namespace {

class SqsRequest : public testing::Test {
  protected:
    void given_fifo() {
        config_.queue = parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo").value();
    }
    static TextTemplate text_template(std::string_view text) { return TextTemplate::parse(text).value(); }
    /// The entries of the request for batch_.
    boost::json::array entries() {
        built_ = build_send_batch(config_, batch_.messages());
        return boost::json::parse(built_.body).as_object().at("Entries").as_array();
    }
    static std::string text(const boost::json::value& entry, std::string_view name) {
        const auto* value = entry.as_object().if_contains(name);
        return value ? std::string(value->as_string()) : "(none)";
    }
    /// `batch_`, with this as the body of its message.
    std::vector<Message> with_body(std::string_view body) {
        batch_.add("a");
        std::vector<Message> messages(batch_.messages().begin(), batch_.messages().end());
        messages.back().body = body;
        return messages;
    }

    Config config_ = [] {
        Config config;
        config.queue = parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/events").value();
        return config;
    }();
    TestBatch batch_;
    SendBatch built_;
};

TEST_F(SqsRequest, SendsEachBodyAsItStandsUnderItsIndexInOrder) {
    batch_.add("b").add("a").add("b");
    auto sent = entries();
    ASSERT_EQ(sent.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(text(sent[i], "Id"), std::to_string(i));
        EXPECT_EQ(text(sent[i], "MessageBody"), batch_.bodies()[i]);
    }
    EXPECT_EQ(built_.sent, (std::vector<std::uint32_t>{0, 1, 2}));
    auto whole = boost::json::parse(built_.body).as_object();
    EXPECT_EQ(whole.at("QueueUrl").as_string(), "https://sqs.eu-west-1.amazonaws.com/123456789012/events");
    EXPECT_EQ(whole.size(), 2u);
}

TEST_F(SqsRequest, BodiesSurviveTheSecondEscaping) {
    constexpr std::string_view kBody =
        "{\"s\":\"\\u0001 \\\"quoted\\\" \\\\ /\",\"n\":1E400,\"\u00e9\":\"\U0001f600\x7f\"}";
    auto messages = with_body(kBody);
    auto built = build_send_batch(config_, messages);
    auto sent = boost::json::parse(built.body).as_object().at("Entries").as_array();
    EXPECT_EQ(text(sent[0], "MessageBody"), kBody);
}

TEST_F(SqsRequest, AttributesAreStrings) {
    batch_.add("a");
    auto attributes = entries()[0].as_object().at("MessageAttributes").as_object();
    EXPECT_EQ(attributes.size(), 7u);
    for (const auto& [name, value] : attributes) EXPECT_EQ(text(value, "DataType"), "String") << name;
    EXPECT_EQ(text(attributes.at("sluice-sequence"), "StringValue"), "1");
    EXPECT_EQ(text(attributes.at("recType"), "StringValue"), "io.acme.room");
}

TEST_F(SqsRequest, AStandardQueueGetsNeitherGroupNorDeduplicationId) {
    batch_.add("a");
    auto sent = entries();
    EXPECT_EQ(text(sent[0], "MessageGroupId"), "(none)");
    EXPECT_EQ(text(sent[0], "MessageDeduplicationId"), "(none)");
}

TEST_F(SqsRequest, AStandardQueueGetsAGroupWhenAskedFor) {
    config_.message_group_id = text_template("{org}");
    batch_.add("a");
    EXPECT_EQ(text(entries()[0], "MessageGroupId"), "com.acme");
}

TEST_F(SqsRequest, OnFifoTheKeyIsTheGroupAndTheEventIsItsOwnDuplicate) {
    given_fifo();
    batch_.add("a", "device-7").add("b");
    auto sent = entries();
    EXPECT_EQ(text(sent[0], "MessageGroupId"), "device-7");
    EXPECT_EQ(text(sent[0], "MessageDeduplicationId"), "a:1");
    EXPECT_EQ(text(sent[1], "MessageGroupId"), "b");
    EXPECT_EQ(text(sent[1], "MessageDeduplicationId"), "b:2");
    EXPECT_EQ(entries(), sent) << "a repeated request tells duplicates by the same ids";
}

TEST_F(SqsRequest, OnFifoWithoutKeysEachObjectIsAGroup) {
    given_fifo();
    batch_.add("a");
    std::vector<Message> messages(batch_.messages().begin(), batch_.messages().end());
    messages[0].key = {};
    auto built = build_send_batch(config_, messages);
    EXPECT_EQ(text(boost::json::parse(built.body).as_object().at("Entries").as_array()[0], "MessageGroupId"), "a");
}

TEST_F(SqsRequest, TemplatesNameGroupAndDeduplicationId) {
    given_fifo();
    config_.message_group_id = text_template("{recType}");
    config_.deduplication_id = text_template("{id}/{event_type}");
    batch_.add("a", "key");
    auto sent = entries();
    EXPECT_EQ(text(sent[0], "MessageGroupId"), "io.acme.room");
    EXPECT_EQ(text(sent[0], "MessageDeduplicationId"), "a/create");
}

TEST_F(SqsRequest, OnFifoAReplayIsNoDuplicateOfTheFirstDelivery) {
    given_fifo();
    batch_.add("a");
    std::vector<Message> messages(batch_.messages().begin(), batch_.messages().end());
    messages[0].replay = "replay-1700000000000";
    auto id = [&] {
        auto built = build_send_batch(config_, messages);
        return text(boost::json::parse(built.body).as_object().at("Entries").as_array()[0], "MessageDeduplicationId");
    };
    EXPECT_EQ(id(), "a:1:replay-1700000000000");
    config_.deduplication_id = text_template("{id}/{event_type}");
    EXPECT_EQ(id(), "a/create:replay-1700000000000") << "also where the id is the owner's own";
}

TEST_F(SqsRequest, IdsThatSqsCannotCarryBecomeTheirHash) {
    std::string scratch;
    EXPECT_EQ(carriable_id("!~azAZ09", scratch), "!~azAZ09");
    EXPECT_EQ(carriable_id(std::string(128, 'a'), scratch), std::string(128, 'a'));
    for (std::string text :
         {std::string(129, 'a'), std::string("a b"), std::string("caf\u00e9"), std::string("\x7f"), std::string()}) {
        auto digest = sha256(text);
        EXPECT_EQ(carriable_id(text, scratch), hex_lower(as_view(digest))) << text;
    }
    given_fifo();
    batch_.add("a", "Room 7");
    EXPECT_EQ(text(entries()[0], "MessageGroupId").size(), 64u);
}

TEST_F(SqsRequest, WhatSqsCanNeverTakeIsLeftOutWithItsReason) {
    auto messages = with_body("{\"s\":\"\uffff\"}");
    batch_.add("b");
    messages.push_back(batch_.messages()[1]);
    auto built = build_send_batch(config_, messages);
    EXPECT_EQ(built.sent, std::vector<std::uint32_t>{1});
    ASSERT_EQ(built.unsendable.size(), 1u);
    EXPECT_EQ(built.unsendable[0].first, 0u);
    EXPECT_EQ(built.unsendable[0].second->code, "invalid_characters");
    EXPECT_EQ(to_string(built.unsendable[0].second->error_class), "rejected");
    auto sent = boost::json::parse(built.body).as_object().at("Entries").as_array();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(text(sent[0], "Id"), "1");
}

TEST_F(SqsRequest, ATemplateWithoutAValueLeavesNothingOfItsEntryBehind) {
    given_fifo();
    config_.deduplication_id = text_template("{obj.nothing}");
    batch_.add("a").add("b");
    EXPECT_TRUE(entries().empty());
    ASSERT_EQ(built_.unsendable.size(), 2u);
    EXPECT_EQ(built_.unsendable[0].second->code, "no_deduplication_id");
    config_.deduplication_id = std::nullopt;
    config_.message_group_id = text_template("{obj.nothing}");
    EXPECT_TRUE(entries().empty());
    EXPECT_EQ(built_.unsendable[0].second->code, "no_message_group_id");
}

TEST_F(SqsRequest, AnEmptyBodyIsNotSent) {
    auto built = build_send_batch(config_, with_body(""));
    EXPECT_TRUE(built.sent.empty());
    EXPECT_EQ(built.unsendable.at(0).second->code, "empty_body");
}

TEST_F(SqsRequest, BytesAreCountedAsSqsDoes) {
    batch_.add("a");
    const Message& message = batch_.messages()[0];
    EXPECT_EQ(message_bytes(message), message.body.size() + MessageAttributes(message.event).byte_size());
}

TEST_F(SqsRequest, TheTestCallAsksForTheQueueAndItsMaximum) {
    auto body = boost::json::parse(queue_attributes_body(config_)).as_object();
    EXPECT_EQ(body.at("QueueUrl").as_string(), "https://sqs.eu-west-1.amazonaws.com/123456789012/events");
    EXPECT_EQ(body.at("AttributeNames"), boost::json::parse(R"(["QueueArn","MaximumMessageSize"])"));
}

}  // namespace
}  // namespace sluice::sqs
