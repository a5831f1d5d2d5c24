#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "api/http_metrics.hpp"
#include "api/metrics_text.hpp"
#include "delivery/delivery_metrics.hpp"
#include "delivery/status.hpp"
#include "log/event_log.hpp"

namespace sluice::api {

/// What `/metrics` and `/v1/status` are made of, gathered when asked.
struct NodeStatus {
    std::string version;
    double uptime_seconds = 0;
    LogStats log;
    std::uint64_t unreadable_events = 0;   ///< let go of without having been read, since start
    std::uint64_t unreadable_objects = 0;  ///< gone because their latest event was such a one, since start
    std::uint64_t hard_limit_bytes = 0;
    std::uint64_t disk_free_bytes = 0;
    std::uint64_t disk_floor_bytes = 0;  ///< below it writers are refused
    bool ready = true;
    std::uint64_t database_bytes = 0;
    std::uint64_t open_connections = 0;
    std::uint64_t body_bytes = 0;  ///< of requests that are read or not answered yet
    std::uint64_t ingest_waiting_bytes = 0;
    std::uint64_t resident_bytes = 0;
    double cpu_seconds = 0;
    std::vector<HttpMetrics::Counts> http = {};
};

/// What has series of its own.
enum class MetricsPer { integration, org, none };

/// Names and labels are documented in docs/metrics.md, which a test holds to this.
std::string render_metrics(const NodeStatus& node, const std::vector<IntegrationStatus>& integrations,
                           const std::map<std::string, DeliveryMetricsByType::Counts>& by_type, MetricsPer per,
                           MetricsFormat format);

}  // namespace sluice::api
