#include "api/http_metrics.hpp"

#include <algorithm>

namespace sluice::api {

struct alignas(64) HttpMetrics::Shard {
    struct Cell {
        Histogram seconds{kSeconds};
    };
    std::array<std::array<Cell, kStatusClasses.size()>, kGroups.size()> cells;
};

HttpMetrics::HttpMetrics(std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>());
}

HttpMetrics::~HttpMetrics() = default;

std::size_t HttpMetrics::group_of(std::string_view path) const noexcept {
    std::string_view first = path.substr(0, path.find('/', 1));
    if (!first.empty()) first.remove_prefix(1);
    if (first == "v1") first = "management";
    auto found = std::find(kGroups.begin(), kGroups.end(), first);
    // A path of somebody's making that is called like a group of ours is nothing special.
    bool is_group = found != kGroups.end() && (first != "management" || path.starts_with("/v1"));
    return is_group ? static_cast<std::size_t>(found - kGroups.begin()) : kGroups.size() - 1;
}

void HttpMetrics::answered(std::size_t shard, std::size_t group, int status,
                           std::chrono::steady_clock::duration took) noexcept {
    auto status_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
    shards_[shard]->cells[group][status_class].seconds.observe(std::chrono::duration<double>(took).count());
}

std::vector<HttpMetrics::Counts> HttpMetrics::counts() const {
    std::vector<Counts> out;
    for (std::size_t group = 0; group < kGroups.size(); ++group) {
        for (std::size_t status = 0; status < kStatusClasses.size(); ++status) {
            Counts counts{kGroups[group], kStatusClasses[status], {}};
            for (const auto& shard : shards_) counts.seconds.add(shard->cells[group][status].seconds.counts());
            if (counts.seconds.count() > 0) out.push_back(counts);
        }
    }
    return out;
}

}  // namespace sluice::api
