#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "destination/destination.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

enum class IntegrationState {
    running,
    paused,     ///< by a person or by `on_dead_letter: pause`
    throttled,  ///< the service or a rate limit holds it back
    failing,    ///< some or all targets refuse: see IntegrationStats::targets
    blocked,    ///< nothing can move: acknowledged-range, dead-letter or backlog bound reached
};
std::string_view to_string(IntegrationState state) noexcept;

inline constexpr std::array<ErrorClass, 6> kErrorClasses{ErrorClass::transient,   ErrorClass::throttled,
                                                         ErrorClass::credentials, ErrorClass::missing_target,
                                                         ErrorClass::too_large,   ErrorClass::rejected};

/// A failure as people read it.
struct DeliveryError {
    ErrorClass error_class = ErrorClass::transient;
    std::string code;
    std::string message;
    std::string target;  ///< empty when it concerns the whole destination
    Timestamp at{};
    std::optional<Timestamp> next_attempt_at;
    std::string hint;
};

/// A target that refuses at the moment. Targets that accept are not listed.
struct TargetStatus {
    DeliveryError error;
    Timestamp since{};          ///< of the first refusal without an acceptance since
    std::uint64_t pending = 0;  ///< events held for it
};

/// `stats` of GET /v1/integrations/{id}, member for member.
struct IntegrationStats {
    LogPosition head;              ///< of the log
    LogPosition position;          ///< everything up to here is settled
    std::uint64_t lag_events = 0;  ///< events that match and are not settled
    double lag_seconds = 0;        ///< age of the oldest of them; 0 when there is none
    std::uint64_t in_flight = 0;   ///< handed to the destination, no verdict yet
    std::uint64_t matched = 0;     ///< = delivered + dead_lettered + discarded + lost + pending
    std::uint64_t delivered = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t discarded = 0;
    std::uint64_t lost = 0;
    std::uint64_t pending = 0;
    std::uint64_t retries = 0;
    std::uint64_t duplicates_possible = 0;
    std::uint64_t bytes = 0;          ///< of delivered bodies
    double delivered_per_second = 0;  ///< over the last minute
    /// From when an event was durable until its destination had accepted it; the mean of those of the last minute.
    std::optional<double> latency_seconds;
    std::uint64_t redelivered = 0;  ///< dead letters accepted when sent again, since start; among `delivered`
    std::optional<Timestamp> last_delivery;
    std::optional<DeliveryError>
        last_error;  ///< the latest since start; next_attempt_at only while something waits for it
    std::map<std::string, TargetStatus> targets;  ///< at most a hundred: those that most events wait for
    std::size_t targets_left_out = 0;             ///< of those that refuse
    /// `closed`; `open`: the whole destination refuses, nothing is sent until next_attempt_at; `half_open`: it is being
    /// tried with one event at a time.
    std::string breaker = "closed";
    /// Bytes of the log from its position to the head, as of retention's last look, and their share of `hard_limit`:
    /// beyond 1 the oldest are lost.
    std::uint64_t backlog_bytes = 0;
    double backlog_of_hard_limit = 0;
    /// Verdicts other than accepted, since start, by class as in kErrorClasses.
    std::array<std::uint64_t, kErrorClasses.size()> errors{};
    std::vector<SequenceRange> lost_ranges;  ///< that the log let go of before they were delivered
};

/// A replay that is under way or was the last. Counted apart from the ledger; a restart ends it, and says so.
struct ReplayStatus {
    std::string id;  ///< stands in the deduplication ids of what it sends
    LogPosition from;
    LogPosition to;
    LogPosition position;  ///< everything up to here was sent again
    std::uint64_t delivered = 0;
    std::uint64_t refused = 0;  ///< what the destination rejected again; it makes no dead letters
    bool running = false;
    std::string ended;  ///< why it ended before its end; empty otherwise
};

struct IntegrationStatus {
    std::string id;
    std::string org;
    std::string destination_type;
    IntegrationState state = IntegrationState::running;
    std::string reason;  ///< why it is not `running`, in plain words; empty when it is
    IntegrationStats stats;
    std::optional<ReplayStatus> replay;
};

}  // namespace sluice
