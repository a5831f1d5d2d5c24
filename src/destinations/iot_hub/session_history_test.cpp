#include "destinations/iot_hub/session_history.hpp"

#include <gtest/gtest.h>

namespace sluice::iot_hub {
namespace {

using namespace std::chrono_literals;
using Diagnosis = SessionHistory::Diagnosis;

class SessionHistoryTest : public testing::Test {
  protected:
    /// A connection that the hub ends after `life`.
    Diagnosis live(std::chrono::seconds life, bool takes_messages, bool publishing = true) {
        history_.opened(now_);
        if (takes_messages) history_.acknowledged();
        now_ += life;
        history_.ended_by_hub(now_, publishing);
        now_ += 1s;
        return history_.diagnosis();
    }

    SessionHistory history_;
    SessionHistory::Clock::time_point now_{};
};

TEST_F(SessionHistoryTest, OneOrTwoLostConnectionsMeanNothing) {
    EXPECT_EQ(live(2s, true), Diagnosis::none);
    EXPECT_EQ(live(2s, false), Diagnosis::none);
}

TEST_F(SessionHistoryTest, EndingSoonAgainAndAgainThoughMessagesWereTakenIsAnotherClient) {
    live(2s, true);
    live(3s, true);
    EXPECT_EQ(live(1s, true), Diagnosis::taken_over);
    EXPECT_EQ(live(1s, false), Diagnosis::taken_over);
}

TEST_F(SessionHistoryTest, EndingIdleConnectionsIsAnotherClientToo) {
    live(2s, false, false);
    live(2s, false, false);
    EXPECT_EQ(live(2s, false, false), Diagnosis::taken_over);
}

TEST_F(SessionHistoryTest, EndingBeforeAnyMessageIsTakenIsARefusalOfMessages) {
    live(1s, false);
    live(1s, false);
    EXPECT_EQ(live(1s, false), Diagnosis::refuses_messages);
}

TEST_F(SessionHistoryTest, WhatWasTakenBeforeDoesNotHideThatNothingIsAnyLonger) {
    for (int i = 0; i < 5; ++i) live(2s, true);
    live(1s, false);
    EXPECT_EQ(live(1s, false), Diagnosis::taken_over);
    EXPECT_EQ(live(1s, false), Diagnosis::refuses_messages) << "the day's quota ran out";
    EXPECT_EQ(live(1s, true), Diagnosis::taken_over);
}

TEST_F(SessionHistoryTest, ALongLifeInBetweenEndsThePattern) {
    live(2s, true);
    live(2s, true);
    EXPECT_EQ(live(10min, true), Diagnosis::none);
    EXPECT_EQ(live(2s, true), Diagnosis::none);
    EXPECT_EQ(live(2s, true), Diagnosis::none);
    EXPECT_EQ(live(2s, true), Diagnosis::taken_over);
}

TEST_F(SessionHistoryTest, WhatWeEndedSaysNothing) {
    live(2s, true);
    live(2s, true);
    history_.opened(now_);
    history_.ended_otherwise();
    EXPECT_EQ(live(2s, true), Diagnosis::none);
}

TEST_F(SessionHistoryTest, SlowAcknowledgementsAndThenTheEndAreThrottling) {
    history_.opened(now_);
    history_.acknowledged();
    history_.waited(6s);
    history_.ended_by_hub(now_ + 10min, true);
    EXPECT_EQ(history_.diagnosis(), Diagnosis::held_back);
    history_.opened(now_ + 11min);
    history_.ended_by_hub(now_ + 30min, true);
    EXPECT_EQ(history_.diagnosis(), Diagnosis::none) << "of the last connection, not of one before";
}

TEST_F(SessionHistoryTest, SilenceIsThrottlingOnlyAfterAcknowledgements) {
    history_.opened(now_);
    history_.waited(30s);
    history_.ended_for_silence();
    EXPECT_EQ(history_.diagnosis(), Diagnosis::none);
    history_.opened(now_);
    history_.acknowledged();
    history_.waited(30s);
    history_.ended_for_silence();
    EXPECT_EQ(history_.diagnosis(), Diagnosis::held_back);
}

}  // namespace
}  // namespace sluice::iot_hub
