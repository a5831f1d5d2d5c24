#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

/// How often what was observed lay within each of some bounds, and its sum: what a Prometheus histogram is made of.
struct HistogramCounts {
    std::span<const double> bounds;          ///< upper bounds, rising; beyond the last lies the rest
    std::array<std::uint64_t, 20> counts{};  ///< one a bound, and one for the rest; not cumulative
    double sum = 0;

    std::uint64_t count() const noexcept {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i <= bounds.size(); ++i) all += counts[i];
        return all;
    }
    void add(const HistogramCounts& other) noexcept {
        bounds = other.bounds;
        for (std::size_t i = 0; i <= bounds.size(); ++i) counts[i] += other.counts[i];
        sum += other.sum;
    }
};

/// Counts without a lock and without allocating. Thread: any; what is read while others observe may lack the latest.
class Histogram {
  public:
    static constexpr std::size_t kMostBounds = 19;

    /// `bounds` live as long as the program.
    explicit Histogram(std::span<const double> bounds) noexcept
        : bounds_(bounds.first(std::min(bounds.size(), kMostBounds))) {}

    void observe(double value, std::uint64_t times = 1) noexcept {
        auto at = static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
        counts_[at].fetch_add(times, std::memory_order_relaxed);
        sum_.fetch_add(value * static_cast<double>(times), std::memory_order_relaxed);
    }
    HistogramCounts counts() const noexcept {
        HistogramCounts out;
        out.bounds = bounds_;
        for (std::size_t i = 0; i <= bounds_.size(); ++i) out.counts[i] = counts_[i].load(std::memory_order_relaxed);
        out.sum = sum_.load(std::memory_order_relaxed);
        return out;
    }

  private:
    std::span<const double> bounds_;
    std::array<std::atomic<std::uint64_t>, kMostBounds + 1> counts_{};
    std::atomic<double> sum_{0};
};

}  // namespace sluice
