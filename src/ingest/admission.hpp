#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "ingest/refusal.hpp"

namespace sluice {

/// Keeps what is being written within bounds: rather a 429 or 503 now than a process that runs out of memory or an
/// index that falls ever further behind. Thread: any.
class Admission {
  public:
    /// True when the org's events that wait for delivery have reached its bound. Called for every write: must be cheap.
    using OverBacklog = std::function<bool(std::string_view org)>;
    /// Bytes accepted earlier that still wait behind the log.
    using Behind = std::function<std::uint64_t()>;

    Admission(std::uint64_t max_waiting_bytes, Behind behind, OverBacklog over_backlog);

    /// The bytes of one write, counted until it is destroyed.
    class Ticket {
      public:
        Ticket(Admission& admission, std::uint64_t bytes) : admission_(&admission), bytes_(bytes) {}
        Ticket(Ticket&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)), bytes_(other.bytes_) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket() {
            if (admission_) admission_->waiting_bytes_ -= bytes_;
        }

      private:
        Admission* admission_;
        std::uint64_t bytes_;
    };
    IngestResult<Ticket> admit(std::string_view org, std::uint64_t bytes);

    std::uint64_t waiting_bytes() const noexcept { return waiting_bytes_; }

  private:
    const std::uint64_t max_waiting_bytes_;
    const Behind behind_;
    const OverBacklog over_backlog_;
    std::atomic<std::uint64_t> waiting_bytes_{0};
};

}  // namespace sluice
