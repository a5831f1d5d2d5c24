#pragma once

#include <gtest/gtest.h>

#include "delivery/status.hpp"

namespace sluice {

inline void expect_ledger(const IntegrationStatus& status) {
    const IntegrationStats& s = status.stats;
    EXPECT_EQ(s.matched, s.delivered + s.dead_lettered + s.discarded + s.lost + s.pending);
}

}  // namespace sluice
