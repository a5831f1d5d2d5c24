#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/log_position.hpp"
#include "base/result.hpp"
#include "event/event.hpp"
#include "log/event_log.hpp"
#include "store/database.hpp"

namespace sluice {

/// How long an object can be read after its last change; nullopt: for ever.
struct ObjectRetention {
    std::optional<std::chrono::seconds> objs = std::chrono::hours(7 * 24);
    std::optional<std::chrono::seconds> devices;
    std::optional<std::chrono::seconds> health = std::chrono::hours(30 * 24);
    std::optional<std::chrono::seconds> of(ObjectType type) const noexcept;
};

/// Objects are their latest event. Holds (org, type, recType, id) → position in the log, creation time and tags;
/// written without RocksDB's log and caught up from the event log from a watermark kept in the same column family, so
/// that object and event are atomic by construction. Also holds the idempotency keys of the last 24 hours, derived from
/// the log too. Blocking. Thread: reads any; apply() one thread.
class ObjectIndex {
  public:
    /// What rescue() found damaged and gave up, for people: told when it is found, once while the process runs.
    struct Damage {
        std::uint64_t events = 0;   ///< that cannot be read, and go with their segment
        std::uint64_t objects = 0;  ///< whose latest event that was: gone
        std::string message;        ///< names the place in the log, or the object
    };
    /// Called on rescue()'s thread; may be empty.
    using OnDamage = std::function<void(const Damage&)>;

    static Result<std::unique_ptr<ObjectIndex>> open(std::shared_ptr<Database> database, const EventLog& log,
                                                     const Clock& clock, ObjectRetention retention,
                                                     OnDamage on_damage = nullptr);
    virtual ~ObjectIndex() = default;

    /// Everything up to here has been applied, per partition.
    virtual Sequence watermark(Partition partition) const = 0;
    /// Reads the log from the watermark to its head. At start, before serving. `progress` may be null.
    /// Errc::corrupt when the log ends before the watermark: the log and the store are not of the same time.
    virtual Result<void> catch_up(const std::function<void(Sequence at, Sequence head)>& progress) = 0;
    /// Applies committed events in the log's order. What was applied before is passed over; what is missing in between
    /// (a former apply that failed) is read from the log first. On an error nothing of the batch counts: try again.
    virtual Result<void> apply(const CommittedBatch& batch) = 0;

    struct Key {
        std::string_view org;
        ObjectType type = ObjectType::objs;
        std::string_view rec_type;
        std::string_view id;
    };
    /// The object's latest event (a create or an update); Errc::not_found when unknown, deleted, or past its retention.
    virtual Result<Event> get(const Key& key) const = 0;

    struct ListQuery {
        std::string_view org;
        ObjectType type = ObjectType::objs;
        std::string_view rec_type;
        std::vector<std::string> tags;      ///< all of these
        std::optional<Timestamp> from, to;  ///< creation time, from inclusive, to exclusive
        std::size_t offset = 0;             ///< objects to skip
        std::size_t limit = 999;
        bool newest_first = true;                     ///< by id, which is by creation for ids made here
        bool exact_total = true;                      ///< false: stop looking once the page is full
        std::uint64_t max_bytes = ~std::uint64_t(0);  ///< of objs read; one object is given even when it is larger
    };
    struct ListPage {
        std::vector<Event> events;  ///< each object's latest event
        std::uint64_t total = 0;    ///< that match, all pages; without exact_total those seen on the way
        bool cut = false;           ///< max_bytes ended the page before its limit did
    };
    virtual Result<ListPage> list(const ListQuery& query) const = 0;

    struct IdempotentAnswer {
        std::string body_sha256;  ///< 32 raw bytes
        LogPosition first;
        std::uint32_t event_count = 0;
        Timestamp at{};
    };
    /// nullopt when the key was not used in the last 24 hours.
    virtual Result<std::optional<IdempotentAnswer>> find_idempotency_key(std::string_view org,
                                                                         std::string_view key) const = 0;

    /// Before the log lets go of [first, last]: current objects in it whose own retention is not over are kept with
    /// their bytes here, so that get() and list() go on giving them, and everything applied is made durable. Beside
    /// apply(). A record that cannot be read is lost either way and keeps nothing: an object whose latest event it
    /// holds is gone from here on. Errc::unavailable while [first, last] is not wholly applied: trim later.
    virtual Result<void> rescue(Partition partition, Sequence first, Sequence last) = 0;
    /// Removes what is past its retention; bounded work per call, true when there is more. Beside apply().
    virtual Result<bool> expire() = 0;
};

}  // namespace sluice
