#include "delivery/retention_plan.hpp"

#include <algorithm>

namespace sluice {

namespace {

/// Bytes of the log behind `position`; a segment that it stands in counts by its share of events.
std::uint64_t bytes_after(std::span<const EventLog::SegmentInfo> segments, Sequence position) {
    std::uint64_t bytes = 0;
    for (auto segment = segments.rbegin(); segment != segments.rend() && segment->last > position; ++segment) {
        if (segment->first > position) {
            bytes += segment->bytes;
        } else {
            double share =
                static_cast<double>(segment->last - position) / static_cast<double>(segment->last - segment->first + 1);
            bytes += static_cast<std::uint64_t>(static_cast<double>(segment->bytes) * share);
        }
    }
    return bytes;
}

}  // namespace

RetentionPlan plan_retention(const RetentionSettings& settings, std::span<const EventLog::SegmentInfo> segments,
                             std::span<const IntegrationPosition> positions, Timestamp now) {
    RetentionPlan plan;
    Sequence needed_from = ~Sequence(0);
    for (const IntegrationPosition& each : positions) {
        needed_from = std::min(needed_from, each.position.sequence + 1);
        std::uint64_t bytes = bytes_after(segments, each.position.sequence);
        plan.behind.push_back({each.id, bytes});
        std::uint64_t& org = plan.org_backlog[each.org];
        org = std::max(org, bytes);
    }
    std::uint64_t kept = 0;
    for (const EventLog::SegmentInfo& segment : segments) kept += segment.bytes;
    if (!segments.empty()) plan.keep_from = segments.front().first;
    for (const EventLog::SegmentInfo& segment : segments) {
        if (segment.active) break;
        bool done_with = segment.last < needed_from && (kept > settings.size || now - segment.last_time > settings.age);
        if (!done_with && kept <= settings.hard_limit) break;
        kept -= std::min(kept, segment.bytes);
        plan.keep_from = segment.last + 1;
    }
    for (const IntegrationPosition& each : positions)
        if (each.position.sequence + 1 < plan.keep_from) plan.overtaken.push_back(each.id);
    return plan;
}

}  // namespace sluice
