// Many threads append, read, count and trim at once. Worth most under ThreadSanitizer.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "log/log_test_kit.hpp"

namespace sluice {
namespace {

constexpr int kThreads = 4;
constexpr int kBatchesEach = 60;

class Concurrency : public SimulatedLogTest {};

TEST_F(Concurrency, EveryBatchOfEveryThreadIsThereOnceAndInTheOrderItWasGiven) {
    auto log = open();
    Sequence heard = 0;
    log->add_commit_listener([&](const std::shared_ptr<const CommittedBatch>& batch) {
        ASSERT_EQ(batch->first, heard + 1);
        heard = batch->last;
    });
    std::latch all_done(kThreads * kBatchesEach);
    std::atomic<int> acknowledged = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kBatchesEach; ++i) {
                std::string name = "t" + std::to_string(t) + "-" + std::to_string(i);
                EventBatch batch = batch_of({{.id = name + "a", .padding = 200}, {.id = name + "b"}});
                log->append(std::move(batch), [&](Result<AppendReceipt> done) {
                    if (done && log->stats().head >= done->last) ++acknowledged;
                    all_done.count_down();
                });
            }
        });
    }
    all_done.wait();
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(acknowledged, kThreads * kBatchesEach);

    auto ids = ids_of(read_all(*log));
    ASSERT_EQ(ids.size(), std::size_t(kThreads * kBatchesEach * 2));
    EXPECT_EQ(heard, ids.size());
    std::vector<int> next(kThreads, 0);
    for (std::size_t i = 0; i < ids.size(); i += 2) {
        int thread = ids[i][1] - '0';
        std::string name = "t" + std::to_string(thread) + "-" + std::to_string(next[thread]++);
        EXPECT_EQ(ids[i], name + "a");
        EXPECT_EQ(ids[i + 1], name + "b");
    }
}

TEST_F(Concurrency, ReadersSeeAWholeLogWhileItGrowsAndIsTrimmed) {
    SegmentLogOptions few = options();
    few.segment_bytes = 16 << 10;
    few.index_cache_bytes = 20 << 10;
    auto log = SegmentLog::open(few).value();
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> read = 0;
    EventFilter acme;
    acme.orgs = {"com.acme"};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            ReadRequest request{.filter = t == 0 ? nullptr : &acme, .max_events = 50};
            while (!stop) {
                ReadPage page = log->read(request).value();
                Sequence expected = std::max(request.from, page.oldest);
                for (const Event& event : page.events) {
                    ASSERT_EQ(event.sequence(), expected);
                    ASSERT_EQ(event->id, "e" + std::to_string(expected++));
                }
                read += page.events.size();
                request.from = page.at_end ? 1 : page.next;
                if (page.events.empty()) continue;
                // The oldest may be gone by now, the newest is not.
                auto one = log->get(page.events.back().position());
                ASSERT_TRUE(one || one.error().code == Errc::not_found);
            }
        });
    }
    threads.emplace_back([&] {
        while (!stop) {
            Sequence head = log->stats().head;
            ASSERT_TRUE(log->trim(0, head > 30 ? head - 30 : 1, nullptr));
            (void)log->count(0, 1, ~Sequence(0), acme).value();
            (void)log->first_at_or_after(0, clock.now()).value();
            (void)log->segments();
            clock.advance(std::chrono::milliseconds(1));
        }
    });
    for (int i = 1; i <= 400; ++i) ASSERT_TRUE(append_now(*log, numbered_batch(i, 1, 700)));
    while (read < 100) std::this_thread::yield();
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log->stats().head, 400u);
}

}  // namespace
}  // namespace sluice
