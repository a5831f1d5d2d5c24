#include "log/log_copy.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <utility>

#include "log/log_statistics.hpp"
#include "log/log_test_kit.hpp"
#include "log/verify.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

/// On a real disk: what is copied are files.
class LogCopyTest : public testing::Test {
  protected:
    SegmentLogOptions options(const std::string& path) const {
        SegmentLogOptions options;
        options.folder = path;
        options.segment_bytes = 64 << 10;
        options.spare_segments = 1;
        return options;
    }
    std::unique_ptr<SegmentLog> open(const std::string& path) { return SegmentLog::open(options(path)).value(); }
    /// Events 1 to `last`, some hundred bytes each.
    void fill(SegmentLog& log, int last) {
        for (int first = 1; first <= last; first += 10) append_now(log, numbered_batch(first, 10, 300)).value();
    }
    Result<LogCopy::Extent> copy() {
        LogCopy copy(from, to);
        if (auto sealed = copy.sealed(nullptr); !sealed) return sealed.error();
        return copy.rest(nullptr);
    }

    TestFolder folder;
    const std::string from = folder.path() + "/from";
    const std::string to = folder.path() + "/to";
};

TEST_F(LogCopyTest, HoldsEveryEventOfALogThatIsOpen) {
    auto log = open(from);
    fill(*log, 1000);
    ASSERT_GT(log->segments().size(), 3u);
    auto extent = copy();
    ASSERT_TRUE(extent) << extent.error().message;
    EXPECT_EQ(extent->oldest, 1u);
    EXPECT_EQ(extent->head, 1000u);
    EXPECT_EQ(extent->segments, log->segments().size());
    ASSERT_TRUE(verify_log(to).value().sound());
    auto copied = open(to);
    EXPECT_EQ(ids_of(read_all(*copied)), ids_of(read_all(*log)));
    EXPECT_EQ(append_now(*copied, numbered_batch(1001, 1)).value().first, 1001u) << "and it can be written to";
}

TEST_F(LogCopyTest, HasNoHoleWhileTheLogIsWrittenAndTrimmed) {
    auto log = open(from);
    fill(*log, 300);
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int first = 301; !done; first += 5) {
            append_now(*log, numbered_batch(first, 5, 300)).value();
            if (first % 100 == 1) (void)log->trim(0, log->stats().head - 200, nullptr);
        }
    });
    for (int round = 0; round < 20; ++round) {
        Sequence head_before = log->stats().head;
        std::filesystem::remove_all(to);
        auto extent = copy();
        ASSERT_TRUE(extent) << extent.error().message;
        EXPECT_GE(extent->head, head_before);
        auto report = verify_log(to);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->sound());
        auto copied = open(to);
        auto events = read_all(*copied);
        ASSERT_EQ(events.size(), extent->head - extent->oldest + 1);
        for (std::size_t i = 0; i < events.size(); ++i) {
            EXPECT_EQ(events[i].sequence(), extent->oldest + i);
            EXPECT_EQ(events[i]->id, "e" + std::to_string(extent->oldest + i));
        }
    }
    done = true;
    writer.join();
}

TEST_F(LogCopyTest, LooksAgainWhenTheNewestSegmentWasTrimmedMeanwhile) {
    auto log = open(from);
    fill(*log, 1000);
    int written = 1000;
    LogCopy copy(from, to);
    bool trimmed = false;
    auto extent = copy.rest([&](std::uint64_t, std::uint64_t) {
        if (std::exchange(trimmed, true)) return;
        for (; written < 2000; written += 10) append_now(*log, numbered_batch(written + 1, 10, 300)).value();
        ASSERT_TRUE(log->trim(0, 1900, nullptr));
    });
    ASSERT_TRUE(extent) << extent.error().message;
    EXPECT_GT(extent->oldest, 1000u) << "the newest segment of before is gone";
    EXPECT_EQ(extent->head, 2000u);
    EXPECT_TRUE(verify_log(to).value().sound());
    EXPECT_EQ(ids_of(read_all(*open(to))), ids_of(read_all(*log)));
}

TEST_F(LogCopyTest, RefusesADamagedSegmentAndNamesThePlace) {
    std::string damaged;
    {
        auto log = open(from);
        fill(*log, 1000);
        log->close();
    }
    for (const auto& entry : std::filesystem::directory_iterator(from))
        if (entry.path().extension() == ".segment" && (damaged.empty() || entry.path() < damaged))
            damaged = entry.path();
    {
        std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(20'000);
        file << std::string(5000, '\x7f');  // more than the zeros between two frames
    }
    auto extent = copy();
    ASSERT_FALSE(extent);
    EXPECT_EQ(extent.error().code, Errc::corrupt);
    EXPECT_THAT(extent.error().message, HasSubstr(damaged));
}

TEST_F(LogCopyTest, ALiveLogVerifiesAsSoundWhileItIsWritten) {
    auto log = open(from);
    fill(*log, 200);
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int first = 201; !done; first += 5) append_now(*log, numbered_batch(first, 5, 300)).value();
    });
    for (int round = 0; round < 20; ++round) {
        Sequence head_before = log->stats().head;
        auto report = verify_live_log(from);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->sound());
        EXPECT_GE(report->head, head_before);
    }
    done = true;
    writer.join();
    EXPECT_EQ(verify_log(from).error().code, Errc::conflict) << "it is open";
}

TEST_F(LogCopyTest, StatisticsCountEventsAndBytesOfEachStream) {
    auto log = open(from);
    append_now(*log, batch_of({{.id = "a", .rec_type = "io.big", .padding = 1000},
                               {.id = "b", .rec_type = "io.small"},
                               {.id = "c", .rec_type = "io.big", .padding = 1000},
                               {.id = "d", .rec_type = "io.big", .org = "org.other"}}))
        .value();
    auto statistics = log_statistics(from, nullptr);
    ASSERT_TRUE(statistics) << statistics.error().message;
    EXPECT_EQ(statistics->events, 4u);
    EXPECT_EQ(statistics->oldest, 1u);
    EXPECT_EQ(statistics->head, 4u);
    ASSERT_TRUE(statistics->oldest_time && statistics->newest_time);
    EXPECT_EQ(*statistics->oldest_time, *statistics->newest_time);
    ASSERT_EQ(statistics->streams.size(), 3u);
    EXPECT_EQ(statistics->streams[0].org, "com.acme");
    EXPECT_EQ(statistics->streams[0].rec_type, "io.big");
    EXPECT_EQ(statistics->streams[0].events, 2u);
    EXPECT_GT(statistics->streams[0].bytes, 2000u);
    std::uint64_t bytes = 0;
    for (const auto& stream : statistics->streams) bytes += stream.bytes;
    EXPECT_EQ(bytes, statistics->record_bytes);
}

}  // namespace
}  // namespace sluice
