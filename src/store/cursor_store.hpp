#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace sluice {

struct SequenceRange {
    Sequence first = 0;
    Sequence last = 0;  ///< inclusive
    friend bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

/// What became of the matched events up to the cursor: `matched = delivered + dead_lettered + discarded + lost +
/// pending`. Only settled events are counted here, so that a cursor and its ledger are always true together; pending is
/// what is left.
struct Ledger {
    std::uint64_t delivered = 0;
    std::uint64_t dead_lettered = 0;  ///< still held as dead letters
    std::uint64_t discarded = 0;      ///< dead letters that a person threw away
    std::uint64_t lost = 0;           ///< the log let go of them first
    std::uint64_t retries = 0;
    std::uint64_t duplicates_possible = 0;
    std::uint64_t bytes = 0;        ///< of delivered bodies
    std::uint64_t redelivered = 0;  ///< of those delivered: dead letters before
    std::uint64_t settled() const noexcept { return delivered + dead_lettered + discarded + lost; }
    friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// How far an integration has come in one partition. Everything up to `position` is settled (or does not match), and so
/// is everything in `settled_beyond`: sorted, disjoint, not touching, all beyond position + 1.
struct Cursor {
    LogPosition position;
    std::vector<SequenceRange> settled_beyond;
    Ledger ledger;
    std::vector<SequenceRange> lost;              ///< overtaken ranges, for people; bounded: the oldest are joined
    std::optional<Timestamp> last_delivery = {};  ///< when something was last accepted, for people
    friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// An event that its destination will never accept. Keeps the whole event: the log may let it go.
struct DeadLetter {
    LogPosition position;
    std::string error_class;
    std::string code;
    std::string message;
    std::string target;
    Timestamp at{};
    std::uint32_t attempts = 0;
    std::string record;  ///< the encoded event body (event/codec.hpp)
    Timestamp event_time{};
    friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

/// The targets that an integration has delivered to, in the order in which it came to them, where they can be refused
/// for each other's sake. They are those of one place; what `place` says is the destination's matter.
struct TakenTargets {
    std::string place;
    std::vector<std::string> names;
    friend bool operator==(const TakenTargets&, const TakenTargets&) = default;
};

struct DeadLetterPage {
    std::vector<DeadLetter> items;
    std::optional<LogPosition> next;  ///< the `after` to go on with; nullopt at the end
};

/// Cursors, dead letters and taken targets of all integrations. Blocking. Thread: any; one writer per integration.
class CursorStore {
  public:
    static Result<std::unique_ptr<CursorStore>> open(std::shared_ptr<Database> database);
    virtual ~CursorStore() = default;

    /// One per partition that was ever committed; empty when the integration is new.
    virtual Result<std::vector<Cursor>> load(std::string_view integration) const = 0;

    struct Commit {
        std::string integration;
        Cursor cursor;
        std::vector<DeadLetter> dead_letters;          ///< to keep; one that is there already is replaced
        std::vector<LogPosition> erased_dead_letters;  ///< redelivered or discarded; what is not there is passed over
        TakenTargets new_targets;                      ///< taken up since; `place` is that of all
        std::size_t targets_before = 0;  ///< how many were committed before those; with 0 they are all there are
    };
    /// One of several commits that could not be written, for what the store has of that integration already.
    struct Refused {
        std::size_t index = 0;  ///< among the commits
        Error error;            ///< Errc::corrupt
    };
    /// Several integrations' cursors with the dead letters they pass over and the targets they took up, in one batch,
    /// not synced: a crash of the process loses nothing, a power cut the last checkpoint interval (duplicates, never
    /// loss). Targets are written once, when they are new. Gives those that were left out whole because what is stored
    /// of them is damaged; the others are written all the same. After an error none is.
    virtual Result<std::vector<Refused>> commit(std::span<const Commit> commits) = 0;
    /// Makes what was committed durable. Called each checkpoint interval and at stop.
    virtual Result<void> sync() = 0;

    static constexpr std::size_t kPageBytes = 8 << 20;
    /// Those beyond `after`, in the log's order: at most `limit`, and fewer when they are large: the one with which
    /// they come to `bytes` is the last. One there always is.
    virtual Result<DeadLetterPage> dead_letters(std::string_view integration, LogPosition after, std::size_t limit,
                                                std::size_t bytes = kPageBytes) const = 0;
    struct DeadLetterTotals {
        std::uint64_t count = 0;
        std::uint64_t bytes = 0;  ///< as stored: the records and what is said about them
        friend bool operator==(const DeadLetterTotals&, const DeadLetterTotals&) = default;
    };
    virtual Result<DeadLetterTotals> dead_letter_totals(std::string_view integration) const = 0;

    /// Empty when there never were any.
    virtual Result<TakenTargets> taken_targets(std::string_view integration) const = 0;

    /// Forgets cursor, dead letters and targets. Synced, so that an integration made anew under the same id starts
    /// anew.
    virtual Result<void> erase(std::string_view integration) = 0;
    virtual Result<std::vector<std::string>> integrations() const = 0;
};

}  // namespace sluice
