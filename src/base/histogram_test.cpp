#include "base/histogram.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr std::array kBounds{0.1, 1.0, 10.0};

TEST(Histogram, CountsAValueUnderTheFirstBoundThatHoldsIt) {
    Histogram histogram(kBounds);
    for (double value : {0.0, 0.1, 0.11, 1.0, 5.0, 10.0, 10.1, 1e9}) histogram.observe(value);
    auto counts = histogram.counts();
    EXPECT_EQ(counts.counts[0], 2u);
    EXPECT_EQ(counts.counts[1], 2u);
    EXPECT_EQ(counts.counts[2], 2u);
    EXPECT_EQ(counts.counts[3], 2u);
    EXPECT_EQ(counts.count(), 8u);
}

TEST(Histogram, AddsUpWhatSeveralObserved) {
    Histogram a(kBounds), b(kBounds);
    a.observe(2.0, 3);
    b.observe(0.5);
    HistogramCounts all;
    all.add(a.counts());
    all.add(b.counts());
    EXPECT_EQ(all.count(), 4u);
    EXPECT_EQ(all.counts[2], 3u);
    EXPECT_DOUBLE_EQ(all.sum, 6.5);
}

TEST(Histogram, LosesNothingBetweenThreads) {
    constexpr int kTimes = 10'000;
    Histogram histogram(kBounds);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < kTimes; ++n) histogram.observe(1.0);
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(histogram.counts().count(), 4u * kTimes);
    EXPECT_DOUBLE_EQ(histogram.counts().sum, 4.0 * kTimes);
}

}  // namespace
}  // namespace sluice
