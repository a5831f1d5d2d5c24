#include "ingest/admission.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Admission, CountsWaitingBytesUntilTheTicketGoes) {
    Admission admission(100, {}, {});
    {
        const auto first = admission.admit("com.acme", 60);
        ASSERT_TRUE(first);
        const auto second = admission.admit("com.acme", 40);
        ASSERT_TRUE(second);
        EXPECT_EQ(admission.waiting_bytes(), 100u);
    }
    EXPECT_EQ(admission.waiting_bytes(), 0u);
}

TEST(Admission, RefusesWhatGoesBeyondTheBoundAndSaysWhenToComeBack) {
    Admission admission(100, {}, {});
    const auto first = admission.admit("com.acme", 60);
    const auto second = admission.admit("com.acme", 41);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Refusal::Kind::busy);
    EXPECT_EQ(second.error().code, "overloaded");
    EXPECT_GT(second.error().retry_after.count(), 0);
    EXPECT_EQ(admission.waiting_bytes(), 60u);
}

TEST(Admission, AWriteLargerThanTheBoundPassesWhenItIsAlone) {
    Admission admission(100, {}, {});
    EXPECT_TRUE(admission.admit("com.acme", 500));
    const auto other = admission.admit("com.acme", 1);
    EXPECT_FALSE(admission.admit("com.acme", 500));
}

TEST(Admission, WhatIsBehindTheLogCountsToo) {
    std::uint64_t behind = 90;
    Admission admission(100, [&] { return behind; }, {});
    EXPECT_FALSE(admission.admit("com.acme", 11));
    behind = 0;
    EXPECT_TRUE(admission.admit("com.acme", 11));
}

TEST(Admission, AnOrgOverItsBacklogIsRefusedAloneAndByItsOwnKind) {
    Admission admission(100, {}, [](std::string_view org) { return org == "com.slow"; });
    const auto slow = admission.admit("com.slow", 1);
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().kind, Refusal::Kind::over_backlog);
    EXPECT_EQ(slow.error().code, "org_backlog");
    EXPECT_GT(slow.error().retry_after.count(), 0);
    EXPECT_TRUE(admission.admit("com.acme", 1));
}

}  // namespace
}  // namespace sluice
