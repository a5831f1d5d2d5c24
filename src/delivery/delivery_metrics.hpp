#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/histogram.hpp"

namespace sluice {

/// What all integrations with one type of destination do together: bounded, however many there are.
struct DeliveryMetrics {
    static constexpr std::array kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,   0.25,  0.5,
                                         1.0,   2.5,    5.0,   10.0, 30.0,  60.0, 300.0, 3600.0};
    static constexpr std::array kEvents{1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0};

    Histogram latency{kSeconds};   ///< from an event's commit to its acceptance
    Histogram requests{kSeconds};  ///< of one deliver() call
    Histogram batches{kEvents};    ///< events of one deliver() call
};

/// By type of destination. Thread: any; the lock is taken when an integration starts and when somebody asks.
class DeliveryMetricsByType {
  public:
    DeliveryMetrics& of(const std::string& destination_type) {
        std::lock_guard lock(mutex_);
        auto& metrics = by_type_[destination_type];
        if (!metrics) metrics = std::make_unique<DeliveryMetrics>();
        return *metrics;
    }

    struct Counts {
        HistogramCounts latency, requests, batches;
    };
    std::map<std::string, Counts> counts() const {
        std::lock_guard lock(mutex_);
        std::map<std::string, Counts> out;
        for (const auto& [type, metrics] : by_type_)
            out[type] = {metrics->latency.counts(), metrics->requests.counts(), metrics->batches.counts()};
        return out;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<DeliveryMetrics>> by_type_;
};

}  // namespace sluice
