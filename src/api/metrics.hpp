#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delivery/status.hpp"
#include "log/event_log.hpp"

namespace sluice::api {

/// What `/metrics` and `/v1/status` are made of, gathered when asked.
struct NodeStatus {
    std::string version;
    double uptime_seconds = 0;
    LogStats log;
    std::uint64_t database_bytes = 0;
    std::uint64_t open_connections = 0;
    std::uint64_t ingest_waiting_bytes = 0;
    std::uint64_t resident_bytes = 0;
};

/// Prometheus text format 0.0.4. Names and labels are documented in docs/metrics.md, which a test holds to this.
std::string render_metrics(const NodeStatus& node, const std::vector<IntegrationStatus>& integrations);

}  // namespace sluice::api
