#include "sandbox/pubsub/backlog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::sandbox {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class BacklogTest : public testing::Test {
  protected:
    std::vector<std::uint64_t> take(Backlog& backlog, std::uint64_t consumer, std::size_t most = 100) {
        std::vector<std::uint64_t> numbers;
        for (auto& lease : backlog.take(consumer, most, now_, seconds(10))) {
            numbers.push_back(lease.number);
            ack_ids_[lease.number] = lease.ack_id;
            attempts_[lease.number] = lease.attempt;
        }
        return numbers;
    }

    SteadyTime now_{};
    std::map<std::uint64_t, std::string> ack_ids_;
    std::map<std::uint64_t, int> attempts_;
};

TEST_F(BacklogTest, GivesEachMessageOnceInOrder) {
    Backlog backlog(false);
    for (std::uint64_t n = 1; n <= 4; n++) backlog.add(n, "k");
    EXPECT_THAT(take(backlog, 1, 3), ElementsAre(1, 2, 3));
    EXPECT_THAT(take(backlog, 2), ElementsAre(4));
    EXPECT_THAT(take(backlog, 1), IsEmpty());
    EXPECT_EQ(backlog.outstanding(1, now_), 3u);
    EXPECT_TRUE(backlog.acknowledge(ack_ids_[2]));
    EXPECT_FALSE(backlog.acknowledge(ack_ids_[2])) << "is gone";
    EXPECT_EQ(backlog.outstanding(1, now_), 2u);
    EXPECT_EQ(backlog.size(), 3u);
}

TEST_F(BacklogTest, WhatIsNotAcknowledgedInTimeComesAgain) {
    Backlog backlog(false);
    backlog.add(1, "");
    backlog.add(2, "");
    EXPECT_THAT(take(backlog, 1), ElementsAre(1, 2));
    now_ += seconds(9);
    EXPECT_TRUE(backlog.modify_deadline(ack_ids_[2], now_, seconds(10)));
    now_ += seconds(1);
    auto outlived = ack_ids_[1];
    EXPECT_THAT(take(backlog, 2), ElementsAre(1));
    EXPECT_EQ(attempts_[1], 2);
    EXPECT_FALSE(backlog.acknowledge(outlived)) << "of the former delivery";
    now_ += seconds(9);
    EXPECT_THAT(take(backlog, 2), ElementsAre(2));
}

TEST_F(BacklogTest, AKeyGoesToOneConsumerAtATime) {
    Backlog backlog(true);
    backlog.add(1, "a");
    backlog.add(2, "b");
    backlog.add(3, "a");
    EXPECT_THAT(take(backlog, 1, 1), ElementsAre(1));
    EXPECT_THAT(take(backlog, 2), ElementsAre(2)) << "another key flows, this one does not";
    EXPECT_THAT(take(backlog, 1), ElementsAre(3)) << "to who has the key";
    backlog.add(4, "a");
    EXPECT_TRUE(backlog.acknowledge(ack_ids_[1]));
    EXPECT_THAT(take(backlog, 2), IsEmpty());
    EXPECT_TRUE(backlog.acknowledge(ack_ids_[3]));
    EXPECT_THAT(take(backlog, 2), ElementsAre(4));
}

TEST_F(BacklogTest, AMessageThatComesBackBringsTheLaterOnesOfItsKey) {
    Backlog backlog(true);
    for (std::uint64_t n = 1; n <= 3; n++) backlog.add(n, "a");
    backlog.add(4, "b");
    EXPECT_THAT(take(backlog, 1), ElementsAre(1, 2, 3, 4));
    EXPECT_TRUE(backlog.acknowledge(ack_ids_[1]));
    auto later = ack_ids_[3];
    EXPECT_TRUE(backlog.modify_deadline(ack_ids_[2], now_, seconds(0)));
    EXPECT_FALSE(backlog.acknowledge(later)) << "it will follow the second again";
    EXPECT_THAT(take(backlog, 2), ElementsAre(2, 3));
}

TEST_F(BacklogTest, WithoutOrderOnlyTheRefusedMessageComesBack) {
    Backlog backlog(false);
    for (std::uint64_t n = 1; n <= 3; n++) backlog.add(n, "a");
    EXPECT_THAT(take(backlog, 1), ElementsAre(1, 2, 3));
    EXPECT_TRUE(backlog.modify_deadline(ack_ids_[2], now_, seconds(0)));
    EXPECT_THAT(take(backlog, 2), ElementsAre(2));
    EXPECT_TRUE(backlog.acknowledge(ack_ids_[3]));
}

TEST_F(BacklogTest, ForgetsWhatIsNoLongerKept) {
    Backlog backlog(true);
    for (std::uint64_t n = 1; n <= 4; n++) backlog.add(n, "a");
    EXPECT_THAT(take(backlog, 1, 2), ElementsAre(1, 2));
    backlog.forget_before(3);
    EXPECT_EQ(backlog.size(), 2u);
    EXPECT_EQ(backlog.outstanding(1, now_), 0u);
    EXPECT_THAT(take(backlog, 2), ElementsAre(3, 4)) << "the key is free again";
}

TEST_F(BacklogTest, PassesOverAckIdsItNeverGaveOut) {
    Backlog backlog(true);
    backlog.add(1, "a");
    for (const char* id : {"", "-", "1", "1-", "1-0", "1-1", "1-x", "99999999999999999999-1"})
        EXPECT_FALSE(backlog.acknowledge(id)) << id;
    EXPECT_EQ(backlog.size(), 1u);
}

}  // namespace
}  // namespace sluice::sandbox
