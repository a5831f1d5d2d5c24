#include "api/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace sluice::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr IntegrationState kStates[] = {IntegrationState::running, IntegrationState::paused,
                                        IntegrationState::throttled, IntegrationState::failing,
                                        IntegrationState::blocked};

ClientMetric sample(MetricType type, double value, std::vector<ClientMetric::Label> labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    return metric;
}

MetricFamily family(std::string name, std::string help, MetricType type) {
    MetricFamily out;
    out.name = std::move(name);
    out.help = std::move(help);
    out.type = type;
    return out;
}

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;

struct NodeMetric {
    const char* name;
    const char* help;
    MetricType type;
    double (*value)(const NodeStatus&);
};

const NodeMetric kNodeMetrics[] = {
    {"sluice_uptime_seconds", "Since the process started", kGauge,
     [](const NodeStatus& n) { return n.uptime_seconds; }},
    {"sluice_log_head", "Sequence of the last durable event", kGauge,
     [](const NodeStatus& n) { return number(n.log.head); }},
    {"sluice_log_oldest", "Sequence of the oldest event kept", kGauge,
     [](const NodeStatus& n) { return number(n.log.oldest); }},
    {"sluice_log_bytes", "Bytes of the log on disk", kGauge, [](const NodeStatus& n) { return number(n.log.bytes); }},
    {"sluice_log_appended_events_total", "Events made durable", kCounter,
     [](const NodeStatus& n) { return number(n.log.appended_events); }},
    {"sluice_log_appended_bytes_total", "Bytes of events made durable", kCounter,
     [](const NodeStatus& n) { return number(n.log.appended_bytes); }},
    {"sluice_log_device_bytes_total", "Bytes written to the device", kCounter,
     [](const NodeStatus& n) { return number(n.log.device_bytes); }},
    {"sluice_log_syncs_total", "Syncs of the log", kCounter, [](const NodeStatus& n) { return number(n.log.syncs); }},
    {"sluice_log_waiting_bytes", "Bytes accepted and not yet durable", kGauge,
     [](const NodeStatus& n) { return number(n.log.waiting_bytes); }},
    {"sluice_ingest_waiting_bytes", "Bytes being written or not yet in the object index", kGauge,
     [](const NodeStatus& n) { return number(n.ingest_waiting_bytes); }},
    {"sluice_database_bytes", "Bytes of index and control on disk", kGauge,
     [](const NodeStatus& n) { return number(n.database_bytes); }},
    {"sluice_http_connections", "Open connections", kGauge,
     [](const NodeStatus& n) { return number(n.open_connections); }},
    {"process_resident_memory_bytes", "Resident memory", kGauge,
     [](const NodeStatus& n) { return number(n.resident_bytes); }},
};

struct IntegrationMetric {
    const char* name;
    const char* help;
    MetricType type;
    double (*value)(const IntegrationStats&);
};

const IntegrationMetric kIntegrationMetrics[] = {
    {"sluice_integration_matched_total", "Events that matched and were read", kCounter,
     [](const IntegrationStats& s) { return number(s.matched); }},
    {"sluice_integration_delivered_total", "Events accepted by the destination", kCounter,
     [](const IntegrationStats& s) { return number(s.delivered); }},
    {"sluice_integration_dead_lettered", "Dead letters held", kGauge,
     [](const IntegrationStats& s) { return number(s.dead_lettered); }},
    {"sluice_integration_discarded_total", "Dead letters thrown away by a person", kCounter,
     [](const IntegrationStats& s) { return number(s.discarded); }},
    {"sluice_integration_lost_total", "Events overtaken by the hard limit", kCounter,
     [](const IntegrationStats& s) { return number(s.lost); }},
    {"sluice_integration_pending", "Matched events that are not settled", kGauge,
     [](const IntegrationStats& s) { return number(s.pending); }},
    {"sluice_integration_in_flight", "Events handed to the destination, no verdict yet", kGauge,
     [](const IntegrationStats& s) { return number(s.in_flight); }},
    {"sluice_integration_lag_events", "Matching events that are not settled, up to the log's head", kGauge,
     [](const IntegrationStats& s) { return number(s.lag_events); }},
    {"sluice_integration_lag_seconds", "Age of the oldest event that is not settled", kGauge,
     [](const IntegrationStats& s) { return s.lag_seconds; }},
    {"sluice_integration_retries_total", "Attempts that had to be repeated", kCounter,
     [](const IntegrationStats& s) { return number(s.retries); }},
    {"sluice_integration_duplicates_possible_total", "Events sent again after an unclear answer", kCounter,
     [](const IntegrationStats& s) { return number(s.duplicates_possible); }},
    {"sluice_integration_redelivered_total", "Dead letters accepted when sent again, since start", kCounter,
     [](const IntegrationStats& s) { return number(s.redelivered); }},
    {"sluice_integration_breaker_open", "1 while the whole destination refuses or is being tried again", kGauge,
     [](const IntegrationStats& s) { return s.breaker == "closed" ? 0.0 : 1.0; }},
    {"sluice_integration_backlog_bytes", "Bytes of the log from its position to the head", kGauge,
     [](const IntegrationStats& s) { return number(s.backlog_bytes); }},
    {"sluice_integration_backlog_of_hard_limit", "The same as a share of hard_limit: beyond 1 the oldest are lost",
     kGauge, [](const IntegrationStats& s) { return s.backlog_of_hard_limit; }},
    {"sluice_integration_delivered_bytes_total", "Bytes of delivered bodies", kCounter,
     [](const IntegrationStats& s) { return number(s.bytes); }},
};

}  // namespace

std::string render_metrics(const NodeStatus& node, const std::vector<IntegrationStatus>& integrations) {
    std::vector<MetricFamily> families;
    auto info = family("sluice_info", "Always 1; the version is a label", kGauge);
    info.metric.push_back(sample(kGauge, 1, {{"version", node.version}}));
    families.push_back(std::move(info));
    for (const auto& metric : kNodeMetrics) {
        auto out = family(metric.name, metric.help, metric.type);
        out.metric.push_back(sample(metric.type, metric.value(node), {}));
        families.push_back(std::move(out));
    }
    auto states = family("sluice_integrations", "Integrations by state", kGauge);
    for (auto state : kStates) {
        std::uint64_t count = 0;
        for (const auto& integration : integrations) count += integration.state == state;
        states.metric.push_back(sample(kGauge, number(count), {{"state", std::string(to_string(state))}}));
    }
    families.push_back(std::move(states));
    for (const auto& metric : kIntegrationMetrics) {
        if (integrations.empty()) break;
        auto out = family(metric.name, metric.help, metric.type);
        out.metric.reserve(integrations.size());
        for (const auto& integration : integrations)
            out.metric.push_back(sample(metric.type, metric.value(integration.stats),
                                        {{"integration", integration.id},
                                         {"org", integration.org},
                                         {"destination", integration.destination_type}}));
        families.push_back(std::move(out));
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sluice::api
