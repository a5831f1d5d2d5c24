#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"

namespace sluice::api {

/// How long requests took, by group of routes and class of status: bounded, whatever is asked for. Each shard counts
/// for itself, so that none waits for another. Thread: any. Lifecycle: outlives the server.
class HttpMetrics {
  public:
    static constexpr std::array<std::string_view, 7> kGroups{"share",      "device",  "device-health", "events",
                                                             "management", "metrics", "other"};
    static constexpr std::array<std::string_view, 5> kStatusClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};
    static constexpr std::array kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                         0.1,    0.25,  0.5,    1.0,   5.0,  30.0};

    explicit HttpMetrics(std::size_t shards);
    ~HttpMetrics();

    /// What a request is counted under; asked before its handler takes it.
    std::size_t group_of(std::string_view path) const noexcept;
    /// `took`: from when its handler was called until the answer was there, before it is written.
    void answered(std::size_t shard, std::size_t group, int status, std::chrono::steady_clock::duration took) noexcept;

    struct Counts {
        std::string_view group;
        std::string_view status;
        HistogramCounts seconds;
    };
    /// Those of all shards together; only what there were requests of.
    std::vector<Counts> counts() const;

  private:
    struct alignas(64) Shard;
    std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace sluice::api
