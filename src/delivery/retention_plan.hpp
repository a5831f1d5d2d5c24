#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "delivery/engine.hpp"
#include "log/event_log.hpp"

namespace sluice {

struct RetentionSettings {
    /// Events older than this, or beyond this size, go once every integration is past them.
    std::chrono::microseconds age = std::chrono::hours(7 * 24);
    std::uint64_t size = std::uint64_t{50} << 30;
    /// What a slow or paused integration still needs is kept up to this size; then the oldest go all the same.
    std::uint64_t hard_limit = std::uint64_t{100} << 30;
    /// How much of the log an org's slowest integration may hold back before the org's writers are told to wait. 0:
    /// any.
    std::uint64_t org_backlog = 0;
    std::map<std::string, std::uint64_t, std::less<>> org_backlogs;  ///< of orgs with a limit of their own
};

/// What retention is about to do, and whom it concerns.
struct RetentionPlan {
    Sequence keep_from = 1;  ///< whole segments before this go
    /// Integrations that have not come to keep_from: they lose what they have not settled.
    std::vector<std::string> overtaken;
    struct Behind {
        std::string integration;
        std::uint64_t bytes = 0;  ///< of the log from its position to the head
    };
    std::vector<Behind> behind;                                     ///< all integrations
    std::map<std::string, std::uint64_t, std::less<>> org_backlog;  ///< bytes its slowest integration holds back
};

/// Pure: the segments, oldest first, and where the integrations stand, to a plan.
RetentionPlan plan_retention(const RetentionSettings& settings, std::span<const EventLog::SegmentInfo> segments,
                             std::span<const IntegrationPosition> positions, Timestamp now);

}  // namespace sluice
