#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// What an integration keeps in order.
enum class Ordering { none, key };
/// What follows an event that its destination will never accept.
enum class OnDeadLetter {
    proceed,   ///< `continue`: later events of its key go on
    hold_key,  ///< later events of its key wait until the dead letter is redelivered or discarded
    pause,     ///< the whole integration waits for a person
};
std::string_view to_string(Ordering ordering) noexcept;
std::string_view to_string(OnDeadLetter policy) noexcept;

struct BatchSettings {
    std::size_t max_events = 500;
    std::uint64_t max_bytes = 4 << 20;
    std::chrono::microseconds max_wait = std::chrono::milliseconds(10);
};

/// 0 means no limit.
struct RateSettings {
    std::uint64_t events_per_second = 0;
    std::uint64_t bytes_per_second = 0;
};

struct RetrySettings {
    std::chrono::microseconds max_backoff = std::chrono::seconds(30);
    std::chrono::microseconds max_age{0};  ///< since an event's first failed attempt; 0: retried for ever
};

}  // namespace sluice
