// A disk that is full, and one that fails.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FailingDisk : public SimulatedLogTest {};

TEST_F(FailingDisk, RefusesAppendsWhenItIsFullAndGoesOnWhenThereIsRoom) {
    auto log = open();
    int last = fill_segments(*log, 2);
    files->set_free_bytes(1000);
    Result<AppendReceipt> receipt = make_error(Errc::unavailable, "not tried");
    while ((receipt = append_now(*log, numbered_batch(last + 1, 1, 3000)))) ++last;
    EXPECT_EQ(receipt.error().code, Errc::exhausted);
    EXPECT_EQ(receipt.error().message, "disk full: /log has no room for the next segment of 32768 bytes (1000 free)");
    EXPECT_THAT(log->segments(), SizeIs(2));
    EXPECT_EQ(read_all(*log).size(), std::size_t(last)) << "reading goes on";
    EXPECT_FALSE(append_now(*log, numbered_batch(last + 1, 1, 3000)));

    files->set_free_bytes(1 << 20);
    EXPECT_EQ(append_now(*log, numbered_batch(last + 1, 1, 3000)).value().first, Sequence(last + 1))
        << "no hole was left";
    EXPECT_THAT(fatal, IsEmpty());
    log.reset();
    EXPECT_EQ(read_all(*open()).size(), std::size_t(last + 1));
}

TEST_F(FailingDisk, OpensANewLogThoughItIsFull) {
    files->set_free_bytes(0);
    auto log = open();
    EXPECT_EQ(append_now(*log, numbered_batch(1, 1)).error().code, Errc::exhausted);
    files->set_free_bytes(1 << 20);
    EXPECT_EQ(append_now(*log, numbered_batch(1, 1)).value().first, 1u);
}

TEST_F(FailingDisk, WritesIntoSpareFilesThoughItIsFull) {
    auto log = open();
    fill_segments(*log, 4);
    ASSERT_TRUE(log->trim(0, log->stats().head, nullptr));
    files->set_free_bytes(0);
    fill_segments(*log, 3);
    EXPECT_EQ(files->reuses(), 2u);
}

TEST_F(FailingDisk, NothingOfARefusedGroupIsWritten) {
    auto log = open();
    int last = fill_segments(*log, 2);
    Sequence head = log->stats().head;
    files->set_free_bytes(0);
    // The first does not fit and has no next segment: what comes behind it does not overtake it.
    auto large = append_later(*log, numbered_batch(last + 1, 1, 27000));
    auto refused = large.get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(log->stats().head, head);
    EXPECT_TRUE(append_now(*log, numbered_batch(last + 1, 1, 10))) << "the active segment has room for a small one";
}

TEST_F(FailingDisk, RefusesAppendsBelowTheFloorOfFreeDisk) {
    SegmentLogOptions floor = options();
    floor.min_free_disk = 1 << 20;
    files->set_free_bytes(2 << 20);
    auto log = SegmentLog::open(floor).value();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 1)));

    files->set_free_bytes((1 << 20) - 1);
    EXPECT_TRUE(append_now(*log, numbered_batch(2, 1))) << "it is not asked at every append";
    clock.advance(std::chrono::milliseconds(200));
    auto refused = append_now(*log, numbered_batch(3, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_THAT(refused.error().message, HasSubstr("1048575 bytes are free and 1048576 are needed"));

    files->set_free_bytes(1 << 20);
    clock.advance(std::chrono::milliseconds(200));
    EXPECT_EQ(append_now(*log, numbered_batch(3, 1)).value().first, 3u);
}

TEST_F(FailingDisk, DoesNotAllocateASegmentThatWouldCrossTheFloor) {
    SegmentLogOptions floor = options();
    floor.min_free_disk = 1 << 20;
    files->set_free_bytes((1 << 20) + 1000);
    auto log = SegmentLog::open(floor).value();
    auto refused = append_now(*log, numbered_batch(1, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_THAT(paths(".segment"), IsEmpty());
}

TEST_F(FailingDisk, AFailedSyncEndsTheProcess) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 1)));
    files->fail_syncs(true);
    auto failed = append_now(*log, numbered_batch(2, 1));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Errc::io);
    ASSERT_THAT(fatal, SizeIs(1));
    EXPECT_THAT(fatal[0], HasSubstr("cannot sync /log/0000000001.segment: Input/output error (errno 5)"));
    // Here, where the handler returned: nothing is tried again, whatever a second sync would answer.
    files->fail_syncs(false);
    std::uint64_t before = files->operations();
    EXPECT_EQ(append_now(*log, numbered_batch(3, 1)).error().code, Errc::io);
    log->close();
    EXPECT_EQ(files->operations(), before);
    EXPECT_EQ(log->stats().head, 1u);
    EXPECT_EQ(read_all(*log).size(), 1u);
}

TEST_F(FailingDisk, AFailedWriteEndsTheProcess) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 1)));
    files->fail_writes(true);
    EXPECT_EQ(append_now(*log, numbered_batch(2, 1)).error().code, Errc::io);
    ASSERT_THAT(fatal, SizeIs(1));
    EXPECT_THAT(fatal[0], HasSubstr("cannot write /log/0000000001.segment"));
}

TEST_F(FailingDisk, AFailedSyncOfANewSegmentEndsTheProcess) {
    auto log = open();
    files->fail_syncs(true);
    EXPECT_EQ(append_now(*log, numbered_batch(1, 1)).error().code, Errc::io);
    EXPECT_THAT(fatal, SizeIs(1));
}

TEST_F(FailingDisk, AFailedSyncAtTheStartIsAnError) {
    ASSERT_TRUE(append_now(*open(), numbered_batch(1, 1)));
    files->fail_syncs(true);
    auto log = try_open();
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Errc::io);
}

TEST(FailingDiskDeathTest, EndsTheProcessWhenNoHandlerIsGiven) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            SimulatedFiles files;
            SegmentLogOptions options;
            options.folder = "/log";
            options.segment_bytes = 32 << 10;
            options.files = &files;
            auto log = SegmentLog::open(options).value();
            files.fail_syncs(true);
            (void)append_now(*log, numbered_batch(1, 1));
        },
        "cannot sync /log/0000000001");
}

}  // namespace
}  // namespace sluice
