#include "net/turn.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

class TurnTest : public testing::Test {
  protected:
    ~TurnTest() override { run_for_test(io_, tasks_.join()); }

    boost::asio::awaitable<void> pass(std::string name, Deadline deadline, int steps) {
        auto hold = co_await turn_.take(deadline);
        if (!hold) {
            log_.push_back(name + " gave up");
            co_return;
        }
        log_.push_back(name + " in");
        for (int i = 0; i < steps; ++i) co_await boost::asio::post(io_, boost::asio::use_awaitable);
        log_.push_back(name + " out");
    }
    void drain() { run_for_test(io_, tasks_.join()); }

    boost::asio::io_context io_{1};
    Turn turn_{io_.get_executor()};
    TaskGroup tasks_{io_};
    std::vector<std::string> log_;
};

TEST_F(TurnTest, LetsOneThroughAfterTheOtherInTheirOrder) {
    for (auto name : {"a", "b", "c"}) tasks_.spawn(pass(name, Deadline::never(), 3));
    drain();
    EXPECT_EQ(log_, (std::vector<std::string>{"a in", "a out", "b in", "b out", "c in", "c out"}));
    EXPECT_FALSE(turn_.is_taken());
}

TEST_F(TurnTest, WhoGivesUpIsPassedOver) {
    tasks_.spawn(pass("a", Deadline::never(), 3));
    tasks_.spawn(pass("b", Deadline(Deadline::Clock::now() - std::chrono::seconds(1)), 1));
    tasks_.spawn(pass("c", Deadline::never(), 1));
    drain();
    EXPECT_EQ(log_, (std::vector<std::string>{"a in", "b gave up", "a out", "c in", "c out"}));
}

TEST_F(TurnTest, CancellationGivesUpAndLosesNoTurn) {
    TaskGroup cancelled(io_);
    tasks_.spawn(pass("a", Deadline::never(), 5));
    cancelled.spawn(pass("b", Deadline::never(), 1));
    tasks_.spawn(pass("c", Deadline::never(), 1));
    io_.poll_one();
    cancelled.cancel();
    drain();
    run_for_test(io_, cancelled.join());
    EXPECT_EQ(log_, (std::vector<std::string>{"a in", "b gave up", "a out", "c in", "c out"}));
    EXPECT_FALSE(turn_.is_taken());
}

}  // namespace
}  // namespace sluice
