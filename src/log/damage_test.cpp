// Stored bytes that are not what was written. The rule:
//
//   Whatever single place is damaged, nothing is ever taken for an event that was not written, and nothing goes missing
//   silently, but for one case: the last frame of the last segment, when no index knows of it (the process was killed),
//   cannot be told from a write that was cut off before anybody was told of it.
//
// A damaged record of a sealed segment is found when it is read, and by verify; everything else when the log is opened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"
#include "log/record_format.hpp"
#include "log/verify.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Damage : public SimulatedLogTest {
  protected:
    SegmentLogOptions small() {
        SegmentLogOptions small = options();
        small.segment_bytes = 16 << 10;
        return small;
    }

    /// Two segments of a few small frames each, the second with room left. Killed: its last index knows nothing of it.
    void make_log(bool killed) {
        auto log = SegmentLog::open(small()).value();
        for (const auto& [first, count] : {std::pair{1, 1}, std::pair{2, 3}, std::pair{5, 2}})
            append_now(*log, numbered_batch(first, count, 40)).value();
        append_now(*log, numbered_batch(7, 1, 10500)).value();  // fills the second segment but for a little
        append_now(*log, numbered_batch(8, 2, 10)).value();
        append_now(*log, numbered_batch(10, 1, 10)).value();
        ASSERT_EQ(log->segments().size(), 2u);
        log->close();
        log.reset();
        segments = paths(".segment");
        if (killed) files->erase(paths(".index").back());
        healthy = files->after_kill();
    }
    void heal() { files = healthy->after_kill(); }

    /// Opens and reads; what cannot be had is an error.
    Result<std::vector<std::string>> read_ids() {
        auto log = SegmentLog::open(small());
        if (!log) return log.error();
        ReadPage page;
        auto read = (*log)->read({});
        if (!read) return read.error();
        return ids_of(read->events);
    }
    bool found_by_verify() { return !verify_log(kFolder, files.get()).value().sound(); }

    std::vector<std::string> segments;
    std::unique_ptr<SimulatedFiles> healthy;
    const std::vector<std::string> all{"e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9", "e10"};
    const std::vector<std::string> without_last_frame{"e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9"};
};

/// Places worth damaging: everything but the long runs of padding, of which every 101st.
std::vector<std::size_t> places(const std::string& content) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < content.size(); ++i) {
        bool in_run = i >= 16 && i + 16 < content.size() && content.substr(i - 16, 33) == std::string(33, content[i]);
        if (!in_run || i % 101 == 0) places.push_back(i);
    }
    return places;
}

TEST_F(Damage, IsNeverTakenForAnEventAndNeverSilentWhereverABitFlips) {
    for (bool killed : {false, true}) {
        make_log(killed);
        for (std::size_t segment = 0; segment < segments.size(); ++segment) {
            const std::string whole = files->content(segments[segment]);
            for (std::size_t at : places(whole)) {
                heal();
                files->content(segments[segment])[at] ^= static_cast<char>(1 << at % 8);
                auto ids = read_ids();
                SCOPED_TRACE(segments[segment] + " at " + std::to_string(at) + (killed ? ", killed" : ", closed"));
                if (ids) {
                    bool last_frame_may_go = killed && segment == 1;
                    ASSERT_TRUE(*ids == all || (last_frame_may_go && *ids == without_last_frame))
                        << testing::PrintToString(*ids);
                } else {
                    ASSERT_THAT(ids.error().code, testing::AnyOf(Errc::corrupt, Errc::unsupported));
                    ASSERT_THAT(ids.error().message, HasSubstr(segments[segment]));
                    heal();
                    files->content(segments[segment])[at] ^= static_cast<char>(1 << at % 8);
                    ASSERT_TRUE(found_by_verify());
                }
            }
        }
        files = std::make_unique<SimulatedFiles>();
    }
}

TEST_F(Damage, ATruncatedSegmentIsRefusedOrWhole) {
    make_log(true);
    for (const std::string& segment : segments) {
        for (std::size_t size = 0; size < (16 << 10); size += 97) {
            heal();
            files->content(segment).resize(size);
            auto ids = read_ids();
            ASSERT_FALSE(ids) << segment << " of " << size;
            ASSERT_EQ(ids.error().code, Errc::corrupt);
            ASSERT_TRUE(found_by_verify());
        }
    }
}

TEST_F(Damage, OfAnIndexIsNoLossAnywhere) {
    make_log(false);
    for (const std::string& index : paths(".index")) {
        std::size_t size = files->content(index).size();
        for (std::size_t at = 0; at < size; ++at) {
            heal();
            files->content(index)[at] ^= 0x04;
            ASSERT_EQ(read_ids().value(), all) << index << " at " << at;
            heal();
            files->content(index).resize(at);
            ASSERT_EQ(read_ids().value(), all) << index << " of " << at;
        }
    }
}

TEST_F(Damage, InTheMiddleNamesFileOffsetAndWhatToDo) {
    make_log(true);
    files->content(segments[1])[kSegmentHeaderBytes + 100] ^= 1;
    auto log = SegmentLog::open(small());
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Errc::corrupt);
    EXPECT_THAT(
        log.error().message,
        HasSubstr("/log/0000000002.segment is damaged at offset 4096, where event 7 should be: acknowledged events "
                  "follow at offset"));
    EXPECT_THAT(log.error().hint, HasSubstr("sluice store verify"));
}

TEST_F(Damage, FoundWhileReadingNamesFileOffsetAndEvent) {
    make_log(false);
    auto& content = files->content(segments[0]);
    std::size_t at = content.find("e3\"");
    content[at] ^= 1;
    auto log = SegmentLog::open(small()).value();
    auto page = log->read({});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, Errc::corrupt);
    EXPECT_THAT(page.error().message, HasSubstr("/log/0000000001.segment is damaged at offset"));
    EXPECT_THAT(page.error().message, HasSubstr("where event 3 should be"));
    EXPECT_EQ(log->get({0, 3}).error().code, Errc::corrupt);
    EXPECT_EQ(log->get({0, 4}).value()->id, "e4") << "the others are still there";
    EXPECT_TRUE(append_now(*log, numbered_batch(11, 1)));
}

TEST_F(Damage, AMissingSegmentInTheMiddleIsNamed) {
    auto log = open();
    fill_segments(*log, 4);
    Sequence third = log->segments()[2].first;
    log.reset();
    files->erase(paths(".segment")[1]);
    auto reopened = try_open();
    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error().code, Errc::corrupt);
    EXPECT_EQ(reopened.error().message,
              "1 segments are missing between /log/0000000001.segment and /log/0000000003.segment "
              "(which begins with event " +
                  std::to_string(third) + ")");
    EXPECT_TRUE(found_by_verify());
}

TEST_F(Damage, AMissingLastSegmentIsNamed) {
    auto log = open();
    fill_segments(*log, 3);
    log.reset();
    files->erase(paths(".segment").back());
    auto reopened = try_open();
    ASSERT_FALSE(reopened);
    EXPECT_THAT(reopened.error().message, HasSubstr("the segment after /log/0000000002.segment is missing"));
    EXPECT_TRUE(found_by_verify());
}

TEST_F(Damage, ACopyOfASegmentIsNamed) {
    make_log(false);
    files->put("/log/copy.segment", files->content(segments[0]));
    auto reopened = SegmentLog::open(small());
    ASSERT_FALSE(reopened);
    EXPECT_THAT(reopened.error().message, HasSubstr("are the same segment of the log"));
}

TEST_F(Damage, ASegmentOfAnotherLogIsNamed) {
    make_log(false);
    std::string first = files->content(segments[0]);
    files = std::make_unique<SimulatedFiles>();
    make_log(false);
    files->put(segments[0], first);
    auto reopened = SegmentLog::open(small());
    ASSERT_FALSE(reopened);
    EXPECT_THAT(reopened.error().message, HasSubstr("they are of different logs"));
}

TEST_F(Damage, NamesOfFilesAreNoEvidence) {
    make_log(false);
    files->put("/log/b.segment", files->content(segments[0]));
    files->put("/log/a.segment", files->content(segments[1]));
    for (const std::string& path : segments) files->erase(path);
    EXPECT_EQ(read_ids().value(), all);
}

TEST_F(Damage, VerifyTellsWhatItFound) {
    make_log(true);
    LogReport sound = verify_log(kFolder, files.get()).value();
    EXPECT_TRUE(sound.sound());
    EXPECT_EQ(sound.head, 10u);
    ASSERT_THAT(sound.segments, SizeIs(2));
    EXPECT_EQ(sound.segments[0].events, 6u);
    EXPECT_EQ(sound.segments[0].frames, 3u);
    EXPECT_EQ(sound.segments[0].index, SegmentReport::Index::good);
    EXPECT_EQ(sound.segments[1].first, 7u);
    EXPECT_EQ(sound.segments[1].last, 10u);
    EXPECT_EQ(sound.segments[1].index, SegmentReport::Index::missing);

    std::uint64_t before = files->operations();
    files->content(segments[0])[kSegmentHeaderBytes + 50] ^= 1;
    files->content(segments[1])[200] = 'x';  // in the header's padding
    LogReport damaged = verify_log(kFolder, files.get()).value();
    EXPECT_FALSE(damaged.sound());
    EXPECT_THAT(damaged.segments[0].problems, SizeIs(1));
    EXPECT_EQ(damaged.segments[0].events, 0u);
    EXPECT_THAT(damaged.segments[1].problems, IsEmpty());
    EXPECT_EQ(damaged.head, 10u);
    EXPECT_EQ(files->operations(), before) << "nothing was changed";

    auto log = open();
    EXPECT_EQ(verify_log(kFolder, files.get()).error().code, Errc::conflict);
}

TEST_F(Damage, VerifyTellsATornTailFromALoss) {
    make_log(true);
    std::string& content = files->content(segments[1]);
    content[content.rfind("e10")] ^= 1;
    LogReport report = verify_log(kFolder, files.get()).value();
    EXPECT_TRUE(report.sound());
    EXPECT_TRUE(report.segments[1].torn_tail);
    EXPECT_EQ(read_ids().value(), without_last_frame);
    report = verify_log(kFolder, files.get()).value();
    EXPECT_FALSE(report.segments[1].torn_tail) << "it was cut off";
}

}  // namespace
}  // namespace sluice
