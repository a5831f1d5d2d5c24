#include "destinations/pubsub/request.hpp"

#include <gmock/gmock.h>
#include <google/pubsub/v1/pubsub.pb.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.hpp"
#include "destination/test_batch.hpp"
#include "destinations/pubsub/messages.hpp"

namespace sluice::pubsub {
namespace {

using google::pubsub::v1::PublishRequest;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::string kPublishPath = "projects/demo/topics/io.acme.room";

std::string wire(const MessageForm& form, const TestBatch& batch) {
    auto groups = group_by_key(form, batch.messages());
    return publish_request(kPublishPath, form, batch.messages(), groups.at(0));
}

PublishRequest read(const std::string& bytes) {
    PublishRequest request;
    EXPECT_TRUE(request.ParseFromString(bytes));
    return request;
}

TEST(PubSubRequest, IsWhatProtobufReads) {
    TestBatch batch;
    batch.add("room-1", "key-1").add("room-2", "key-1");
    const auto bytes = wire({}, batch);
    const auto request = read(bytes);
    EXPECT_EQ(request.topic(), kPublishPath);
    ASSERT_EQ(request.messages_size(), 2);
    EXPECT_EQ(request.messages(0).data(), batch.messages()[0].body);
    EXPECT_EQ(request.messages(1).data(), batch.messages()[1].body);
    EXPECT_EQ(request.messages(0).ordering_key(), "key-1");
    const auto& attributes = request.messages(1).attributes();
    EXPECT_THAT((std::map<std::string, std::string>(attributes.begin(), attributes.end())),
                UnorderedElementsAre(Pair("event_type", "create"), Pair("id", "room-2"), Pair("obj_type", "objs"),
                                     Pair("recType", "io.acme.room"), Pair("sluice-sequence", "2"),
                                     Pair("sluice-time", "2023-11-14T22:13:20.002Z"), Pair("source", "ShareService")));
    EXPECT_EQ(request.ByteSizeLong(), bytes.size());
}

TEST(PubSubRequest, CountsExactlyWhatIsSerialized) {
    // Lengths on both sides of where a varint takes one byte more.
    for (std::size_t padding : {0u, 1u, 20u, 100u, 126u, 127u, 128u, 16'200u, 16'383u, 16'384u, 2'097'152u}) {
        for (std::size_t key : {0u, 1u, 127u, 128u, 1024u, 1025u}) {
            TestBatch batch;
            batch.add("room", key == 0 ? "k" : std::string(key, 'k'), padding);
            MessageForm form{key != 0, key == 128 ? "application/cloudevents+json" : ""};
            const auto bytes = wire(form, batch);
            EXPECT_EQ(topic_bytes(kPublishPath) + message_bytes(form, batch.messages()[0]), bytes.size());
            EXPECT_EQ(read(bytes).ByteSizeLong(), bytes.size());
        }
    }
}

TEST(PubSubRequest, OneGroupForEachKeyInOrderOfFirstAppearance) {
    TestBatch batch;
    batch.add("1", "a").add("2", "b").add("3", "a").add("4", "c").add("5", "b");
    auto groups = group_by_key({}, batch.messages());
    ASSERT_EQ(groups.size(), 3u);
    EXPECT_THAT(groups[0].messages, ElementsAre(0, 2));
    EXPECT_THAT(groups[1].messages, ElementsAre(1, 4));
    EXPECT_THAT(groups[2].messages, ElementsAre(3));
}

TEST(PubSubRequest, WithoutOrderingKeysAllTravelTogetherAndNoKeyIsSent) {
    TestBatch batch;
    batch.add("1", "a").add("2", "b").add("3", "a");
    MessageForm form{false, ""};
    auto groups = group_by_key(form, batch.messages());
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_THAT(groups[0].messages, ElementsAre(0, 1, 2));
    const auto request = read(wire(form, batch));
    for (const auto& message : request.messages()) EXPECT_EQ(message.ordering_key(), "");
}

TEST(PubSubRequest, AKeyThatIsTooLongTravelsAsItsHash) {
    std::string scratch;
    const std::string longest(1024, 'k');
    EXPECT_EQ(carriable_key(longest, scratch), longest);
    const std::string too_long(1025, 'k');
    EXPECT_EQ(carriable_key(too_long, scratch), hex_lower(as_view(sha256(too_long))));
    TestBatch batch;
    batch.add("room", too_long);
    EXPECT_EQ(read(wire({}, batch)).messages(0).ordering_key(), hex_lower(as_view(sha256(too_long))));
}

TEST(PubSubRequest, AnAttributeThatIsTooLongIsLeftOut) {
    TestBatch batch;
    batch.rec_type = std::string(1025, 'r');
    batch.add("room");
    auto request = read(wire({}, batch));
    EXPECT_FALSE(request.messages(0).attributes().contains("recType"));
    EXPECT_TRUE(request.messages(0).attributes().contains("id"));
}

TEST(PubSubRequest, CloudEventsSayTheirMediaType) {
    TestBatch batch;
    batch.add("room");
    auto request = read(wire({true, "application/cloudevents+json"}, batch));
    EXPECT_EQ(request.messages(0).attributes().at("content-type"), "application/cloudevents+json");
}

/// Bytes made elsewhere from the published field numbers.
TEST(PubSubRequest, AgreesWithTheVectors) {
    std::ifstream file(std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/wire_derived.json");
    if (!file) GTEST_SKIP() << "the vectors are not there";
    std::stringstream content;
    content << file.rdbuf();
    const auto vectors = boost::json::parse(content.str());
    auto hex_of = [&vectors](std::string_view name) { return std::string(vectors.at(name).at("hex").as_string()); };
    EXPECT_EQ(read_message_count(*hex_decode(hex_of("pubsub_publish_response"))), 2u);
    EXPECT_EQ(hex_lower(create_topic_request("projects/demo/topics/t1", std::chrono::seconds(0)).substr(0, 25)),
              hex_of("pubsub_topic_request_body"));

    const PlainMessage::Attribute attribute{"k", "v"};
    std::string bytes;
    append_topic(bytes, "projects/demo/topics/t1");
    append_plain_message(bytes, {"hello", {&attribute, 1}, "key-1"});
    append_plain_message(bytes, {"world", {}, "key-1"});
    EXPECT_EQ(hex_lower(bytes), hex_of("pubsub_publish_request"));
    EXPECT_EQ(hex_lower(read(bytes).SerializeAsString()), hex_of("pubsub_publish_request"));
}

}  // namespace
}  // namespace sluice::pubsub
