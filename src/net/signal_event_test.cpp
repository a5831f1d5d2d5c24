#include "net/signal_event.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

class SignalEventTest : public testing::Test {
  protected:
    asio::io_context io_;
    SignalEvent event_{io_.get_executor()};
};

TEST_F(SignalEventTest, RemembersOneSetWithNobodyWaiting) {
    event_.set();
    event_.set();
    EXPECT_TRUE(run_for_test(io_, event_.wait(Deadline::never())));
    EXPECT_FALSE(run_for_test(io_, event_.wait(Deadline::after({}))));
}

TEST_F(SignalEventTest, ASetCountsAlsoWhenTheDeadlineHasPassed) {
    event_.set();
    EXPECT_TRUE(run_for_test(io_, event_.wait(Deadline::after({}))));
}

TEST_F(SignalEventTest, WakesTheWaiter) {
    asio::post(io_, [&] { asio::post(io_, [&] { event_.set(); }); });
    EXPECT_TRUE(run_for_test(io_, event_.wait(Deadline::never())));
}

TEST_F(SignalEventTest, EndsAtTheDeadline) {
    EXPECT_FALSE(run_for_test(io_, event_.wait(Deadline::after(std::chrono::milliseconds(1)))));
}

TEST_F(SignalEventTest, CanBeWaitedForAgainAfterEitherEnd) {
    EXPECT_FALSE(run_for_test(io_, event_.wait(Deadline::after({}))));
    asio::post(io_, [&] { event_.set(); });
    EXPECT_TRUE(run_for_test(io_, event_.wait(Deadline::never())));
    asio::post(io_, [&] { event_.set(); });
    EXPECT_TRUE(run_for_test(io_, event_.wait(Deadline::never())));
}

TEST(Deadline, RemainingIsNeverNegative) {
    EXPECT_EQ(Deadline::after(std::chrono::hours(-1)).remaining(), Deadline::Clock::duration::zero());
    EXPECT_TRUE(Deadline::after(std::chrono::hours(-1)).passed());
    EXPECT_GT(Deadline::never().remaining(), std::chrono::hours(24 * 365));
    EXPECT_FALSE(Deadline::never().passed());
}

TEST(Deadline, EarlierNeverMovesItBack) {
    auto soon = Deadline::after(std::chrono::seconds(1));
    EXPECT_EQ(soon.earlier(std::chrono::hours(1)).at(), soon.at());
    EXPECT_LT(Deadline::never().earlier(std::chrono::seconds(1)).at(), Deadline::Clock::time_point::max());
}

}  // namespace
}  // namespace sluice
