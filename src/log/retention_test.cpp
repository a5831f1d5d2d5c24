#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"
#include "log/spare_files.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class Retention : public SimulatedLogTest {};

TEST_F(Retention, ListsSegmentsOldestFirst) {
    auto log = open();
    Timestamp start = clock.now();
    int last = fill_segments(*log, 3);
    auto segments = log->segments();
    ASSERT_THAT(segments, SizeIs(3));
    EXPECT_EQ(segments[0].first, 1u);
    EXPECT_EQ(segments[1].first, segments[0].last + 1);
    EXPECT_EQ(segments[2].first, segments[1].last + 1);
    EXPECT_EQ(segments[2].last, Sequence(last));
    EXPECT_EQ(segments[0].first_time, start);
    EXPECT_EQ(segments[0].bytes, 32u << 10);
    EXPECT_GT(segments[2].bytes, 0u);
    EXPECT_LE(segments[2].bytes, 32u << 10) << "of the active one, what was written";
    EXPECT_FALSE(segments[0].active);
    EXPECT_TRUE(segments[2].active);
    EXPECT_EQ(log->stats().bytes, 3u * (32 << 10));
}

TEST_F(Retention, TrimsWholeSegmentsBeforeTheGivenSequenceOldestFirst) {
    auto log = open();
    fill_segments(*log, 4);
    auto segments = log->segments();
    std::vector<std::pair<Sequence, Sequence>> told;
    auto before = [&](Sequence first, Sequence last) -> Result<void> {
        EXPECT_EQ(log->read({.from = first, .max_events = 1}).value().events.size(), 1u) << "still there";
        told.emplace_back(first, last);
        return {};
    };
    ASSERT_TRUE(log->trim(0, segments[2].first + 1, before));
    EXPECT_THAT(told,
                ElementsAre(Pair(segments[0].first, segments[0].last), Pair(segments[1].first, segments[1].last)));
    EXPECT_EQ(log->stats().oldest, segments[2].first);
    EXPECT_THAT(log->segments(), SizeIs(2));
    ReadPage page = log->read({.from = 1, .max_events = 1}).value();
    EXPECT_EQ(page.oldest, segments[2].first);
    EXPECT_EQ(page.events[0].sequence(), segments[2].first);
    EXPECT_EQ(log->get({0, 1}).error().code, Errc::not_found);
    log.reset();
    EXPECT_EQ(open()->stats().oldest, segments[2].first);
}

TEST_F(Retention, KeepsASegmentThatHoldsTheGivenSequence) {
    auto log = open();
    fill_segments(*log, 2);
    Sequence last = log->segments()[0].last;
    ASSERT_TRUE(log->trim(0, last, nullptr));
    EXPECT_EQ(log->stats().oldest, 1u);
    ASSERT_TRUE(log->trim(0, last + 1, nullptr));
    EXPECT_EQ(log->stats().oldest, last + 1);
}

TEST_F(Retention, NeverTrimsTheActiveSegment) {
    auto log = open();
    int last = fill_segments(*log, 2);
    ASSERT_TRUE(log->trim(0, Sequence(last) + 1000, nullptr));
    EXPECT_THAT(log->segments(), SizeIs(1));
    EXPECT_EQ(append_now(*log, numbered_batch(last + 1, 1)).value().first, Sequence(last + 1));
}

TEST_F(Retention, StopsWhereItIsToldNotTo) {
    auto log = open();
    fill_segments(*log, 4);
    int calls = 0;
    auto before = [&](Sequence, Sequence) -> Result<void> {
        if (++calls == 2) return make_error(Errc::unavailable, "not now");
        return {};
    };
    auto trimmed = log->trim(0, log->stats().head, before);
    ASSERT_FALSE(trimmed);
    EXPECT_EQ(trimmed.error().code, Errc::unavailable);
    EXPECT_THAT(log->segments(), SizeIs(3));
}

TEST_F(Retention, RecyclesTrimmedFilesAndTakesNothingOldForAnEvent) {
    auto log = open();
    for (int round = 0; round < 6; ++round) {
        int last = fill_segments(*log, 3);
        ASSERT_TRUE(log->trim(0, Sequence(last), nullptr));
    }
    EXPECT_GT(files->reuses(), 5u);
    int last = static_cast<int>(log->stats().head);
    // One small event in a file full of old ones.
    fill_segments(*log, 2);
    log.reset();
    log = open();
    auto events = read_all(*log);
    ASSERT_THAT(events, testing::Not(IsEmpty()));
    EXPECT_GT(events.back().sequence(), Sequence(last));
    EXPECT_EQ(events.back().sequence(), log->stats().head);
    Sequence expected = log->stats().oldest;
    for (const Event& event : events) {
        EXPECT_EQ(event.sequence(), expected);
        EXPECT_EQ(event->id, "e" + std::to_string(expected++));
    }
}

TEST_F(Retention, KeepsABoundedNumberOfSpareFiles) {
    SegmentLogOptions two = options();
    two.spare_segments = 2;
    auto log = SegmentLog::open(two).value();
    fill_segments(*log, 8);
    ASSERT_TRUE(log->trim(0, log->stats().head, nullptr));
    EXPECT_THAT(paths(".spare"), SizeIs(2));
    EXPECT_THAT(paths(".segment"), SizeIs(1));
    log.reset();
    two.spare_segments = 1;
    log = SegmentLog::open(two).value();
    EXPECT_THAT(paths(".spare"), SizeIs(1));
}

TEST_F(Retention, GoesOnWhereATryStoppedWhoseNamesWereNotSynced) {
    auto log = open();
    fill_segments(*log, 4);
    files->fail_folder_syncs(true);
    EXPECT_FALSE(log->trim(0, log->stats().head, nullptr));
    files->fail_folder_syncs(false);
    auto trimmed = log->trim(0, log->stats().head, nullptr);
    ASSERT_TRUE(trimmed) << trimmed.error().message;
    EXPECT_THAT(paths(".segment"), SizeIs(1));
}

TEST_F(Retention, DoesNotWriteIntoAFileThatIsStillRead) {
    std::string path = std::string(kFolder) + "/0000000001.segment";
    files->put(path, std::string(100, 'x'));
    auto reader =
        std::make_shared<Segment>(SegmentHeader{}, files->open(path, LogFiles::Access::read).value(), SegmentExtent{});
    SpareFiles spares({*files, kFolder}, 4);
    ASSERT_TRUE(spares.retire(reader));
    EXPECT_FALSE(files->exists(path));
    EXPECT_EQ(spares.take(), std::nullopt);
    reader.reset();
    EXPECT_EQ(spares.take(), std::string(kFolder) + "/0000000001.spare");
    EXPECT_EQ(spares.take(), std::nullopt);
}

TEST_F(Retention, MakesNewFilesWhenTheSegmentSizeWasChanged) {
    {
        auto log = open();
        fill_segments(*log, 3);
        ASSERT_TRUE(log->trim(0, log->stats().head, nullptr));
    }
    SegmentLogOptions larger = options();
    larger.segment_bytes = 64 << 10;
    auto log = SegmentLog::open(larger).value();
    Sequence oldest = log->stats().oldest;
    int last = fill_segments(*log, 3);
    auto segments = log->segments();
    EXPECT_EQ(segments[segments.size() - 2].bytes, 64u << 10);
    EXPECT_EQ(files->reuses(), 0u);
    EXPECT_EQ(read_all(*log).size(), Sequence(last) + 1 - oldest);
}

}  // namespace
}  // namespace sluice
