#include "event/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace sluice {
namespace {

using namespace std::string_literals;

const std::string kHash(32, '\x5A');

/// Keeps what an EventView points to.
struct Sample {
    std::string envelope =
        R"({"event_type":"update","id":"a1","obj":{"data":{"v":1}},"obj_type":"devices","recType":"a.b","source":"S"})";
    std::string tags = encode_tags(std::vector<std::string>{"x", "yz"});

    EventView view() const {
        EventView event;
        event.event_type = EventType::update;
        event.object_type = ObjectType::devices;
        event.kept_as_object = true;
        event.org = "com.acme";
        event.rec_type = "a.b";
        event.id = "a1";
        event.source = "S";
        event.tags = tags;
        event.envelope = envelope;
        event.obj = event.envelope.substr(envelope.find("{\"data\""), 16);
        event.data = event.envelope.substr(envelope.find("{\"v\""), 7);
        event.idempotency = IdempotencyMark{"key-1", kHash, 3};
        return event;
    }
};

void expect_same(const EventView& got, const EventView& expected) {
    EXPECT_EQ(got.event_type, expected.event_type);
    EXPECT_EQ(got.object_type, expected.object_type);
    EXPECT_EQ(got.kept_as_object, expected.kept_as_object);
    EXPECT_EQ(got.org, expected.org);
    EXPECT_EQ(got.rec_type, expected.rec_type);
    EXPECT_EQ(got.id, expected.id);
    EXPECT_EQ(got.source, expected.source);
    EXPECT_EQ(got.tags, expected.tags);
    EXPECT_EQ(got.envelope, expected.envelope);
    EXPECT_EQ(got.obj, expected.obj);
    EXPECT_EQ(got.data, expected.data);
    ASSERT_EQ(got.idempotency.has_value(), expected.idempotency.has_value());
    if (!got.idempotency) return;
    EXPECT_EQ(got.idempotency->key, expected.idempotency->key);
    EXPECT_EQ(got.idempotency->body_sha256, expected.idempotency->body_sha256);
    EXPECT_EQ(got.idempotency->event_count, expected.idempotency->event_count);
}

std::string encoded(const EventView& view) {
    EventBatch batch;
    batch.add(view);
    return std::string(batch.body(0));
}

TEST(EventCodec, WritesTheDocumentedBytes) {
    Sample sample;
    // Stored logs hold these bytes: a change here is a new version, not a new expectation.
    std::string expected =
        "\x01\x02\x02\x03"                  // version, update, devices, kept as object and idempotency
        "\x08\x03\x02\x01"                  // lengths: org, recType, id, source
        "\x05\x00\x29\x00"                  // lengths: tags, idempotency
        "\x6A\x00\x00\x00"                  // envelope's length
        "\x27\x00\x00\x00\x10\x00\x00\x00"  // obj: offset, length
        "\x2F\x00\x00\x00\x07\x00\x00\x00"  // data: offset, length
        "com.acmea.ba1S\x01x\x02yz"s;
    expected += kHash + "\x03\x00\x00\x00key-1"s + sample.envelope;
    EXPECT_EQ(hex_lower(encoded(sample.view())), hex_lower(expected));
}

TEST(EventCodec, WritesTheDocumentedBytesWithoutWhatIsOptional) {
    EventView view;
    std::string envelope = R"({"obj":{}})";
    view.envelope = envelope;
    view.obj = view.envelope.substr(7, 2);
    std::string expected =
        "\x01\x01\x01\x00"
        "\x00\x00\x00\x00"
        "\x00\x00\x00\x00"
        "\x0A\x00\x00\x00"
        "\x07\x00\x00\x00\x02\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00"s;
    EXPECT_EQ(hex_lower(encoded(view)), hex_lower(expected + envelope));
}

TEST(EventCodec, ReadsWhatItWrote) {
    Sample sample;
    for (EventType event_type : {EventType::create, EventType::update, EventType::remove}) {
        for (ObjectType object_type : {ObjectType::objs, ObjectType::devices, ObjectType::health}) {
            EventView view = sample.view();
            view.event_type = event_type;
            view.object_type = object_type;
            expect_same(decode_event(encoded(view)).value(), view);
        }
    }
    EventView bare = sample.view();
    bare.kept_as_object = false;
    bare.idempotency.reset();
    bare.tags = {};
    bare.data = {};
    expect_same(decode_event(encoded(bare)).value(), bare);
}

TEST(EventCodec, CarriesAttributesOfFullLength) {
    Sample sample;
    std::string longest(255, 'x');
    std::string key(65'535 - 36, 'k');
    std::vector<std::string> many(250, std::string(255, 't'));
    std::string tags = encode_tags(many);
    EventView view = sample.view();
    view.org = view.rec_type = view.id = view.source = longest;
    view.tags = tags;
    view.idempotency->key = key;
    expect_same(decode_event(encoded(view)).value(), view);
}

TEST(EventCodec, RefusesEveryCutAndEveryExtension) {
    std::string body = encoded(Sample().view());
    for (std::size_t size = 0; size < body.size(); ++size) {
        auto result = decode_event(std::string_view(body).substr(0, size));
        ASSERT_TRUE(result.has_error()) << size;
        EXPECT_EQ(result.error().code, Errc::corrupt);
    }
    EXPECT_TRUE(decode_event(body + "x").has_error());
}

TEST(EventCodec, RefusesWhatNoRecordSays) {
    std::string body = encoded(Sample().view());
    auto changed = [&](std::size_t at, std::string_view bytes) {
        std::string copy = body;
        copy.replace(at, bytes.size(), bytes);
        auto result = decode_event(copy);
        return result ? "accepted" : result.error().message;
    };
    EXPECT_EQ(changed(0, "\x01"), "accepted");
    EXPECT_EQ(changed(0, "\x02"), "event record: version 2 is not known");
    EXPECT_EQ(changed(1, "\x00"s), "event record: event type is not known");
    EXPECT_EQ(changed(1, "\x04"), "event record: event type is not known");
    EXPECT_EQ(changed(2, "\x00"s), "event record: object type is not known");
    EXPECT_EQ(changed(2, "\x04"), "event record: object type is not known");
    EXPECT_EQ(changed(3, "\x07"), "event record: a flag is not known");
    EXPECT_EQ(changed(3, "\x01"), "event record: its idempotency mark is not whole");
    EXPECT_EQ(changed(4, "\x09"), "event record: its lengths do not add up to its size");
    EXPECT_EQ(changed(4, "\x09\x02"), "accepted") << "lengths that add up are believed: the log's checksum guards them";
    EXPECT_EQ(changed(12, "\xFF\xFF\xFF\xFF"), "event record: its lengths do not add up to its size");
    EXPECT_EQ(changed(16, "\xFF\xFF\xFF\xFF"), "event record: obj lies outside the envelope");
    EXPECT_EQ(changed(20, "\xFF\xFF\xFF\xFF"), "event record: obj lies outside the envelope");
    EXPECT_EQ(changed(24, "\x01"), "event record: data lies outside obj");
    EXPECT_EQ(changed(24, "\xFF\xFF\xFF\xFF"), "event record: data lies outside obj");
    EXPECT_EQ(changed(28, "\x40"), "event record: data lies outside obj");
    EXPECT_EQ(changed(28, "\xFF\xFF\xFF\xFF"), "event record: data lies outside obj");
    EXPECT_EQ(changed(28, "\x00"s), "event record: data lies outside obj");
    EXPECT_EQ(changed(32 + 14, "\x02"), "event record: its tags are not whole");
}

TEST(EventBatch, HoldsRecordsApart) {
    Sample sample;
    EventBatch batch;
    batch.reserve(4096, 3);
    EXPECT_TRUE(batch.empty());
    EventView first = sample.view();
    EventView second = sample.view();
    second.id = "b2";
    second.tags = {};
    batch.add(first);
    batch.add(second);
    ASSERT_EQ(batch.size(), 2u);
    EXPECT_EQ(batch.records()[1].offset, batch.records()[0].size);
    EXPECT_EQ(batch.byte_size(), batch.records()[0].size + batch.records()[1].size);
    expect_same(decode_event(batch.body(0)).value(), first);
    expect_same(decode_event(batch.body(1)).value(), second);
}

TEST(EventBatch, TakesAnEnvelopeWrittenInPlace) {
    Sample sample;
    EventView view = sample.view();
    EventBatch batch;
    batch.add(view);
    std::string& bytes = batch.begin(view);
    EXPECT_EQ(bytes.size(), batch.envelope_start());
    bytes += view.envelope;
    batch.commit(39, 16, 47, 7);
    EXPECT_EQ(batch.body(1), batch.body(0));
}

TEST(EventBatch, ForgetsARecordThatIsRolledBack) {
    Sample sample;
    EventBatch batch;
    batch.rollback();
    batch.begin(sample.view()).append("half an enve");
    batch.rollback();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.byte_size(), 0u);
    batch.add(sample.view());
    batch.begin(sample.view()).append("half");
    batch.rollback();
    ASSERT_EQ(batch.size(), 1u);
    expect_same(decode_event(batch.body(0)).value(), sample.view());
    EXPECT_EQ(batch.byte_size(), batch.records()[0].size);
}

TEST(EventBatchDeathTest, WritesNoRecordThatCouldNotBeRead) {
    Sample sample;
    EventView view = sample.view();
    std::string too_long(256, 'x');
    view.org = too_long;
    EXPECT_DEATH(EventBatch().add(view), "an org does not fit a record");
    view = sample.view();
    view.data = "elsewhere";
    EXPECT_DEATH(EventBatch().add(view), "data is not in the envelope");
    auto commit = [&](std::uint32_t obj, std::uint32_t obj_size, std::uint32_t data, std::uint32_t data_size) {
        EventBatch batch;
        batch.begin(view).append("{}");
        batch.commit(obj, obj_size, data, data_size);
    };
    EXPECT_DEATH(commit(1, 2, 0, 0), "obj is not in the envelope");
    EXPECT_DEATH(commit(1, 1, 0, 1), "data is not in obj");
}

}  // namespace
}  // namespace sluice
