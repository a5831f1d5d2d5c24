#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "sandbox/event_hubs/kafka_error.hpp"

namespace sluice::sandbox {

/// What one partition remembers of idempotent producers: by producer id the epoch and the last five batches, so that a
/// batch sent again is answered with where it went the first time, and one that is not the next is refused (Apache
/// Kafka, KIP-98). Thread: its owner's lock.
class ProducerSequences {
  public:
    struct Batch {
        std::int64_t producer_id = -1;
        std::int16_t epoch = -1;
        std::int32_t first_sequence = 0;
        std::int32_t records = 0;
    };
    struct Verdict {
        KafkaError error = KafkaError::none;
        /// Set for a batch that is there already.
        std::optional<std::int64_t> offset;
    };

    /// Looks only.
    Verdict check(const Batch& batch) const;
    /// Notes that a batch, which check() let pass, is stored at `offset`.
    void add(const Batch& batch, std::int64_t offset);

  private:
    struct Stored {
        std::int32_t first = 0;
        std::int32_t last = 0;
        std::int64_t offset = 0;
    };
    struct Producer {
        std::int16_t epoch = -1;
        std::deque<Stored> batches;  ///< oldest first
    };

    std::unordered_map<std::int64_t, Producer> producers_;
};

}  // namespace sluice::sandbox
