#include "http/body_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::http {
namespace {

constexpr std::size_t kMiB = 1 << 20;

TEST(BodyBudget, CountsWhatIsTakenAndGivenBack) {
    BodyBudget budget(10 * kMiB);
    {
        BodyBudget::Share share(budget);
        EXPECT_TRUE(share.grow_to(2 * kMiB));
        EXPECT_TRUE(share.grow_to(3 * kMiB));
        EXPECT_TRUE(share.grow_to(1)) << "has it already";
        EXPECT_EQ(share.bytes(), 3 * kMiB);
        share.shrink_to(kMiB);
        EXPECT_EQ(budget.used(), kMiB);
    }
    EXPECT_EQ(budget.used(), 0u);
}

TEST(BodyBudget, RefusesWhatGoesBeyondItAndLeavesTheRestAsItWas) {
    BodyBudget budget(8 * kMiB);
    BodyBudget::Share first(budget), second(budget);
    EXPECT_TRUE(first.grow_to(4 * kMiB));
    EXPECT_TRUE(second.grow_to(2 * kMiB));
    EXPECT_FALSE(second.grow_to(2 * kMiB + 1)) << "three quarters are for large ones";
    EXPECT_FALSE(first.grow_to(5 * kMiB));
    EXPECT_EQ(budget.used(), 6 * kMiB);
    first.shrink_to(0);
    EXPECT_TRUE(second.grow_to(6 * kMiB));
}

TEST(BodyBudget, KeepsAQuarterForSmallBodies) {
    BodyBudget budget(4 * kMiB);
    BodyBudget::Share large(budget), small(budget), another(budget);
    ASSERT_TRUE(large.grow_to(3 * kMiB));
    EXPECT_TRUE(small.grow_to(BodyBudget::kSmallBody));
    EXPECT_FALSE(small.grow_to(BodyBudget::kSmallBody + 1));
    EXPECT_TRUE(another.grow_to(1));
}

TEST(BodyBudget, OneThatIsAloneGetsWhateverItAsksFor) {
    BodyBudget budget(kMiB);
    BodyBudget::Share alone(budget), other(budget);
    EXPECT_TRUE(alone.grow_to(2 * kMiB));
    EXPECT_TRUE(alone.grow_to(100 * kMiB));
    EXPECT_FALSE(other.grow_to(1));
}

TEST(BodyBudget, IsScarceWhenMoreThanHalfIsTaken) {
    BodyBudget budget(4 * kMiB);
    BodyBudget::Share share(budget);
    ASSERT_TRUE(share.grow_to(2 * kMiB));
    EXPECT_FALSE(budget.scarce());
    ASSERT_TRUE(share.grow_to(2 * kMiB + 1));
    EXPECT_TRUE(budget.scarce());
}

TEST(BodyBudget, IsExactOverThreads) {
    BodyBudget budget(100);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&budget] {
            for (std::size_t n = 0; n < 20'000; ++n) {
                BodyBudget::Share share(budget);
                if (share.grow_to(n % 60)) share.shrink_to(n % 7);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace sluice::http
