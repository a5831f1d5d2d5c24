#include "net/shared_turn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <thread>
#include <vector>

#include "net/blocking_pool.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;
using testing::ElementsAre;

class SharedTurnTest : public testing::Test {
  protected:
    asio::awaitable<void> pass(SharedTurn& turn, std::string name, int steps) {
        auto hold = co_await turn.take();
        if (!hold) {
            log_.push_back(name + " refused");
            co_return;
        }
        log_.push_back(name + " in");
        for (int i = 0; i < steps; ++i) co_await asio::post(io_, asio::use_awaitable);
        log_.push_back(name + " out");
    }
    void drain() { run_for_test(io_, tasks_.join()); }

    asio::io_context io_{1};
    TaskGroup tasks_{io_};
    std::vector<std::string> log_;
};

TEST_F(SharedTurnTest, LetsSoManyThroughAndTheRestInTheirOrder) {
    SharedTurn turn(2, 10);
    tasks_.spawn(pass(turn, "a", 10));
    for (auto name : {"b", "c", "d"}) tasks_.spawn(pass(turn, name, 30));
    drain();
    EXPECT_THAT(log_, ElementsAre("a in", "b in", "a out", "c in", "b out", "d in", "c out", "d out"));
    log_.clear();
    for (auto name : {"e", "f"}) tasks_.spawn(pass(turn, name, 10));
    drain();
    EXPECT_THAT(log_, ElementsAre("e in", "f in", "e out", "f out")) << "both were given back";
}

TEST_F(SharedTurnTest, RefusesAtOnceWhenTooManyWait) {
    SharedTurn turn(1, 1);
    for (auto name : {"a", "b", "c"}) tasks_.spawn(pass(turn, name, 10));
    drain();
    EXPECT_THAT(log_, ElementsAre("a in", "c refused", "a out", "b in", "b out"));
}

struct Inside {
    std::atomic<int> now = 0, most = 0, done = 0;
};

asio::awaitable<void> work_inside(SharedTurn& turn, BlockingPool& pool, Inside& inside) {
    auto hold = co_await turn.take();
    co_await pool.run([&inside] {
        int now = ++inside.now;
        for (int seen = inside.most; now > seen && !inside.most.compare_exchange_weak(seen, now);) {
        }
        --inside.now;
    });
    ++inside.done;
}

TEST(SharedTurn, HoldsForAllThreadsTogether) {
    SharedTurn turn(2, 1000);
    BlockingPool pool("test", 4);
    Inside inside;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            asio::io_context io{1};
            TaskGroup tasks(io);
            for (int j = 0; j < 100; ++j) tasks.spawn(work_inside(turn, pool, inside));
            run_for_test(io, tasks.join());
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(inside.done, 300);
    EXPECT_LE(inside.most, 2);
}

}  // namespace
}  // namespace sluice
