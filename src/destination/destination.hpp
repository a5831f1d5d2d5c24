#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "destination/target_names.hpp"
#include "event/event.hpp"
#include "net/deadline.hpp"

namespace sluice {

/// The six names of every failure (product.md). Everywhere.
enum class ErrorClass { transient, throttled, credentials, missing_target, too_large, rejected };
std::string_view to_string(ErrorClass error_class) noexcept;

/// Why something was not accepted: told to operators and integrators as it stands. No payload, no secret.
struct Failure {
    ErrorClass error_class = ErrorClass::transient;
    std::string code;     ///< the provider's own, or ours where the provider never answered (`connection_refused`)
    std::string message;  ///< the provider's own words
    std::string target;   ///< stream, queue, topic…; empty when it concerns the whole destination
    std::string hint;     ///< what to do
    std::optional<std::chrono::milliseconds> retry_after;  ///< as the provider asked
};

/// What became of one event. An unclear outcome is `retry` with `ambiguous`, never `accepted`.
struct Verdict {
    enum class Kind { accepted, retry, rejected };
    Kind kind = Kind::retry;
    bool ambiguous = false;  ///< it may have been stored all the same: sending it again can make a duplicate
    std::shared_ptr<const Failure> failure;  ///< set unless accepted; shared by a batch's events where it is the same

    static Verdict accepted() { return {Kind::accepted, false, nullptr}; }
    static Verdict retry(std::shared_ptr<const Failure> why, bool may_be_stored = false) {
        return {Kind::retry, may_be_stored, std::move(why)};
    }
    static Verdict rejected(std::shared_ptr<const Failure> why) { return {Kind::rejected, false, std::move(why)}; }
};

/// One event as handed to a destination. The views live until deliver() completes.
struct Message {
    Event event;                   ///< for the metadata beside the body and for the destination's own templates
    std::string_view body;         ///< what to deliver
    std::string_view key;          ///< what is kept in order; empty only with `ordering: none` and the default key
    std::string_view target;       ///< as prepare() named it
    std::string_view replay = {};  ///< empty on a first delivery and its retries; else names the replay, the same for
                                   ///< all attempts of it: part of a deduplication id that would swallow the event
    bool in_passing = false;       ///< a replay or a sample: takes up no target for the integration (TargetNames)
};

/// May events of one key share a batch?
enum class SameKeyInBatch {
    never,       ///< records fail one by one: at most one unsettled event of a key is outstanding
    atomic_run,  ///< a key's events that stand next to each other in a batch travel as one unit: all accepted or none
    in_order,    ///< a batch is accepted in order and stops at its first failure
};

/// What one deliver() call may carry, as the service counts it.
struct Limits {
    std::size_t max_events = 1;
    std::size_t max_bytes = 1 << 20;             ///< sum of size_of() in one call
    std::size_t max_message_bytes_safe = 0;      ///< up to this the service takes it for sure
    std::size_t max_message_bytes_absolute = 0;  ///< above this it never does: dead letter. Between the two: sent alone
    std::size_t max_run_bytes = 0;               ///< with atomic_run: sum of size_of() of one run
    std::size_t max_concurrent = 1;              ///< deliver() calls at a time
    SameKeyInBatch same_key = SameKeyInBatch::never;
    bool one_target_per_batch = true;
    bool fixed_target = false;  ///< every event goes to the same one: while it refuses, nothing else could be sent
};

/// One step of the *test* call, as an integrator reads it.
struct ProbeStep {
    enum class Outcome { ok, warning, failed, skipped };
    std::string name;  ///< `name resolution`, `connection`, `TLS`, `credentials`, `target`, `right to write`
    Outcome outcome = Outcome::ok;
    std::string detail;
    std::string hint;  ///< what to fix; empty when ok
};
std::string_view to_string(ProbeStep::Outcome outcome) noexcept;

struct ProbeReport {
    std::vector<ProbeStep> steps;
    bool ok() const noexcept;  ///< no step failed
};

/// What is sent of a message beside its body, as those who consume it there will see it. Owns its text.
struct SentBeside {
    struct Field {
        std::string name;
        std::string value;
    };
    std::vector<Field> metadata;    ///< headers, attributes, properties: what the destination calls them is its own
    std::vector<Field> addressing;  ///< what the service places it or tells it by, in its own words: `PartitionKey`
};

/// One place to deliver to, as one integration has it. Never batches, retries, reorders or drops: that is the lane's
/// work. Ownership: the integration's runtime. Thread: the integration's shard, all calls. Lifecycle: made by its
/// factory (no I/O), used until close() has completed.
class Destination {
  public:
    virtual ~Destination() = default;

    /// Asked at start and after each probe(), which may have read the service's own. `same_key`,
    /// `one_target_per_batch` and `fixed_target` stay as they were at start.
    virtual Limits limits() const = 0;

    /// The target of an event (stream, queue, file…) appended to `out`; an error means this event can never be
    /// delivered here (a template without a value), and becomes a dead letter with its message.
    virtual Result<void> target_of(const Event& event, std::string& out) const = 0;

    /// Bytes of this message as the service counts them against Limits.
    virtual std::size_t size_of(const Message& message) const = 0;

    /// What deliver() would send of this message beside its body, for people who look before they send. An error means
    /// that it can never be sent. No I/O.
    virtual Result<SentBeside> beside(const Message&) const { return SentBeside{}; }

    /// The targets taken up here, where one can be refused for the others' sake; null where that cannot be. The runtime
    /// recalls those kept before the first deliver(), and keeps those that something was delivered to since: durably,
    /// with the cursor that counts it as delivered.
    virtual TargetNames* target_names() noexcept { return nullptr; }

    /// Sends one batch within Limits, in the order given, and answers with exactly one verdict per message, in that
    /// order. Completes by the deadline at the latest: what is unclear then is `retry` and ambiguous. Several calls may
    /// be running up to Limits::max_concurrent, never two with the same key. Throws nothing. Cancellation
    /// (per-operation, terminal) completes early with the same rule.
    virtual boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages,
                                                                 Deadline deadline) = 0;

    /// Explains step by step whether delivery would work; writes nothing at the provider.
    virtual boost::asio::awaitable<ProbeReport> probe(Deadline deadline) = 0;

    /// Closes connections; no deliver() is running then. Idempotent.
    virtual boost::asio::awaitable<void> close() = 0;
};

}  // namespace sluice
