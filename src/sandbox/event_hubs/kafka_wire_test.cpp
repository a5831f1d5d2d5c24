#include "sandbox/event_hubs/kafka_wire.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace sluice::sandbox {
namespace {

using namespace std::string_view_literals;

TEST(KafkaWire, ReadsWhatItWrote) {
    KafkaWriter out;
    out.int8(-5);
    out.int16(-1234);
    out.int32(-123456789);
    out.uint32(0xfedcba98u);
    out.int64(std::numeric_limits<std::int64_t>::min());
    out.string("topic");
    out.null_string();
    out.bytes("\0x"sv);
    for (auto value : {0, -1, 1, 63, -64, 64, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
        out.varint(value);
    out.varlong(std::numeric_limits<std::int64_t>::min());
    KafkaReader in(out.view());
    EXPECT_EQ(in.int8(), -5);
    EXPECT_EQ(in.int16(), -1234);
    EXPECT_EQ(in.int32(), -123456789);
    EXPECT_EQ(in.uint32(), 0xfedcba98u);
    EXPECT_EQ(in.int64(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(in.string(), "topic");
    EXPECT_EQ(in.nullable_string(), std::nullopt);
    EXPECT_EQ(in.bytes(), "\0x"sv);
    for (auto value : {0, -1, 1, 63, -64, 64, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
        EXPECT_EQ(in.varint(), value);
    EXPECT_EQ(in.varlong(), std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(in.at_end());
}

TEST(KafkaWire, EncodesVariableLengthAsTheProtocolGuideSays) {
    KafkaWriter out;
    out.varint(-1);
    out.varint(150);
    out.unsigned_varint(300);
    EXPECT_EQ(out.view(), "\x01\xac\x02\xac\x02"sv);
}

TEST(KafkaWire, GivesNothingMoreAfterTheFirstThingThatIsNotThere) {
    KafkaReader in(
        "\x00\x09"
        "abc\x00\x00\x00\x01"sv);
    EXPECT_EQ(in.string(), "");
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.int32(), 0);
    EXPECT_EQ(in.left(), 0u);
    EXPECT_FALSE(in.at_end());
}

TEST(KafkaWire, RefusesLengthsThatCannotBe) {
    EXPECT_FALSE([] {
        KafkaReader in("\xff\xfe"sv);  // -2
        in.nullable_string();
        return in.ok();
    }());
    EXPECT_FALSE([] {
        KafkaReader in("\xff\xff"sv);  // null where it may not be
        in.string();
        return in.ok();
    }());
    EXPECT_FALSE([] {
        KafkaReader in("\x7f\xff\xff\xff"sv);  // two thousand million elements in no bytes
        in.array(1);
        return in.ok();
    }());
    EXPECT_FALSE([] {
        KafkaReader in("\xff\xff\xff\xff\x1f"sv);  // 33 bits
        in.varint();
        return in.ok();
    }());
    EXPECT_FALSE([] {
        KafkaReader in("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv);  // 11 bytes
        in.varlong();
        return in.ok();
    }());
    EXPECT_FALSE([] {
        KafkaReader in("\x80"sv);  // goes on, but does not
        in.varint();
        return in.ok();
    }());
}

TEST(KafkaWire, SkipsTaggedFields) {
    KafkaReader in("\x01\x07\x02zz!"sv);
    in.tagged_fields();
    EXPECT_EQ(in.take(1), "!");
    EXPECT_TRUE(in.at_end());
}

}  // namespace
}  // namespace sluice::sandbox
