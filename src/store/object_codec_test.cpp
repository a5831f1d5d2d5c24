#include "store/object_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/encoding.hpp"
#include "event/codec.hpp"

namespace sluice {
namespace {

constexpr std::string_view kTags(
    "\x06"
    "Dublin",
    7);

ObjectEntry sample_entry() {
    ObjectEntry entry;
    entry.position = {0, 70'000};
    entry.created = from_epoch_ms(1'700'000'000'000);
    entry.updated = from_epoch_ms(1'700'000'000'300);
    entry.tags = kTags;
    return entry;
}

ObjectIndex::IdempotentAnswer sample_answer() {
    return {.body_sha256 = std::string(32, '\xab'),
            .first = {0, 70'000},
            .event_count = 300,
            .at = from_epoch_ms(1'700'000'000'000)};
}

std::string encoded(const ObjectEntry& entry) {
    std::string out;
    encode_entry(entry, out);
    return out;
}

std::string encoded(const ObjectIndex::IdempotentAnswer& answer) {
    std::string out;
    encode_answer(answer, out);
    return out;
}

std::string key_of(std::string_view org, ObjectType type, std::string_view rec_type, std::string_view id) {
    std::string key;
    EXPECT_TRUE(object_key({org, type, rec_type, id}, key));
    return key;
}

TEST(ObjectCodec, EntryBytesAreTheseForEver) {
    EXPECT_EQ(hex_lower(encoded(sample_entry())),
              "0100"          // version, flags
              "00f0a204"      // partition 0, sequence 70,000
              "80a0abfef962"  // created
              "d804"          // updated 300 ms later
              "06" +
                  hex_lower("Dublin"));
}

TEST(ObjectCodec, AnswerBytesAreTheseForEver) {
    EXPECT_EQ(hex_lower(encoded(sample_answer())),
              "01" + hex_lower(std::string(32, '\xab')) + "00f0a204" + "ac02" + "80a0abfef962");
}

TEST(ObjectCodec, KeysAreTheseForEver) {
    EXPECT_EQ(hex_lower(key_of("com.acme", ObjectType::devices, "io.x", "id1")),
              hex_lower("o") + "08" + hex_lower("com.acme") + "02" + "04" + hex_lower("io.x") + hex_lower("id1"));
    EXPECT_EQ(hex_lower(watermark_key(1)), hex_lower("w") + "00000001");
    EXPECT_EQ(hex_lower(rescued_key({1, 258})), hex_lower("b") +
                                                    "00000001"
                                                    "0000000000000102");
    std::string key;
    ASSERT_TRUE(answer_key("com.acme", "k", key));
    EXPECT_EQ(hex_lower(key), hex_lower("i") + "08" + hex_lower("com.acme") + hex_lower("k"));
    EXPECT_EQ(hex_lower(encode_watermark(70'000)), "f0a204");
}

TEST(ObjectCodec, GivesBackWhatItWasGiven) {
    ObjectEntry entry = sample_entry();
    entry.rescued = true;
    entry.updated = entry.created - std::chrono::milliseconds(5);  // clocks are set back
    std::string bytes = encoded(entry);
    ObjectEntry again = decode_entry(bytes).value();
    EXPECT_EQ(again.position, entry.position);
    EXPECT_TRUE(again.rescued);
    EXPECT_EQ(again.created, entry.created);
    EXPECT_EQ(again.updated, entry.updated);
    EXPECT_EQ(again.tags, kTags);

    auto answer = decode_answer(encoded(sample_answer())).value();
    EXPECT_EQ(answer.body_sha256, sample_answer().body_sha256);
    EXPECT_EQ(answer.first, sample_answer().first);
    EXPECT_EQ(answer.event_count, 300u);
    EXPECT_EQ(answer.at, sample_answer().at);

    constexpr auto kMax = std::numeric_limits<Sequence>::max();
    EXPECT_EQ(decode_watermark(encode_watermark(kMax)).value(), kMax);
}

TEST(ObjectCodec, KeysOfDifferentObjectsDiffer) {
    EXPECT_NE(key_of("a.b", ObjectType::objs, "c", "d"), key_of("a", ObjectType::objs, "b.c", "d"));
    EXPECT_NE(key_of("a", ObjectType::objs, "b", "cd"), key_of("a", ObjectType::objs, "bc", "d"));
    EXPECT_NE(key_of("a", ObjectType::objs, "b", "c"), key_of("a", ObjectType::health, "b", "c"));
}

TEST(ObjectCodec, KeysOfAStreamSortById) {
    EXPECT_LT(key_of("a", ObjectType::objs, "b", "65a0ff"), key_of("a", ObjectType::objs, "b", "65a100"));
}

TEST(ObjectCodec, KeyNamesItsObject) {
    std::string key = key_of("com.acme", ObjectType::health, "io.x", "id");
    auto names = names_of_object_key(key);
    ASSERT_TRUE(names);
    EXPECT_EQ(names->org, "com.acme");
    EXPECT_EQ(names->type, ObjectType::health);
    EXPECT_EQ(names->rec_type, "io.x");
    EXPECT_EQ(names->id, "id");
    EXPECT_FALSE(names_of_object_key(key.substr(0, key.size() - 4)));
    EXPECT_FALSE(names_of_object_key("o"));
    EXPECT_FALSE(
        names_of_object_key(std::string("o\x01"
                                        "a\x09\x00",
                                        5)));
    EXPECT_FALSE(
        names_of_object_key(std::string("i\x01"
                                        "a\x01\x00",
                                        5)));
}

TEST(ObjectCodec, HasNoKeyForNamesThatNothingStoredHas) {
    std::string key;
    EXPECT_FALSE(object_key({std::string(256, 'o'), ObjectType::objs, "r", "i"}, key));
    EXPECT_FALSE(object_key({"o", ObjectType::objs, std::string(256, 'r'), "i"}, key));
    EXPECT_FALSE(answer_key(std::string(256, 'o'), "k", key));
}

TEST(ObjectCodec, RefusesEveryTruncation) {
    std::string entry = encoded(sample_entry());
    for (std::size_t size = 0; size < entry.size() - kTags.size(); ++size) {
        EXPECT_FALSE(decode_entry(entry.substr(0, size))) << size;
    }
    std::string answer = encoded(sample_answer());
    for (std::size_t size = 0; size < answer.size(); ++size)
        EXPECT_FALSE(decode_answer(answer.substr(0, size))) << size;
    EXPECT_EQ(decode_answer(answer + '\0').error().code, Errc::corrupt);
    EXPECT_FALSE(decode_rescued({}, "\x80"));
}

TEST(ObjectCodec, TellsANewerVersionFromDamage) {
    EXPECT_EQ(decode_entry("\x02xyz").error().code, Errc::unsupported);
    EXPECT_EQ(decode_answer("\x02xyz").error().code, Errc::unsupported);
    EXPECT_EQ(decode_entry(std::string(8, '\0')).error().code, Errc::corrupt);
}

TEST(ObjectCodec, RescuesAnEventWithoutItsIdempotencyKey) {
    EventView view;
    view.org = "com.acme";
    view.rec_type = "io.x";
    view.id = "a";
    view.source = "ShareService";
    view.kept_as_object = true;
    view.tags = kTags;
    view.envelope = R"({"obj":{"data":{"n":1}}})";
    view.obj = view.envelope.substr(7, 16);
    view.data = view.obj.substr(8, 7);
    std::string hash(32, 'h');
    view.idempotency = IdempotencyMark{"key", hash, 1};
    std::string bytes;
    encode_rescued(Event(nullptr, view, {0, 9}, from_epoch_ms(77)), bytes);

    Event again = decode_rescued({0, 9}, bytes).value();
    EXPECT_EQ(again.position(), (LogPosition{0, 9}));
    EXPECT_EQ(again.time(), from_epoch_ms(77));
    EXPECT_EQ(again->envelope, view.envelope);
    EXPECT_EQ(again->obj, R"({"data":{"n":1}})");
    EXPECT_EQ(again->data, R"({"n":1})");
    EXPECT_EQ(again->tags, kTags);
    EXPECT_FALSE(again->idempotency);
}

}  // namespace
}  // namespace sluice
