#include "api/metrics.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sluice::api {
namespace {

std::string rendered() {
    NodeStatus node;
    node.version = "1.2.3";
    node.log.head = 42;
    IntegrationStatus integration;
    integration.id = "acme-kinesis";
    integration.org = "com.acme";
    integration.destination_type = "kinesis";
    integration.state = IntegrationState::failing;
    integration.stats.matched = 10;
    integration.stats.delivered = 7;
    integration.stats.pending = 3;
    return render_metrics(node, {integration});
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
    EXPECT_NE(text.find("\nsluice_log_head 42"), std::string::npos) << text;
    EXPECT_NE(text.find("sluice_info{version=\"1.2.3\"} 1"), std::string::npos);
    EXPECT_NE(text.find("sluice_integrations{state=\"failing\"} 1"), std::string::npos);
    EXPECT_NE(text.find("sluice_integrations{state=\"running\"} 0"), std::string::npos);
    EXPECT_NE(text.find("sluice_integration_delivered_total{integration=\"acme-kinesis\",org=\"com.acme\","
                        "destination=\"kinesis\"} 7"),
              std::string::npos);
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
