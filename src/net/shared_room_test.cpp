#include "net/shared_room.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace sluice {
namespace {

TEST(SharedRoom, IsBoundedForAnOwnerAndInAllAndGivenBack) {
    SharedRoom room(10, 6);
    auto most = room.take("a", 6);
    EXPECT_TRUE(most);
    EXPECT_FALSE(room.take("a", 1)) << "the owner has all it may have";
    auto rest = room.take("b", 4);
    EXPECT_TRUE(rest);
    EXPECT_FALSE(room.take("c", 1)) << "all is taken";
    auto copy = most;
    most.reset();
    EXPECT_EQ(room.taken(), 10u);
    copy.reset();
    EXPECT_EQ(room.taken(), 4u);
    EXPECT_TRUE(room.take("a", 6));
    EXPECT_EQ(room.taken(), 4u);
}

TEST(SharedRoom, WhatWasTakenMayOutliveIt) {
    std::optional<SharedRoom> room(std::in_place, 10, 10);
    auto held = room->take("a", 3);
    room.reset();
    held.reset();
}

}  // namespace
}  // namespace sluice
