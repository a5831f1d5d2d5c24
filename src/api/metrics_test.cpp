#include "api/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sluice::api {
namespace {

IntegrationStatus integration(std::string id, std::string org) {
    IntegrationStatus status;
    status.id = std::move(id);
    status.org = std::move(org);
    status.destination_type = "kinesis";
    status.state = IntegrationState::failing;
    status.stats.matched = 10;
    status.stats.delivered = 7;
    status.stats.pending = 3;
    status.stats.lag_seconds = 2.5;
    status.stats.errors[static_cast<std::size_t>(ErrorClass::throttled)] = 4;
    return status;
}

std::string rendered(MetricsPer per = MetricsPer::integration, MetricsFormat format = MetricsFormat::prometheus) {
    NodeStatus node;
    node.version = "1.2.3";
    node.log.head = 42;
    node.unreadable_events = 5;
    node.unreadable_objects = 2;
    HttpMetrics http(1);
    http.answered(0, http.group_of("/share/a"), 201, std::chrono::milliseconds(3));
    node.http = http.counts();
    DeliveryMetricsByType by_type;
    by_type.of("kinesis").latency.observe(0.02, 7);
    return render_metrics(
        node,
        {integration("acme-kinesis", "com.acme"), integration("other", "com.acme"), integration("last", "org.last")},
        by_type.counts(), per, format);
}

bool has_line(const std::string& text, const std::string& line) {
    return text.find('\n' + line + '\n') != std::string::npos;
}

/// Every `# TYPE name type` line.
std::set<std::string> names_in(const std::string& text) {
    std::set<std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("# TYPE ")) out.insert(line.substr(7, line.find(' ', 7) - 7));
    return out;
}

TEST(Metrics, SayWhatTheNodeAndItsIntegrationsDo) {
    auto text = rendered();
    const std::string labels = R"(integration="acme-kinesis",org="com.acme",destination="kinesis")";
    for (const auto& line :
         {std::string("sluice_log_head 42"), std::string("sluice_log_unreadable_events_total 5"),
          std::string("sluice_objects_unreadable_total 2"), std::string(R"(sluice_info{version="1.2.3"} 1)"),
          std::string(R"(sluice_integrations{state="failing"} 3)"),
          std::string(R"(sluice_integrations{state="running"} 0)"),
          "sluice_integration_delivered_total{" + labels + "} 7", "sluice_integration_lag_seconds{" + labels + "} 2.5",
          "sluice_integration_errors_total{" + labels + R"(,class="throttled"} 4)",
          "sluice_integration_state{" + labels + R"(,state="failing"} 1)",
          std::string(R"(sluice_http_request_seconds_count{group="share",status="2xx"} 1)"),
          std::string(R"(sluice_delivery_latency_seconds_bucket{destination="kinesis",le="0.01"} 0)"),
          std::string(R"(sluice_delivery_latency_seconds_bucket{destination="kinesis",le="0.025"} 7)"),
          std::string(R"(sluice_delivery_latency_seconds_bucket{destination="kinesis",le="+Inf"} 7)")})
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    EXPECT_EQ(text.find("class=\"rejected\""), std::string::npos) << "what never happened has no series";
}

TEST(Metrics, AddUpAnOrgsIntegrationsAndTakeTheGreatestLag) {
    auto text = rendered(MetricsPer::org);
    for (const char* line : {R"(sluice_integration_delivered_total{org="com.acme"} 14)",
                             R"(sluice_integration_delivered_total{org="org.last"} 7)",
                             R"(sluice_integration_lag_seconds{org="com.acme"} 2.5)",
                             R"(sluice_integration_state{org="com.acme",state="failing"} 2)",
                             R"(sluice_integration_errors_total{org="com.acme",class="throttled"} 8)",
                             R"(sluice_integrations{state="failing"} 3)"})
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    EXPECT_EQ(text.find("integration=\""), std::string::npos);
}

TEST(Metrics, HaveOneLedgerForAllWithoutSeriesOfTheirOwn) {
    auto text = rendered(MetricsPer::none);
    for (const char* line :
         {"sluice_integration_matched_total 30", "sluice_integration_pending 9",
          R"(sluice_integration_state{state="failing"} 3)", R"(sluice_integration_errors_total{class="throttled"} 12)"})
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    EXPECT_EQ(text.find("org=\""), std::string::npos);
}

TEST(Metrics, AreOpenMetricsWhenAskedFor) {
    auto text = rendered(MetricsPer::integration, MetricsFormat::open_metrics);
    EXPECT_TRUE(text.ends_with("\n# EOF\n"));
    for (const char* line :
         {"# TYPE sluice_integration_delivered counter", "# TYPE sluice info", "# UNIT sluice_log_sync_seconds seconds",
          "# UNIT sluice_integration_delivered_bytes bytes", R"(sluice_info{version="1.2.3"} 1)"})
        EXPECT_TRUE(has_line(text, line)) << line;
    EXPECT_NE(text.find("\nsluice_integration_delivered_total{"), std::string::npos);
    EXPECT_EQ(rendered().find("# EOF"), std::string::npos);
}

TEST(Metrics, EscapeLabels) {
    EXPECT_EQ(MetricsText::label("org", "a\"b\\c\nd"), R"(org="a\"b\\c\nd")");
}

TEST(Metrics, AreDocumentedEachAndNoneBesides) {
    std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/metrics.md");
    std::set<std::string> documented;
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("| `")) documented.insert(line.substr(3, line.find('`', 3) - 3));
    ASSERT_FALSE(documented.empty());
    EXPECT_EQ(documented, names_in(rendered()));
}

}  // namespace
}  // namespace sluice::api
