#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace sluice::bench {

/// What a run writes and how quickly.
struct LoadOptions {
    enum class Mode { single, ndjson, events };
    Mode mode = Mode::ndjson;
    std::uint16_t port = 0;
    std::string token;
    std::string rec_type = "io.example.bench";
    std::size_t connections = 64;
    std::size_t batch = 100;  ///< objects a request; 1 in single mode
    std::size_t object_bytes = 1024;
    std::uint64_t events = 1'000'000;
    double rate = 0;  ///< events a second; 0: as quick as answers come
};

/// Writes numbered objects over keep-alive connections, the cheapest way there is: requests are made once and only the
/// numbers in them are overwritten. Every object holds `"n":"000000000042"`; numbers start at 0 and have no holes.
/// Blocks until every request was answered. Thread: its own.
class Load {
  public:
    explicit Load(LoadOptions options);

    /// False when a request was refused; `failure()` says how.
    bool run();
    const std::string& failure() const noexcept { return failure_; }

    /// When the request that held object `n` was answered: microseconds since the epoch; 0: not yet.
    std::int64_t accepted_us(std::uint64_t n) const noexcept {
        return accepted_us_[n / options_.batch].load(std::memory_order_acquire);
    }
    std::uint64_t accepted_events() const noexcept { return accepted_.load(std::memory_order_relaxed); }

  private:
    class Connection;

    LoadOptions options_;
    std::string failure_;
    std::vector<std::atomic<std::int64_t>> accepted_us_;
    std::atomic<std::uint64_t> accepted_{0};
    std::uint64_t next_request_ = 0;
};

/// The number in a body that Load made; nullopt when there is none.
bool number_in(std::string_view body, std::uint64_t& n) noexcept;
std::int64_t now_us() noexcept;

}  // namespace sluice::bench
