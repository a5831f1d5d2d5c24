#include "api/metrics.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

#include "control/integration_selection.hpp"

namespace sluice::api {
namespace {

double number(std::uint64_t value) {
    return static_cast<double>(value);
}

struct NodeMetric {
    const char* name;
    const char* help;
    MetricType type;
    double (*value)(const NodeStatus&);
};

const NodeMetric kNodeMetrics[] = {
    {"sluice_uptime_seconds", "Since the process started", MetricType::gauge,
     [](const NodeStatus& n) { return n.uptime_seconds; }},
    {"sluice_log_head", "Sequence of the last durable event", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.log.head); }},
    {"sluice_log_oldest", "Sequence of the oldest event kept", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.log.oldest); }},
    {"sluice_log_bytes", "Bytes of the log on disk", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.log.bytes); }},
    {"sluice_log_appended_events_total", "Events made durable", MetricType::counter,
     [](const NodeStatus& n) { return number(n.log.appended_events); }},
    {"sluice_log_appended_bytes_total", "Bytes of events made durable", MetricType::counter,
     [](const NodeStatus& n) { return number(n.log.appended_bytes); }},
    {"sluice_log_device_bytes_total", "Bytes written to the device", MetricType::counter,
     [](const NodeStatus& n) { return number(n.log.device_bytes); }},
    {"sluice_log_syncs_total", "Syncs of the log", MetricType::counter,
     [](const NodeStatus& n) { return number(n.log.syncs); }},
    {"sluice_log_waiting_bytes", "Bytes accepted and not yet durable", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.log.waiting_bytes); }},
    {"sluice_log_unreadable_events_total", "Damaged events that went with their segment", MetricType::counter,
     [](const NodeStatus& n) { return number(n.unreadable_events); }},
    {"sluice_objects_unreadable_total", "Objects gone because their latest event was damaged", MetricType::counter,
     [](const NodeStatus& n) { return number(n.unreadable_objects); }},
    {"sluice_ingest_waiting_bytes", "Bytes being written or not yet in the object index", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.ingest_waiting_bytes); }},
    {"sluice_database_bytes", "Bytes of index and control on disk", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.database_bytes); }},
    {"sluice_http_connections", "Open connections", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.open_connections); }},
    {"sluice_http_body_bytes", "Bytes of bodies being read or not answered yet", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.body_bytes); }},
    {"sluice_log_hard_limit_bytes", "What is kept of the log for slow integrations, at most", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.hard_limit_bytes); }},
    {"sluice_disk_free_bytes", "Free on the data folder's disk", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.disk_free_bytes); }},
    {"sluice_disk_floor_bytes", "min_free_disk: below it writers are refused", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.disk_floor_bytes); }},
    {"sluice_ready", "1 while it takes writes", MetricType::gauge,
     [](const NodeStatus& n) { return n.ready ? 1.0 : 0.0; }},
    {"process_cpu_seconds_total", "Processor time of all threads", MetricType::counter,
     [](const NodeStatus& n) { return n.cpu_seconds; }},
    {"process_resident_memory_bytes", "Resident memory", MetricType::gauge,
     [](const NodeStatus& n) { return number(n.resident_bytes); }},
};

struct IntegrationMetric {
    const char* name;
    const char* help;
    MetricType type;
    double (*value)(const IntegrationStats&);
    bool greatest = false;  ///< of several integrations the greatest, not the sum
};

const IntegrationMetric kIntegrationMetrics[] = {
    {"sluice_integration_matched_total", "Events that matched and were read", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.matched); }},
    {"sluice_integration_delivered_total", "Events accepted by the destination", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.delivered); }},
    {"sluice_integration_dead_lettered", "Dead letters held", MetricType::gauge,
     [](const IntegrationStats& s) { return number(s.dead_lettered); }},
    {"sluice_integration_discarded_total", "Dead letters thrown away by a person", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.discarded); }},
    {"sluice_integration_lost_total", "Events that the log let go of before they were delivered", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.lost); }},
    {"sluice_integration_pending", "Matched events that are not settled", MetricType::gauge,
     [](const IntegrationStats& s) { return number(s.pending); }},
    {"sluice_integration_in_flight", "Events handed to the destination, no verdict yet", MetricType::gauge,
     [](const IntegrationStats& s) { return number(s.in_flight); }},
    {"sluice_integration_lag_events", "Matching events that are not settled, up to the log's head", MetricType::gauge,
     [](const IntegrationStats& s) { return number(s.lag_events); }},
    {"sluice_integration_lag_seconds", "Age of the oldest event that is not settled", MetricType::gauge,
     [](const IntegrationStats& s) { return s.lag_seconds; }, true},
    {"sluice_integration_retries_total", "Attempts that had to be repeated", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.retries); }},
    {"sluice_integration_duplicates_possible_total", "Events sent again after an unclear answer", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.duplicates_possible); }},
    {"sluice_integration_redelivered_total", "Dead letters accepted when sent again", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.redelivered); }},
    {"sluice_integration_breaker_open", "1 while the whole destination refuses or is being tried again",
     MetricType::gauge, [](const IntegrationStats& s) { return s.breaker == "closed" ? 0.0 : 1.0; }},
    {"sluice_integration_backlog_bytes", "Bytes of the log from its position to the head", MetricType::gauge,
     [](const IntegrationStats& s) { return number(s.backlog_bytes); }},
    {"sluice_integration_backlog_of_hard_limit", "The same as a share of hard_limit: beyond 1 the oldest are lost",
     MetricType::gauge, [](const IntegrationStats& s) { return s.backlog_of_hard_limit; }, true},
    {"sluice_integration_delivered_bytes_total", "Bytes of delivered bodies", MetricType::counter,
     [](const IntegrationStats& s) { return number(s.bytes); }},
};

/// What one series of each kind is told of: an integration, an org's or all.
struct Subject {
    std::string labels;
    std::array<double, std::size(kIntegrationMetrics)> values{};
    std::array<std::uint64_t, kErrorClasses.size()> errors{};
    std::array<std::uint64_t, kIntegrationStates.size()> states{};

    void add(const IntegrationStatus& status) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            double value = kIntegrationMetrics[i].value(status.stats);
            values[i] = kIntegrationMetrics[i].greatest ? std::max(values[i], value) : values[i] + value;
        }
        for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += status.stats.errors[i];
        ++states[static_cast<std::size_t>(status.state)];
    }
};

std::vector<Subject> subjects_of(const std::vector<IntegrationStatus>& integrations, MetricsPer per) {
    std::vector<Subject> out;
    if (per == MetricsPer::integration) {
        out.resize(integrations.size());
        for (std::size_t i = 0; i < integrations.size(); ++i) {
            const auto& status = integrations[i];
            out[i].labels = MetricsText::label("integration", status.id) + ',' + MetricsText::label("org", status.org) +
                            ',' + MetricsText::label("destination", status.destination_type);
            out[i].add(status);
        }
        return out;
    }
    std::map<std::string, Subject> by_org;
    for (const auto& status : integrations) by_org[per == MetricsPer::org ? status.org : std::string()].add(status);
    for (auto& [org, subject] : by_org) {
        if (per == MetricsPer::org) subject.labels = MetricsText::label("org", org);
        out.push_back(std::move(subject));
    }
    return out;
}

std::string joined(const std::string& labels, std::string more) {
    return labels.empty() ? std::move(more) : labels + ',' + more;
}

void write_node(MetricsText& text, const NodeStatus& node) {
    text.family("sluice_info", "Always 1; the version is a label", MetricType::info);
    text.sample(MetricsText::label("version", node.version), 1);
    for (const auto& metric : kNodeMetrics) {
        text.family(metric.name, metric.help, metric.type);
        text.sample({}, metric.value(node));
    }
    text.family("sluice_log_sync_seconds", "How long a sync of the log took", MetricType::histogram);
    text.histogram({}, node.log.sync_seconds);
    text.family("sluice_http_request_seconds", "From when a request was complete until its answer was there",
                MetricType::histogram);
    for (const auto& each : node.http)
        text.histogram(MetricsText::label("group", each.group) + ',' + MetricsText::label("status", each.status),
                       each.seconds);
}

void write_types(MetricsText& text, const std::map<std::string, DeliveryMetricsByType::Counts>& by_type) {
    auto family = [&](std::string_view name, std::string_view help,
                      HistogramCounts DeliveryMetricsByType::Counts::*part) {
        text.family(name, help, MetricType::histogram);
        for (const auto& [type, counts] : by_type)
            text.histogram(MetricsText::label("destination", type), counts.*part);
    };
    family("sluice_delivery_latency_seconds", "From an event's commit to its acceptance",
           &DeliveryMetricsByType::Counts::latency);
    family("sluice_delivery_request_seconds", "How long a destination took over one batch",
           &DeliveryMetricsByType::Counts::requests);
    family("sluice_delivery_batch_events", "Events in one batch", &DeliveryMetricsByType::Counts::batches);
}

void write_integrations(MetricsText& text, const std::vector<Subject>& subjects) {
    for (std::size_t i = 0; i < std::size(kIntegrationMetrics); ++i) {
        const auto& metric = kIntegrationMetrics[i];
        text.family(metric.name, metric.help, metric.type);
        for (const auto& subject : subjects) text.sample(subject.labels, subject.values[i]);
    }
    text.family("sluice_integration_errors_total",
                "Verdicts other than accepted, by class of error; none before the first", MetricType::counter);
    for (const auto& subject : subjects)
        for (std::size_t i = 0; i < kErrorClasses.size(); ++i)
            if (subject.errors[i] > 0)
                text.sample(joined(subject.labels, MetricsText::label("class", to_string(kErrorClasses[i]))),
                            number(subject.errors[i]));
    text.family("sluice_integration_state", "Integrations in that state; only states that there are",
                MetricType::gauge);
    for (const auto& subject : subjects)
        for (std::size_t i = 0; i < kIntegrationStates.size(); ++i)
            if (subject.states[i] > 0)
                text.sample(joined(subject.labels, MetricsText::label("state", to_string(kIntegrationStates[i]))),
                            number(subject.states[i]));
}

}  // namespace

std::string render_metrics(const NodeStatus& node, const std::vector<IntegrationStatus>& integrations,
                           const std::map<std::string, DeliveryMetricsByType::Counts>& by_type, MetricsPer per,
                           MetricsFormat format) {
    MetricsText text(format);
    write_node(text, node);
    text.family("sluice_integrations", "Integrations by state", MetricType::gauge);
    for (auto state : kIntegrationStates) {
        auto is_in_it = [state](const auto& integration) { return integration.state == state; };
        text.sample(MetricsText::label("state", to_string(state)),
                    static_cast<double>(std::count_if(integrations.begin(), integrations.end(), is_in_it)));
    }
    write_types(text, by_type);
    write_integrations(text, subjects_of(integrations, per));
    return text.finish();
}

}  // namespace sluice::api
