#include "ingest/keyed_mutex.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <thread>
#include <vector>

#include "net/run_for_test.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> hold(KeyedMutex& mutex, std::string key, std::string name, std::vector<std::string>& log,
                           SignalEvent& go) {
    KeyedMutex::Lock lock = co_await mutex.lock(std::move(key));
    log.push_back(name + " in");
    co_await go.wait(Deadline::never());
    log.push_back(name + " out");
    go.set();
}

TEST(KeyedMutex, OneAtATimeFirstComeFirstServed) {
    asio::io_context io;
    TaskGroup tasks(io);
    KeyedMutex mutex;
    SignalEvent go(io.get_executor());
    std::vector<std::string> log;
    for (const char* name : {"a", "b", "c"}) tasks.spawn(hold(mutex, "key", name, log, go));
    io.poll();
    EXPECT_EQ(log, (std::vector<std::string>{"a in"}));
    go.set();
    run_for_test(io, tasks.join());
    EXPECT_EQ(log, (std::vector<std::string>{"a in", "a out", "b in", "b out", "c in", "c out"}));
    EXPECT_EQ(mutex.size(), 0u);
}

TEST(KeyedMutex, KeysDoNotHoldEachOtherUp) {
    asio::io_context io;
    TaskGroup tasks(io);
    KeyedMutex mutex;
    SignalEvent first(io.get_executor());
    SignalEvent second(io.get_executor());
    std::vector<std::string> log;
    tasks.spawn(hold(mutex, "one", "a", log, first));
    tasks.spawn(hold(mutex, "two", "b", log, second));
    io.poll();
    EXPECT_EQ(log, (std::vector<std::string>{"a in", "b in"}));
    EXPECT_EQ(mutex.size(), 2u);
    first.set();
    second.set();
    run_for_test(io, tasks.join());
}

TEST(KeyedMutex, AMovedLockHoldsOn) {
    asio::io_context io;
    KeyedMutex mutex;
    KeyedMutex::Lock outer;
    {
        KeyedMutex::Lock inner = run_for_test(io, mutex.lock("key"));
        outer = std::move(inner);
    }
    EXPECT_EQ(mutex.size(), 1u);
    outer = KeyedMutex::Lock();
    EXPECT_EQ(mutex.size(), 0u);
}

asio::awaitable<void> count_up(KeyedMutex& mutex, int& counter, int times) {
    for (int i = 0; i < times; ++i) {
        KeyedMutex::Lock lock = co_await mutex.lock("counter");
        const int before = counter;
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        counter = before + 1;
    }
}

asio::awaitable<void> count_up_together(asio::io_context& io, KeyedMutex& mutex, int& counter,
                                        std::atomic<int>& running) {
    TaskGroup tasks(io);
    for (int i = 0; i < 10; ++i) tasks.spawn(count_up(mutex, counter, 50));
    co_await tasks.join();
    --running;
}

TEST(KeyedMutex, HoldsAcrossShards) {
    KeyedMutex mutex;
    int counter = 0;
    std::atomic<int> running{2};
    asio::io_context one, two;
    std::thread other([&] { run_for_test(two, count_up_together(two, mutex, counter, running)); });
    run_for_test(one, count_up_together(one, mutex, counter, running));
    other.join();
    EXPECT_EQ(running, 0);
    EXPECT_EQ(counter, 1000);
}

}  // namespace
}  // namespace sluice
