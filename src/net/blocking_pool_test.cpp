#include "net/blocking_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "net/await_callback.hpp"
#include "net/run_for_test.hpp"
#include "net/shard.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

TEST(BlockingPool, RunsWorkElsewhereAndResumesTheCallerWhereItWas) {
    BlockingPool pool("test", 2);
    asio::io_context io;
    auto task = [](BlockingPool& where) -> asio::awaitable<std::thread::id> {
        auto mine = std::this_thread::get_id();
        auto worker = co_await where.run([] { return std::this_thread::get_id(); });
        EXPECT_EQ(std::this_thread::get_id(), mine);
        co_return worker;
    };
    EXPECT_NE(run_for_test(io, task(pool)), std::this_thread::get_id());
}

TEST(BlockingPool, TakesWorkAndGivesValuesThatCanOnlyBeMoved) {
    BlockingPool pool("test", 1);
    asio::io_context io;
    auto work = [number = std::make_unique<int>(7)]() mutable { return std::move(number); };
    auto result = run_for_test(io, pool.run(std::move(work)));
    EXPECT_EQ(*result, 7);
}

TEST(BlockingPool, RunsWorkThatGivesNothing) {
    BlockingPool pool("test", 1);
    asio::io_context io;
    bool ran = false;
    run_for_test(io, pool.run([&ran] { ran = true; }));
    EXPECT_TRUE(ran);
}

TEST(BlockingPool, HandsAnExceptionToTheCaller) {
    BlockingPool pool("test", 1);
    asio::io_context io;
    auto work = []() -> int { throw std::runtime_error("disk on fire"); };
    try {
        run_for_test(io, pool.run(work));
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "disk on fire");
    }
}

TEST(BlockingPool, KeepsOrderWithOneThreadAndRunsWhatIsQueuedBeforeItStops) {
    std::vector<int> order;
    BlockingPool pool("test", 1);
    for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
    pool.stop();
    ASSERT_EQ(order.size(), 100u);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(BlockingPool, ItsThreadsWorkAtTheSameTime) {
    BlockingPool pool("test", 2);
    std::promise<void> first;
    std::promise<void> second;
    // Each waits for the other: with one thread this would never end.
    pool.post([&] {
        first.set_value();
        second.get_future().wait();
    });
    pool.post([&] {
        first.get_future().wait();
        second.set_value();
    });
    pool.stop();
}

asio::awaitable<std::unique_ptr<int>> take(std::function<void(std::function<void(std::shared_ptr<int>)>)> start) {
    auto begin = [start](auto done) { start(done); };
    auto value = co_await await_callback<std::shared_ptr<int>>(begin);
    co_return std::make_unique<int>(*value);
}

TEST(AwaitCallback, ResumesWhenCalledInsideTheStart) {
    asio::io_context io;
    auto value = run_for_test(io, take([](auto done) { done(std::make_shared<int>(5)); }));
    EXPECT_EQ(*value, 5);
}

TEST(AwaitCallback, ResumesOnTheCallersThreadWhenCalledFromAnother) {
    ShardSet shards(1);
    shards.start();
    asio::io_context io;
    auto task = [](Shard& shard) -> asio::awaitable<int> {
        auto mine = std::this_thread::get_id();
        auto start = [&shard](auto done) { asio::post(shard.io(), [done] { done(11); }); };
        int value = co_await await_callback<int>(start);
        EXPECT_EQ(std::this_thread::get_id(), mine);
        co_return value;
    };
    EXPECT_EQ(run_for_test(io, task(shards[0])), 11);
}

TEST(AwaitCallback, KeepsTheExecutorBusyUntilItIsCalled) {
    asio::io_context io;
    TaskGroup group(io);
    std::function<void(int)> done;
    int got = 0;
    auto task = [](std::function<void(int)>& out, int& result) -> asio::awaitable<void> {
        auto start = [&out](auto completion) { out = completion; };
        result = co_await await_callback<int>(start);
    };
    group.spawn(task(done, got));
    io.poll();
    ASSERT_TRUE(done);
    EXPECT_FALSE(io.stopped());
    std::thread other([&] { done(3); });
    io.run();
    other.join();
    EXPECT_EQ(got, 3);
}

TEST(PostGate, DropsWhatComesAfterTheEndOfTheIoContext) {
    auto io = std::make_unique<asio::io_context>();
    asio::any_io_executor executor = io->get_executor();
    auto gate = PostGate::of(executor);
    EXPECT_EQ(PostGate::of(executor), gate) << "one for all";
    int ran = 0;
    gate->post(executor, [&ran] { ++ran; });
    io->run();
    EXPECT_EQ(ran, 1);
    io.reset();
    gate->post(executor, [&ran] { ++ran; });
    EXPECT_EQ(ran, 1);
}

TEST(PostGate, StandsEndingsAtTheWorstMoment) {
    BlockingPool pool("test", 1);
    for (int i = 0; i < 300; ++i) {
        asio::io_context io;
        run_for_test(io, pool.run([] {}));
        // The pool's thread may still be inside its post() when the io_context goes.
    }
}

TEST(PostBatch, HandsEachIoContextItsShareInOneHandlerAndInOrder) {
    asio::io_context first;
    asio::io_context second;
    std::vector<int> ran;
    auto post = [&ran](asio::io_context& io, int what) {
        asio::any_io_executor executor = io.get_executor();
        PostGate::of(executor)->post(executor, [&ran, what] { ran.push_back(what); });
    };
    {
        PostBatch outer;
        post(first, 1);
        post(second, 20);
        {
            PostBatch inner;
            post(first, 2);
        }
        post(first, 3);
        EXPECT_EQ(first.poll(), 0u) << "nothing leaves before the outermost scope ends";
    }
    first.restart();
    EXPECT_EQ(first.run_one(), 1u);
    EXPECT_THAT(ran, testing::ElementsAre(1, 2, 3));
    EXPECT_EQ(second.run_one(), 1u);
    EXPECT_THAT(ran, testing::ElementsAre(1, 2, 3, 20));

    post(second, 21);
    second.restart();
    EXPECT_EQ(second.run_one(), 1u) << "and without a scope it goes at once";
}

TEST(PostBatch, DropsWhatIsForAnIoContextThatHasEnded) {
    auto io = std::make_unique<asio::io_context>();
    asio::any_io_executor executor = io->get_executor();
    auto gate = PostGate::of(executor);
    auto held = std::make_shared<int>(0);
    {
        PostBatch batch;
        gate->post(executor, [held] { ++*held; });
        io.reset();
    }
    EXPECT_EQ(*held, 0);
    EXPECT_EQ(held.use_count(), 1) << "what was collected is let go of";
}

}  // namespace
}  // namespace sluice
