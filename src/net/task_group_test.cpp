#include "net/task_group.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "net/run_for_test.hpp"
#include "net/signal_event.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

class TaskGroupTest : public testing::Test {
  protected:
    asio::io_context io_;
    std::vector<std::string> seen_;
};

asio::awaitable<void> say(std::vector<std::string>& seen, std::string word) {
    seen.push_back(std::move(word));
    co_return;
}

/// Waits until cancelled, then cleans up across another suspension.
asio::awaitable<void> wait_and_clean_up(asio::io_context& io, std::vector<std::string>& seen, std::string name) {
    SignalEvent never(io.get_executor());
    seen.push_back(name + " waits");
    bool set = co_await never.wait(Deadline::never());
    co_await asio::post(io, asio::use_awaitable);
    seen.push_back(name + (set ? " was set" : " was cancelled"));
    bool again = co_await never.wait(Deadline::never());
    EXPECT_FALSE(again) << "what is waited on after the cancellation must not wait";
}

asio::awaitable<void> wait_plainly(asio::io_context& io) {
    asio::steady_timer timer(io, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

TEST_F(TaskGroupTest, StartsATaskOnTheNextTurnAndNotInsideSpawn) {
    TaskGroup group(io_);
    asio::post(io_, [&] {
        group.spawn(say(seen_, "task"));
        seen_.push_back("after spawn");
    });
    io_.run();
    EXPECT_EQ(seen_, (std::vector<std::string>{"after spawn", "task"}));
    EXPECT_EQ(group.size(), 0u);
}

TEST_F(TaskGroupTest, JoinOfAnEmptyGroupCompletesAtOnce) {
    TaskGroup group(io_);
    run_for_test(io_, group.join());
}

TEST_F(TaskGroupTest, JoinWaitsForEveryTask) {
    TaskGroup group(io_);
    group.spawn(say(seen_, "one"));
    group.spawn(say(seen_, "two"));
    EXPECT_EQ(group.size(), 2u);
    run_for_test(io_, group.join());
    EXPECT_EQ(seen_, (std::vector<std::string>{"one", "two"}));
}

TEST_F(TaskGroupTest, ManyMayJoin) {
    TaskGroup group(io_);
    TaskGroup joining(io_);
    group.spawn(wait_and_clean_up(io_, seen_, "task"));
    joining.spawn(group.join());
    joining.spawn(group.join());
    io_.poll();
    EXPECT_EQ(joining.size(), 2u);
    group.cancel();
    run_for_test(io_, joining.join());
    EXPECT_EQ(group.size(), 0u);
}

TEST_F(TaskGroupTest, CancelLetsTasksCleanUp) {
    TaskGroup group(io_);
    group.spawn(wait_and_clean_up(io_, seen_, "a"));
    group.spawn(wait_and_clean_up(io_, seen_, "b"));
    io_.poll();
    group.cancel();
    run_for_test(io_, group.join());
    EXPECT_EQ(seen_, (std::vector<std::string>{"a waits", "b waits", "a was cancelled", "b was cancelled"}));
}

TEST_F(TaskGroupTest, CancelReachesATaskThatHasNotStarted) {
    TaskGroup group(io_);
    group.spawn(wait_and_clean_up(io_, seen_, "a"));
    group.cancel();
    group.spawn(wait_and_clean_up(io_, seen_, "b"));
    run_for_test(io_, group.join());
    EXPECT_EQ(seen_, (std::vector<std::string>{"a waits", "b waits", "a was cancelled", "b was cancelled"}));
}

TEST_F(TaskGroupTest, JoinWaitsAlsoWhenTheOneWhoJoinsIsCancelled) {
    TaskGroup inner(io_);
    TaskGroup outer(io_);
    inner.spawn(wait_and_clean_up(io_, seen_, "inner"));
    outer.spawn(inner.join());
    io_.poll();
    outer.cancel();
    io_.poll();
    EXPECT_EQ(outer.size(), 1u);
    inner.cancel();
    run_for_test(io_, outer.join());
    EXPECT_EQ(inner.size(), 0u);
}

TEST_F(TaskGroupTest, JoinOrCancelHandsACancellationOn) {
    TaskGroup inner(io_);
    TaskGroup outer(io_);
    inner.spawn(wait_and_clean_up(io_, seen_, "inner"));
    outer.spawn(inner.join_or_cancel());
    io_.poll();
    EXPECT_EQ(outer.size(), 1u);
    outer.cancel();
    run_for_test(io_, outer.join());
    EXPECT_EQ(seen_, (std::vector<std::string>{"inner waits", "inner was cancelled"}));
}

TEST_F(TaskGroupTest, TheCancellationOfAPlainOperationMayEndATask) {
    TaskGroup group(io_);
    group.spawn(wait_plainly(io_));
    io_.poll();
    group.cancel();
    run_for_test(io_, group.join());
    EXPECT_EQ(group.size(), 0u);
}

asio::awaitable<void> throw_something() {
    throw std::runtime_error("nobody catches this");
    co_return;
}

TEST_F(TaskGroupTest, DiesOfAnExceptionAndOfADestructionWithTasks) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_DEATH(
        {
            TaskGroup group(io_);
            group.spawn(throw_something());
            io_.run();
        },
        "nobody catches this");
    EXPECT_DEATH({ TaskGroup(io_).spawn(say(seen_, "late")); }, "join\\(\\)");
}

}  // namespace
}  // namespace sluice
