#include "ingest/envelope_intake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

constexpr std::string_view kCanonical =
    R"({"event_type":"update","id":"dev:7","obj":{"n":1E400,"data":{"a":1}},"obj_type":"devices","recType":"io.acme","source":"Platform"})";

class EnvelopeIntakeTest : public ::testing::Test {
  protected:
    std::optional<Refusal> add(std::string_view text) { return intake_.add(text); }
    EventView event(std::size_t index) const { return decode_event(batch_.body(index)).value(); }

    EventBatch batch_;
    DataLimits limits_;
    EnvelopeIntake intake_{batch_, "com.acme", limits_};
};

TEST_F(EnvelopeIntakeTest, ACanonicalEnvelopeIsKeptByteForByte) {
    ASSERT_FALSE(add(kCanonical));
    const EventView taken = event(0);
    EXPECT_EQ(taken.envelope, kCanonical);
    EXPECT_EQ(taken.obj, R"({"n":1E400,"data":{"a":1}})");
    EXPECT_EQ(taken.data, R"({"a":1})");
    EXPECT_EQ(taken.event_type, EventType::update);
    EXPECT_EQ(taken.object_type, ObjectType::devices);
    EXPECT_EQ(taken.org, "com.acme");
    EXPECT_EQ(taken.id, "dev:7");
    EXPECT_EQ(taken.rec_type, "io.acme");
    EXPECT_EQ(taken.source, "Platform");
    EXPECT_FALSE(taken.kept_as_object);
}

TEST_F(EnvelopeIntakeTest, MembersInAnyOrderAreWrittenCanonically) {
    ASSERT_FALSE(add(R"( { "source":"Platform", "recType" :"io.acme","obj":{"n":1E400,"data":{"a":1}},
                          "id":"dev:7","event_type":"update","obj_type":"devices"})"));
    EXPECT_EQ(event(0).envelope, kCanonical);
}

TEST_F(EnvelopeIntakeTest, AnObjectNeedsNoData) {
    ASSERT_FALSE(add(R"({"event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r","source":"s"})"));
    EXPECT_TRUE(event(0).data.empty());
}

TEST_F(EnvelopeIntakeTest, TagsAreThoseOfTheObject) {
    const auto with_tags = [](std::string_view tags) {
        return R"({"event_type":"create","id":"a","obj":{"tags":)" + std::string(tags) +
               R"(},"obj_type":"objs","recType":"r","source":"s"})";
    };
    ASSERT_FALSE(add(with_tags(R"(["Dublin","caf\u00e9",7,"no/slash",""])")));
    EXPECT_EQ(tags_of(event(0).tags), (std::vector<std::string_view>{"Dublin", "café"}));
    ASSERT_FALSE(add(with_tags(R"("Dublin")")));
    EXPECT_TRUE(event(1).tags.empty());
    std::string many = "[";
    for (int i = 0; i < 1000; ++i) many += (i ? ",\"" : "\"") + std::string(60, 'x') + std::to_string(i) + '"';
    ASSERT_FALSE(add(with_tags(many + "]")));
    EXPECT_EQ(tags_of(event(2).tags).size(), 64u);
}

TEST_F(EnvelopeIntakeTest, WhatIsNoEnvelopeIsUnacceptable) {
    for (
        const std::string_view text : {
            R"([])",
            R"({"event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r"})",
            R"({"event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r","source":"s","more":1})",
            R"({"event_type":"create","event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r","source":"s"})",
            R"({"event_type":"replace","id":"a","obj":{},"obj_type":"objs","recType":"r","source":"s"})",
            R"({"event_type":"create","id":"a b","obj":{},"obj_type":"objs","recType":"r","source":"s"})",
            R"({"event_type":"create","id":"a","obj":[],"obj_type":"objs","recType":"r","source":"s"})",
            R"({"event_type":"create","id":"a","obj":{},"obj_type":"obj","recType":"r","source":"s"})",
            R"({"event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r.","source":"s"})",
            R"({"event_type":"create","id":"a","obj":{},"obj_type":"objs","recType":"r","source":7})",
        }) {
        const auto refusal = add(text);
        ASSERT_TRUE(refusal) << text;
        EXPECT_EQ(refusal->kind, Refusal::Kind::unacceptable) << text;
        EXPECT_EQ(refusal->code, "invalid_envelope");
        EXPECT_EQ(refusal->line, 1u);
        EXPECT_FALSE(refusal->message.empty());
    }
    EXPECT_TRUE(batch_.empty());
}

TEST_F(EnvelopeIntakeTest, BadJsonIsMalformed) {
    const auto refusal = add("{\"event_type\":\n}");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Refusal::Kind::malformed);
    EXPECT_EQ(refusal->line, 2u);
}

TEST_F(EnvelopeIntakeTest, WhatTheShareApiTookFitsAlsoHere) {
    std::string deep = "1";
    for (std::size_t i = 0; i < limits_.max_depth - 1; ++i) deep = "[" + deep + "]";
    const std::string data = "{\"a\":" + deep + "}";
    const auto around = [](const std::string& inner) {
        return R"({"event_type":"create","id":"a","obj":{"data":)" + inner +
               R"(},"obj_type":"objs","recType":"r","source":"s"})";
    };
    EXPECT_FALSE(add(around(data)));
    EXPECT_TRUE(add(around("[" + data + "]")));
    EXPECT_FALSE(add(around("\"" + std::string(limits_.max_bytes, 'x') + "\"")));
    const auto refusal = add(around("\"" + std::string(limits_.max_bytes + (16 << 10), 'x') + "\""));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Refusal::Kind::too_large);
}

}  // namespace
}  // namespace sluice
