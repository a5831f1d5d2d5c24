#include "api/http_metrics.hpp"

#include <gtest/gtest.h>

namespace sluice::api {
namespace {

TEST(HttpMetrics, CountAPathUnderItsGroupWhateverFollows) {
    HttpMetrics metrics(1);
    auto group = [&](std::string_view path) { return HttpMetrics::kGroups[metrics.group_of(path)]; };
    EXPECT_EQ(group("/share/io.acme.reading/65f0"), "share");
    EXPECT_EQ(group("/device/io.acme"), "device");
    EXPECT_EQ(group("/device-health/io.acme"), "device-health");
    EXPECT_EQ(group("/events"), "events");
    EXPECT_EQ(group("/v1/integrations"), "management");
    EXPECT_EQ(group("/metrics"), "metrics");
    for (const char* path : {"/", "", "*", "/shares", "/management", "/other", "/%2e%2e/share", "/healthz", "/v1x"})
        EXPECT_EQ(group(path), "other") << path;
}

TEST(HttpMetrics, AddUpTheShardsByStatusClass) {
    HttpMetrics metrics(2);
    using std::chrono::milliseconds;
    metrics.answered(0, metrics.group_of("/share/a"), 201, milliseconds(2));
    metrics.answered(1, metrics.group_of("/share/b"), 200, milliseconds(20));
    metrics.answered(1, metrics.group_of("/share/b"), 503, milliseconds(1));
    metrics.answered(1, metrics.group_of("/x"), 999, milliseconds(1));
    auto counts = metrics.counts();
    ASSERT_EQ(counts.size(), 3u);
    EXPECT_EQ(counts[0].group, "share");
    EXPECT_EQ(counts[0].status, "2xx");
    EXPECT_EQ(counts[0].seconds.count(), 2u);
    EXPECT_NEAR(counts[0].seconds.sum, 0.022, 1e-9);
    EXPECT_EQ(counts[1].status, "5xx");
    EXPECT_EQ(counts[2].group, "other");
}

}  // namespace
}  // namespace sluice::api
