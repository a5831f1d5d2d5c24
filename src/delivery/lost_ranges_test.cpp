#include "delivery/lost_ranges.hpp"

#include <gmock/gmock.h>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LostRanges, ACursorThatTheLogStillReachesLosesNothing) {
    Cursor cursor;
    cursor.position.sequence = 7;
    const Cursor before = cursor;
    EXPECT_EQ(lose_before(cursor, 0), 0u);
    EXPECT_EQ(lose_before(cursor, 8), 0u);
    EXPECT_EQ(cursor, before);
}

TEST(LostRanges, WhatWasSettledBeyondTheCursorIsNotLost) {
    Cursor cursor;
    cursor.position.sequence = 7;
    cursor.settled_beyond = {{9, 10}, {12, 20}, {30, 31}};
    EXPECT_EQ(lose_before(cursor, 15), 2u) << "8 and 11";
    EXPECT_EQ(cursor.position.sequence, 20u);
    EXPECT_THAT(cursor.settled_beyond, ElementsAre(SequenceRange{30, 31}));
    EXPECT_EQ(cursor.ledger.lost, 2u);
    EXPECT_THAT(cursor.lost, ElementsAre(SequenceRange{8, 14}));

    EXPECT_EQ(lose_before(cursor, 30), 9u);
    EXPECT_EQ(cursor.position.sequence, 31u);
    EXPECT_THAT(cursor.settled_beyond, IsEmpty());
    EXPECT_EQ(cursor.ledger.lost, 11u);
    EXPECT_THAT(cursor.lost, ElementsAre(SequenceRange{8, 14}, SequenceRange{21, 29}));
}

TEST(LostRanges, OfTooManyTheOldestAreJoined) {
    std::vector<SequenceRange> ranges;
    for (Sequence at = 1; at <= 200; at += 2) note_lost(ranges, at, at);
    ASSERT_EQ(ranges.size(), 64u);
    EXPECT_EQ(ranges.front().first, 1u);
    EXPECT_EQ(ranges.back(), (SequenceRange{199, 199}));
    note_lost(ranges, 200, 205);
    EXPECT_EQ(ranges.back(), (SequenceRange{199, 205})) << "neighbours are one range";
}

}  // namespace
}  // namespace sluice
