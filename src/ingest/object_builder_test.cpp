#include "ingest/object_builder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_clock.hpp"
#include "ingest/checksum.hpp"
#include "json/find.hpp"

namespace sluice {
namespace {

constexpr std::string_view kHelloWorld = "93A23971A914E5EACBF0A8D25154CDA309C3C1C72FBB9914D47C60F3CB681588L17";

class ObjectBuilderTest : public ::testing::Test {
  protected:
    ObjectBuilderTest() {
        context_.author = {"com.acme", "tok-1", "gateway \"7\"", "203.0.113.9"};
        context_.type = ObjectType::devices;
        context_.rec_type = "io.acme.reading";
        context_.tags = {"Dublin", "étage 2"};
    }

    std::optional<Refusal> add(std::string_view text) {
        ObjectBuilder builder(batch_, context_, ids_, clock_.now(), limits_);
        return builder.add(text);
    }

    EventView event(std::size_t index) const { return decode_event(batch_.body(index)).value(); }

    /// The event as the log would give it: in bytes of its own, not in the batch that is being filled.
    Event committed(std::size_t index) const {
        auto body = std::make_shared<const std::string>(batch_.body(index));
        const EventView view = decode_event(*body).value();
        return Event(std::move(body), view, {0, index + 1}, clock_.now());
    }

    static std::string member(std::string_view object, std::string_view name) {
        return std::string(json::find_member(object, name).value_or("(absent)"));
    }

    FakeClock clock_{from_epoch_ms(1'700'000'000'123)};
    ObjectIdGenerator ids_;
    ObjectContext context_;
    DataLimits limits_;
    EventBatch batch_;
};

TEST_F(ObjectBuilderTest, WritesEveryMemberInTheDocumentedOrder) {
    ASSERT_FALSE(add(R"({"hello":"world"})"));
    const EventView created = event(0);
    const std::string id(created.id);
    const std::string checksum(kHelloWorld);
    const std::string date = "\"2023-11-14T22:13:20.123Z\"";
    const std::string obj =
        R"({"_id":")" + id + R"(","id":")" + id + R"(","checksum":")" + checksum + R"(","createDate":)" + date +
        R"(,"updateDate":)" + date +
        R"(,"tstamp":1700000000123,"creatorId":"tok-1","updaterId":"tok-1","name":"","desc":"",)"
        R"("recType":"io.acme.reading","tags":["Dublin","étage 2"],)"
        R"("owner":{"appid":"tok-1","org":"com.acme","owners":["com.acme"],"user":"gateway \"7\""},)"
        R"("origin":{"checksum":")" +
        checksum + R"(","createDate":)" + date + R"(,"creatorId":"tok-1","desc":"","id":")" + id +
        R"(","name":"","remoteAddress":"203.0.113.9","tokendata":{"id":"tok-1","ip":"203.0.113.9"}},)"
        R"("data":{"hello":"world"}})";
    EXPECT_EQ(created.obj, obj);
    EXPECT_EQ(created.envelope, R"({"event_type":"create","id":")" + id + R"(","obj":)" + obj +
                                    R"(,"obj_type":"devices","recType":"io.acme.reading","source":"ShareService"})");
    EXPECT_EQ(created.data, R"({"hello":"world"})");
    EXPECT_TRUE(is_valid_object_id(id));
    EXPECT_EQ(id.size(), 24u);
}

TEST_F(ObjectBuilderTest, TheRecordSaysWhatTheEnvelopeSays) {
    ASSERT_FALSE(add(R"({"hello":"world"})"));
    const EventView created = event(0);
    EXPECT_EQ(created.event_type, EventType::create);
    EXPECT_EQ(created.object_type, ObjectType::devices);
    EXPECT_TRUE(created.kept_as_object);
    EXPECT_EQ(created.org, "com.acme");
    EXPECT_EQ(created.rec_type, "io.acme.reading");
    EXPECT_EQ(created.source, "ShareService");
    EXPECT_EQ(tags_of(created.tags), (std::vector<std::string_view>{"Dublin", "étage 2"}));
    EXPECT_FALSE(created.idempotency);
}

TEST_F(ObjectBuilderTest, OnlyInsignificantWhiteSpaceIsRemoved) {
    ASSERT_FALSE(add(" {\r\n\t\"a b\" : [ 1 , \" x \\t\" ] }\n"));
    EXPECT_EQ(event(0).data, "{\"a b\":[1,\" x \\t\"]}");
}

TEST_F(ObjectBuilderTest, WhatWasSentInIsWhatComesOut) {
    const std::vector<std::string> texts = {
        R"({"n":1E400})",
        R"({"n":-0,"m":-0.0,"e":1e-999})",
        R"({"n":1.10})",
        R"({"n":123456789012345678901234567890})",
        R"({"nul":"\u0000","slash":"\/","pair":"\uD83D\uDE00","plain":"😀"})",
        R"({"a":1,"a":2,"b":3,"a":4})",
        R"({"z":1,"y":{"b":1,"a":2},"x":[]})",
        R"({"Ünïcödé":"日本語","":{}})",
        R"({})",
    };
    for (const std::string& text : texts) ASSERT_FALSE(add(text)) << text;
    ASSERT_EQ(batch_.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(event(i).data, texts[i]);
        EXPECT_EQ(member(event(i).obj, "checksum"), '"' + checksum_of(texts[i]) + '"');
    }
}

TEST_F(ObjectBuilderTest, TheChecksumIsRightWhenWhiteSpaceTookDigitsOfTheLength) {
    for (const std::size_t blanks : {0u, 3u, 83u, 90u, 990u, 12345u}) {
        const std::string text = "{" + std::string(blanks, ' ') + "\"hello\":\"world\"}";
        ASSERT_FALSE(add(text));
        const EventView created = event(batch_.size() - 1);
        EXPECT_EQ(created.data, R"({"hello":"world"})");
        EXPECT_EQ(member(created.obj, "checksum"), '"' + std::string(kHelloWorld) + '"');
        EXPECT_EQ(member(member(created.obj, "origin"), "checksum"), '"' + std::string(kHelloWorld) + '"');
        EXPECT_EQ(member(member(created.obj, "origin"), "id"), '"' + std::string(created.id) + '"');
        EXPECT_EQ(member(created.envelope, "obj"), created.obj);
    }
}

TEST_F(ObjectBuilderTest, IdsOfABatchDifferAndIncrease) {
    ObjectBuilder builder(batch_, context_, ids_, clock_.now(), limits_);
    for (int i = 0; i < 100; ++i) ASSERT_FALSE(builder.add("{}"));
    for (std::size_t i = 1; i < batch_.size(); ++i) EXPECT_LT(event(i - 1).id, event(i).id);
}

TEST_F(ObjectBuilderTest, TheMarkOfARepeatableRequestIsKeptWithTheEvent) {
    ObjectBuilder builder(batch_, context_, ids_, clock_.now(), limits_);
    const std::string hash(32, '\x7f');
    ASSERT_FALSE(builder.add("{}", IdempotencyMark{"key-1", hash, 2}));
    ASSERT_FALSE(builder.add("{}"));
    ASSERT_TRUE(event(0).idempotency);
    EXPECT_EQ(event(0).idempotency->key, "key-1");
    EXPECT_EQ(event(0).idempotency->body_sha256, hash);
    EXPECT_EQ(event(0).idempotency->event_count, 2u);
    EXPECT_FALSE(event(1).idempotency);
}

TEST_F(ObjectBuilderTest, ARefusalLeavesTheBatchAsItWas) {
    ASSERT_FALSE(add(R"({"a":1})"));
    const std::string before = *batch_.bytes();
    EXPECT_TRUE(add(R"({"a":)"));
    EXPECT_TRUE(add("[1]"));
    EXPECT_EQ(*batch_.bytes(), before);
    EXPECT_EQ(batch_.size(), 1u);
    ASSERT_FALSE(add(R"({"b":2})"));
    EXPECT_EQ(event(1).data, R"({"b":2})");
}

TEST_F(ObjectBuilderTest, BadJsonIsRefusedWithLineAndOffset) {
    const auto refusal = add("{\n  \"a\": 01\n}");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Refusal::Kind::malformed);
    EXPECT_EQ(refusal->code, "invalid_json");
    EXPECT_EQ(refusal->line, 2u);
    ASSERT_TRUE(refusal->offset);
    EXPECT_GE(*refusal->offset, 9u);
    EXPECT_LE(*refusal->offset, 10u);
    EXPECT_FALSE(refusal->message.empty());
}

TEST_F(ObjectBuilderTest, WhatIsNotValidJsonIsRefused) {
    for (const std::string_view text :
         {"", "{", "{\"a\":1}}", "{\"a\":1,}", "{'a':1}", "{\"a\":NaN}", "{\"a\":+1}", "{\"a\":1.}", "{\"a\":\"\t\"}",
          "{\"a\":\"\\uD83D\"}", "{\"a\":\"\\uDE00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "\xef\xbb\xbf{}",
          "nul", "{\"a\":1}{}", "{\"a\" 1}", "{\"a\":\"\\x\"}"}) {
        const auto refusal = add(text);
        ASSERT_TRUE(refusal) << text;
        EXPECT_EQ(refusal->kind, Refusal::Kind::malformed) << text;
    }
    EXPECT_TRUE(batch_.empty());
}

TEST_F(ObjectBuilderTest, ValidJsonThatIsNoObjectIsUnacceptable) {
    for (const std::string_view text : {"[{}]", "1", "\"a\"", "null", " true "}) {
        const auto refusal = add(text);
        ASSERT_TRUE(refusal) << text;
        EXPECT_EQ(refusal->kind, Refusal::Kind::unacceptable) << text;
        EXPECT_EQ(refusal->code, "not_an_object");
    }
}

TEST_F(ObjectBuilderTest, DataMayHaveExactlyTheLimit) {
    limits_.max_bytes = 17;
    EXPECT_FALSE(add("  {\"hello\" : \"world\"}  "));
    limits_.max_bytes = 16;
    const auto refusal = add(R"({"hello":"world"})");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Refusal::Kind::too_large);
    EXPECT_EQ(refusal->code, "object_too_large");
}

TEST_F(ObjectBuilderTest, NestingMayHaveExactlyTheLimit) {
    limits_.max_depth = 3;
    EXPECT_FALSE(add(R"({"a":[[1]]})"));
    const auto refusal = add(R"({"a":[[[1]]]})");
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Refusal::Kind::unacceptable);
    EXPECT_EQ(refusal->code, "nested_too_deep");
    EXPECT_EQ(refusal->offset, 7u);
}

TEST_F(ObjectBuilderTest, AnUpdateKeepsEverythingButWhatItChanges) {
    ASSERT_FALSE(add(R"({"hello":"world"})"));
    const Event created = committed(0);
    clock_.advance(std::chrono::seconds(5));
    const Author other{"com.acme", "tok-2", "operator", "198.51.100.1"};
    ASSERT_FALSE(append_update(batch_, created, other, clock_.now(), R"( {"hello" : "moon", "n":1E400} )", limits_));

    const EventView updated = event(1);
    const std::string data = R"({"hello":"moon","n":1E400})";
    std::string expected(created->obj);
    const auto replace = [&expected](const std::string& from, const std::string& to) {
        const auto at = expected.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        expected.replace(at, from.size(), to);
    };
    replace(R"("checksum":")" + std::string(kHelloWorld), R"("checksum":")" + checksum_of(data));
    replace(R"("updateDate":"2023-11-14T22:13:20.123Z")", R"("updateDate":"2023-11-14T22:13:25.123Z")");
    replace(R"("updaterId":"tok-1")", R"("updaterId":"tok-2")");
    replace(R"({"hello":"world"})", data);
    EXPECT_EQ(updated.obj, expected);
    EXPECT_EQ(updated.envelope, R"({"event_type":"update","id":")" + std::string(created->id) + R"(","obj":)" +
                                    expected +
                                    R"(,"obj_type":"devices","recType":"io.acme.reading","source":"ShareService"})");
    EXPECT_EQ(updated.data, data);
    EXPECT_EQ(updated.event_type, EventType::update);
    EXPECT_EQ(updated.id, created->id);
    EXPECT_EQ(updated.tags, created->tags);
    EXPECT_TRUE(updated.kept_as_object);
}

TEST_F(ObjectBuilderTest, AnUpdatesDateIsLaterThanTheLastAlsoWhenTheClockIsNot) {
    ASSERT_FALSE(add("{}"));
    for (const auto step : {0, -3'600'000, 0, 1}) {
        clock_.advance(std::chrono::milliseconds(step));
        ASSERT_FALSE(append_update(batch_, committed(batch_.size() - 1), context_.author, clock_.now(), "{}", limits_));
    }
    for (std::size_t i = 1; i < batch_.size(); ++i)
        EXPECT_LT(member(event(i - 1).obj, "updateDate"), member(event(i).obj, "updateDate"));
    EXPECT_EQ(member(event(batch_.size() - 1).obj, "updateDate"), "\"2023-11-14T22:13:20.127Z\"");
}

TEST_F(ObjectBuilderTest, ARefusedUpdateLeavesTheBatchAsItWas) {
    ASSERT_FALSE(add("{}"));
    EXPECT_TRUE(append_update(batch_, committed(0), context_.author, clock_.now(), "{]", limits_));
    EXPECT_EQ(batch_.size(), 1u);
}

TEST_F(ObjectBuilderTest, ADeleteCarriesTheObjectAsItLastWas) {
    ASSERT_FALSE(add(R"({"hello":"world"})"));
    const Event created = committed(0);
    append_delete(batch_, created);
    const EventView removed = event(1);
    EXPECT_EQ(removed.event_type, EventType::remove);
    EXPECT_EQ(removed.obj, created->obj);
    EXPECT_EQ(removed.data, created->data);
    EXPECT_EQ(removed.envelope, R"({"event_type":"delete","id":")" + std::string(created->id) + R"(","obj":)" +
                                    std::string(created->obj) +
                                    R"(,"obj_type":"devices","recType":"io.acme.reading","source":"ShareService"})");
}

}  // namespace
}  // namespace sluice
