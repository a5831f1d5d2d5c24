// The log on the machine's own file system.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "log/aligned_buffer.hpp"
#include "log/log_test_kit.hpp"
#include "log/verify.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SystemLog : public testing::Test {
  protected:
    SegmentLogOptions options(const std::string& path) {
        SegmentLogOptions options;
        options.folder = path;
        options.segment_bytes = 64 << 10;
        return options;
    }
    std::unique_ptr<SegmentLog> open() { return SegmentLog::open(options(folder.path() + "/log")).value(); }

    TestFolder folder;
};

TEST_F(SystemLog, WritesReadsTrimsAndRecovers) {
    int last = 0;
    Sequence oldest = 0;
    {
        auto log = open();
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 40; ++i, ++last) ASSERT_TRUE(append_now(*log, numbered_batch(last + 1, 1, 2500)));
            ASSERT_TRUE(log->trim(0, log->stats().head - 10, nullptr));
        }
        oldest = log->stats().oldest;
        ASSERT_GT(oldest, 1u);
    }
    auto log = open();
    auto events = read_all(*log);
    ASSERT_EQ(events.size(), std::size_t(last) + 1 - oldest);
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i]->id, "e" + std::to_string(oldest + i));
    log.reset();
    EXPECT_TRUE(verify_log(folder.path() + "/log").value().sound());
}

TEST_F(SystemLog, ReadersSeeAtOnceWhatWasWrittenPastThePageCache) {
    auto log = open();
    std::atomic<Sequence> durable = 0;
    std::atomic<bool> stop = false;
    std::thread reader([&] {
        while (!stop) {
            // Around the end, so that pages are read while what is behind them is being written.
            Sequence head = durable;
            ReadRequest request{.from = head > 3 ? head - 3 : 1, .max_events = 10};
            auto page = log->read(request);
            ASSERT_TRUE(page) << page.error().message;
            for (const Event& event : page->events) ASSERT_EQ(event->id, "e" + std::to_string(event.sequence()));
            ASSERT_GE(page->next, head + 1);
        }
    });
    for (int i = 1; i <= 150; ++i) {
        Result<AppendReceipt> receipt = append_now(*log, numbered_batch(i, 1, static_cast<std::size_t>(i * 37 % 3000)));
        ASSERT_TRUE(receipt);
        durable = receipt->last;
    }
    stop = true;
    reader.join();
}

TEST_F(SystemLog, WorksInMemoryBackedFoldersToo) {
    std::string path = "/dev/shm/sluice-log-test-" + std::to_string(::getpid());
    if (::access("/dev/shm", W_OK) != 0) GTEST_SKIP() << "no /dev/shm here";
    {
        auto log = SegmentLog::open(options(path)).value();
        ASSERT_TRUE(append_now(*log, numbered_batch(1, 3)));
        EXPECT_THAT(ids_of(read_all(*log)), ElementsAre("e1", "e2", "e3"));
    }
    std::filesystem::remove_all(path);
}

TEST_F(SystemLog, NamesFolderAndProcessWhenAnotherProcessHasItOpen) {
    auto log = open();
    pid_t child = ::fork();
    if (child == 0) {
        auto second = SegmentLog::open(options(folder.path() + "/log"));
        bool right = !second && second.error().code == Errc::conflict &&
                     second.error().message ==
                         "the log in " + folder.path() + "/log is in use by process " + std::to_string(::getppid());
        ::_exit(right ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(verify_log(folder.path() + "/log").error().code, Errc::conflict);
    log.reset();
    EXPECT_NO_THROW(open());
}

TEST_F(SystemLog, TheLockOfADeadProcessIsGone) {
    std::string path = folder.path() + "/log";
    pid_t child = ::fork();
    if (child == 0) {
        auto lock = system_log_files().make_folder(path)
                        ? nullptr
                        : system_log_files().lock(path, LogFiles::LockMode::exclusive).value().release();
        ::_exit(lock != nullptr ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(std::filesystem::exists(path + "/LOCK"));
    EXPECT_TRUE(SegmentLog::open(options(path)));
}

TEST_F(SystemLog, SaysWhatIsWrongWithAFolderThatCannotBeWritten) {
    std::string file = folder.path() + "/file";
    std::ofstream(file) << "x";
    auto log = SegmentLog::open(options(file));
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Errc::io);
    EXPECT_THAT(log.error().message, HasSubstr(file));
    Error read_only =
        io_error("open the lock file", "/data/LOCK", std::make_error_code(std::errc::read_only_file_system));
    EXPECT_EQ(read_only.message, "cannot open the lock file /data/LOCK: Read-only file system");
    EXPECT_EQ(read_only.hint, "the log needs a file system that can be written");
}

TEST_F(SystemLog, VerifyLeavesAFolderWithoutALockFileAlone) {
    EXPECT_TRUE(verify_log(folder.path()).value().sound());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(SystemLog, WritesInBlocksThatTheDeviceWritesWhole) {
    std::string path = folder.path() + "/file";
    ASSERT_FALSE(system_log_files().create(path, 64 << 10));
    auto file = system_log_files().open(path, LogFiles::Access::read_write).value();
    std::uint32_t block = file->block_bytes();
    EXPECT_TRUE(block == 512 || block == 1024 || block == 2048 || block == 4096) << block;
    AlignedBuffer buffer;
    buffer.grow(block, 0);
    std::memset(buffer.data(), 'x', block);
    EXPECT_FALSE(file->write(block, {buffer.data(), block}));
    EXPECT_FALSE(file->sync());
    std::string found(block, '\0');
    EXPECT_EQ(file->read(block, found.data(), block).value(), block);
    EXPECT_EQ(found, std::string(block, 'x'));
    EXPECT_EQ(file->size().value(), 64u << 10);
}

TEST_F(SystemLog, LeavesNothingOfAFileThatCannotBeAllocated) {
    std::string path = folder.path() + "/file";
    EXPECT_TRUE(system_log_files().create(path, std::uint64_t(1) << 60));
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace sluice
