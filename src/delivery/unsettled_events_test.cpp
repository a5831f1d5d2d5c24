#include "delivery/unsettled_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(UnsettledEvents, PositionFollowsReadingWhenNothingIsUnsettled) {
    UnsettledEvents events(5, {});
    EXPECT_EQ(events.position(), 5u);
    events.advance(9);
    EXPECT_EQ(events.position(), 9u);
}

TEST(UnsettledEvents, PositionStaysBeforeTheOldestUnsettled) {
    UnsettledEvents events(0, {});
    events.add(0, 2);
    events.add(1, 5);
    events.advance(8);
    EXPECT_EQ(events.position(), 1u);
    events.settle(1);
    EXPECT_EQ(events.position(), 1u);
    EXPECT_THAT(events.settled_beyond(), ElementsAre(SequenceRange{3, 8}));
    events.settle(0);
    EXPECT_EQ(events.position(), 8u);
    EXPECT_THAT(events.settled_beyond(), IsEmpty());
}

TEST(UnsettledEvents, GapsWithoutSettledEventsAreNoRanges) {
    UnsettledEvents events(0, {});
    events.add(0, 10);
    events.add(1, 20);
    EXPECT_EQ(events.range_count(), 0u);
    EXPECT_THAT(events.settled_beyond(), IsEmpty());
}

TEST(UnsettledEvents, ARangeAheadIsSteppedOverAndKept) {
    UnsettledEvents events(0, {{3, 4}, {8, 9}});
    EXPECT_TRUE(events.add(0, 2));
    EXPECT_FALSE(events.add(1, 3));
    EXPECT_EQ(events.read_position(), 4u);
    EXPECT_TRUE(events.add(1, 5));
    EXPECT_THAT(events.settled_beyond(), ElementsAre(SequenceRange{3, 4}, SequenceRange{8, 9}));
    EXPECT_EQ(events.range_count(), 2u);
    EXPECT_TRUE(events.rereading());
    events.advance(7);
    EXPECT_EQ(events.read_position(), 9u);
    EXPECT_FALSE(events.rereading());
}

TEST(UnsettledEvents, AgreesWithASetOfSequencesOverRandomLives) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 300; ++round) {
        std::set<Sequence> settled;  // by the model
        Sequence position = 0;
        std::vector<SequenceRange> beyond;
        for (int life = 0; life < 3; ++life) {
            UnsettledEvents events(position, beyond);
            std::vector<std::pair<SlotIndex, Sequence>> open;
            SlotIndex next_slot = 0;
            for (int step = 0; step < 60; ++step) {
                if (random() % 2 == 0) {
                    Sequence sequence = events.read_position() + 1;
                    bool matches = sequence % 3 != 0;
                    if (!matches) {
                        events.advance(sequence);
                    } else if (events.add(next_slot, sequence)) {
                        EXPECT_EQ(settled.count(sequence), 0u);
                        open.emplace_back(next_slot++, sequence);
                    }
                } else if (!open.empty()) {
                    std::size_t at = random() % open.size();
                    events.settle(open[at].first);
                    settled.insert(open[at].second);
                    open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
                }
                ASSERT_EQ(events.range_count(), events.settled_beyond().size());
                ASSERT_EQ(events.size(), open.size());
            }
            position = events.position();
            beyond = events.settled_beyond();
            auto covered = [&](Sequence s) {
                if (s <= position) return true;
                for (auto& range : beyond)
                    if (range.first <= s && s <= range.last) return true;
                return false;
            };
            for (Sequence s = 1; s <= events.read_position(); ++s) {
                if (s % 3 == 0) continue;
                ASSERT_EQ(covered(s), settled.count(s) > 0) << s;
            }
            Sequence last = position + 1;
            for (auto& range : beyond) {
                ASSERT_GT(range.first, last);
                ASSERT_GE(range.last, range.first);
                last = range.last + 1;
            }
        }
    }
}

}  // namespace
}  // namespace sluice
