#include "store/cursor_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/encoding.hpp"

namespace sluice {
namespace {

Cursor sample_cursor() {
    Cursor cursor;
    cursor.position = {0, 1000};
    cursor.settled_beyond = {{1002, 1002}, {1010, 1209}};
    cursor.ledger = {.delivered = 900,
                     .dead_lettered = 3,
                     .discarded = 2,
                     .lost = 95,
                     .retries = 5,
                     .duplicates_possible = 1,
                     .bytes = 1'800'000};
    cursor.lost = {{1, 95}};
    return cursor;
}

std::string encoded(const Cursor& cursor) {
    std::string out;
    encode_cursor(cursor, out);
    return out;
}

DeadLetter sample_letter() {
    return {.position = {0, 42},
            .error_class = "rejected",
            .code = "InvalidMessageContents",
            .message = "no",
            .target = "q",
            .at = from_epoch_ms(1'700'000'000'123),
            .attempts = 3,
            .record = std::string("\x01\x00rec", 5),
            .event_time = from_epoch_ms(1'700'000'000'000)};
}

std::string encoded(const DeadLetter& letter) {
    std::string out;
    encode_dead_letter(letter, out);
    return out;
}

// What is on disk must be readable by every later version: when one of these changes, the version does too.
TEST(CursorCodec, CursorBytesAreTheseForEver) {
    EXPECT_EQ(hex_lower(encoded(sample_cursor())),
              "01"          // version
              "e807"        // position 1000
              "8407"        // delivered 900
              "03025f0501"  // dead_lettered 3, discarded 2, lost 95, retries 5, duplicates_possible 1
              "c0ee6d"      // bytes 1,800,000
              "020000"      // two ranges; 1002 alone: no more than the one gap
              "06c701"      // 1003…1009 is a gap of seven; 200 long
              "01015e");    // one lost range: 1, 95 long
}

TEST(CursorCodec, OneThatCountsRedeliveriesHasTheNextVersionAndTheCountAtItsEnd) {
    Cursor cursor = sample_cursor();
    std::string before = hex_lower(encoded(cursor));
    cursor.ledger.redelivered = 300;
    EXPECT_EQ(hex_lower(encoded(cursor)), "02" + before.substr(2) + "ac02");
    EXPECT_EQ(decode_cursor(0, encoded(cursor)).value(), cursor);
    std::string whole = encoded(cursor);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_cursor(0, whole.substr(0, size))) << size;
}

TEST(CursorCodec, OneThatDeliveredHasTheVersionAfterThatAndTheTimeAtItsEnd) {
    Cursor cursor = sample_cursor();
    std::string before = hex_lower(encoded(cursor));
    cursor.last_delivery = from_epoch_ms(1'700'000'000'000);
    EXPECT_EQ(hex_lower(encoded(cursor)), "03" + before.substr(2) + "00" + "80a0abfef962");
    EXPECT_EQ(decode_cursor(0, encoded(cursor)).value(), cursor);
    cursor.ledger.redelivered = 300;
    EXPECT_EQ(decode_cursor(0, encoded(cursor)).value(), cursor);
    std::string whole = encoded(cursor);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_cursor(0, whole.substr(0, size))) << size;
}

TEST(CursorCodec, DeadLetterBytesAreTheseForEver) {
    EXPECT_EQ(hex_lower(encoded(sample_letter())),
              "0103"          // version, attempts
              "f6a1abfef962"  // at
              "80a0abfef962"  // event time
              "08" +
                  hex_lower("rejected") + "16" + hex_lower("InvalidMessageContents") + "02" + hex_lower("no") + "01" +
                  hex_lower("q") + "0100" + hex_lower("rec"));
}

TEST(CursorCodec, KeysAreTheseForEver) {
    EXPECT_EQ(hex_lower(cursor_key("acme", 1)), hex_lower("c\x04"
                                                          "acme") +
                                                    "00000001");
    EXPECT_EQ(hex_lower(dead_letter_key("acme", {1, 258})), hex_lower("d\x04"
                                                                      "acme") +
                                                                "00000001"
                                                                "0000000000000102");
    EXPECT_EQ(hex_lower(totals_key("acme")), hex_lower("t\x04"
                                                       "acme"));
    EXPECT_EQ(hex_lower(targets_place_key("acme")), hex_lower("p\x04"
                                                              "acme"));
    EXPECT_EQ(hex_lower(target_key("acme", 258)), hex_lower("n\x04"
                                                            "acme") +
                                                      "00000102");
}

TEST(CursorCodec, TargetBytesAreTheseForEver) {
    EXPECT_EQ(hex_lower(encode_target_text("io.acme.Door")), "01" + hex_lower("io.acme.Door"));
    EXPECT_EQ(decode_target_text("\x01io.acme.Door").value(), "io.acme.Door");
    EXPECT_EQ(decode_target_text("\x02io.acme.Door").error().code, Errc::unsupported);
    EXPECT_EQ(decode_target_text("").error().code, Errc::corrupt);
}

TEST(CursorCodec, GivesBackWhatItWasGiven) {
    EXPECT_EQ(decode_cursor(0, encoded(sample_cursor())).value(), sample_cursor());
    EXPECT_EQ(decode_dead_letter({0, 42}, encoded(sample_letter())).value(), sample_letter());
    Cursor fresh;
    fresh.position.partition = 3;
    EXPECT_EQ(decode_cursor(3, encoded(fresh)).value(), fresh);
}

TEST(CursorCodec, CarriesTheLargestNumbers) {
    constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
    Cursor cursor;
    cursor.settled_beyond = {{kMax - 5, kMax - 3}, {kMax, kMax}};
    cursor.ledger = {kMax, kMax, kMax, kMax, kMax, kMax, kMax, kMax};
    cursor.lost = {{0, kMax}};
    EXPECT_EQ(decode_cursor(0, encoded(cursor)).value(), cursor);
    CursorStore::DeadLetterTotals totals{kMax, kMax};
    EXPECT_EQ(decode_totals(encode_totals(totals)).value(), totals);
}

TEST(CursorCodec, ARangeCostsTwoBytes) {
    Cursor cursor;
    for (Sequence at = 2; at < 2002; at += 2) cursor.settled_beyond.push_back({at, at});
    EXPECT_LE(encoded(cursor).size(), 2 * cursor.settled_beyond.size() + 12);
}

TEST(CursorCodec, RefusesEveryTruncationAndEveryAddition) {
    std::string whole = encoded(sample_cursor());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_cursor(0, whole.substr(0, size))) << size;
    }
    EXPECT_EQ(decode_cursor(0, whole + '\0').error().code, Errc::corrupt);
    std::string letter = encoded(sample_letter());
    for (std::size_t size = 0; size < letter.size() - sample_letter().record.size(); ++size) {
        EXPECT_FALSE(decode_dead_letter({}, letter.substr(0, size))) << size;
    }
}

TEST(CursorCodec, TellsANewerVersionFromDamage) {
    EXPECT_EQ(decode_cursor(0, "\x04xyz").error().code, Errc::unsupported);
    EXPECT_EQ(decode_dead_letter({}, "\x02xyz").error().code, Errc::unsupported);
    EXPECT_EQ(decode_cursor(0, std::string(1, '\0')).error().code, Errc::corrupt);
}

TEST(CursorCodec, RefusesRangesThatRunPastTheLastSequence) {
    Cursor cursor;
    cursor.position.sequence = std::numeric_limits<std::uint64_t>::max();
    std::string bytes = encoded(cursor);
    bytes.resize(bytes.size() - 2);
    bytes += std::string("\x01\x00\x00\x00", 4);  // one range, just beyond the position
    EXPECT_EQ(decode_cursor(0, bytes).error().code, Errc::corrupt);
}

TEST(CursorCodecDeathTest, WillNotStoreACursorThatBreaksItsPromise) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Cursor touching;
    touching.position.sequence = 10;
    touching.settled_beyond = {{11, 12}};
    std::string out;
    EXPECT_DEATH(encode_cursor(touching, out), "lie beyond its position");
}

}  // namespace
}  // namespace sluice
