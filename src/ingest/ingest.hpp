#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "event/event.hpp"
#include "ingest/admission.hpp"
#include "ingest/body_lines.hpp"
#include "ingest/index_applier.hpp"
#include "ingest/keyed_mutex.hpp"
#include "ingest/object_builder.hpp"
#include "ingest/refusal.hpp"
#include "log/event_log.hpp"
#include "net/blocking_pool.hpp"
#include "store/object_index.hpp"

namespace sluice {

struct IngestLimits {
    DataLimits data;
    std::size_t max_body_bytes = 16 << 20;
    std::size_t max_lines = 10'000;                  ///< events of one request
    std::uint64_t max_waiting_bytes = 128ull << 20;  ///< being written, or not yet in the object index
};

/// What is written to one stream.
struct CreateRequest {
    ObjectContext context;
    std::string body;  ///< one JSON object, or one a line
    bool ndjson = false;
    std::optional<std::string> idempotency_key;
};

/// Ready envelopes of a platform with a store of its own.
struct EnvelopesRequest {
    std::string org;
    std::string body;
    bool ndjson = false;
    std::optional<std::string> idempotency_key;
};

struct ObjectKey {
    std::string org;
    ObjectType type = ObjectType::objs;
    std::string rec_type;
    std::string id;
};

struct UpdateRequest {
    Author author;
    ObjectKey key;
    std::string body;
};

/// What a write of several events came to.
struct Written {
    std::vector<Event> events;  ///< those of a create, in order; not filled for envelopes
    LogPosition first;
    std::uint32_t count = 0;
    bool replayed = false;  ///< an earlier request with the same key and body wrote it

    LogPosition last() const noexcept { return {first.partition, first.sequence + count - 1}; }
};

/// The Share API's semantics, without HTTP: what is written, in which order, and what a repeated write means.
///
/// Every write that completes with a value is on stable storage, all of it, and (envelopes apart) visible to reads; one
/// that completes with a Refusal left nothing behind.
///
/// Thread: any; awaitables resume on the caller's executor and are not cancellable. Lifecycle: constructed before the
/// log's first append (it listens to commits), start() once the index has caught up, stop() after the log was closed
/// and nobody calls any more.
class Ingest {
  public:
    struct Options {
        IngestLimits limits;
        Admission::OverBacklog over_backlog;
    };
    /// `reads` serves the short blocking reads of the index and the log; `lists` those of list(), which may look at
    /// millions of objects and must not hold up the others. All outlive the ingest.
    Ingest(EventLog& log, ObjectIndex& index, BlockingPool& reads, BlockingPool& lists, const Clock& clock,
           Options options);
    ~Ingest();
    Ingest(const Ingest&) = delete;
    Ingest& operator=(const Ingest&) = delete;

    void start() { applier_.start(); }
    void stop() { applier_.stop(); }

    /// Creates objects: all in one append, or none.
    boost::asio::awaitable<IngestResult<Written>> create(CreateRequest request);
    /// Gives an object new data. Changes of one object come one after another: of a concurrent update and delete one
    /// wins in order, and the update that comes after the delete finds nothing.
    boost::asio::awaitable<IngestResult<Event>> update(UpdateRequest request);
    /// Deletes an object; the event carries it as it last was.
    boost::asio::awaitable<IngestResult<Event>> remove(ObjectKey key);
    /// Logs ready envelopes for delivery; they are not kept as objects.
    boost::asio::awaitable<IngestResult<Written>> append_envelopes(EnvelopesRequest request);

    boost::asio::awaitable<IngestResult<Event>> get(ObjectKey key);
    /// Does more with what was found, on the reads' thread: what would hold up a shard.
    using Arrange = std::function<void(ObjectIndex::ListPage&)>;
    /// `query`'s views must outlive the call.
    boost::asio::awaitable<IngestResult<ObjectIndex::ListPage>> list(ObjectIndex::ListQuery query,
                                                                     Arrange arrange = nullptr);

    const IngestLimits& limits() const noexcept { return limits_; }
    /// Bytes being written or not yet in the object index.
    std::uint64_t waiting_bytes() const noexcept { return admission_.waiting_bytes() + applier_.waiting_bytes(); }
    /// Why the object index could not be written; nullopt when it can.
    std::optional<Error> index_error() const { return applier_.last_error(); }

  private:
    /// A request that appends events of its own.
    struct Write {
        std::string_view org;
        std::optional<std::string_view> idempotency_key;
        std::string_view fingerprint;
        std::uint32_t count = 0;
        std::uint64_t bytes = 0;  ///< about what the batch will have
        bool objects = true;      ///< the events are objects, and the answer shows them
    };
    /// Fills a batch, its first event with the mark. A plain function: runs between two suspensions.
    using Fill = std::function<std::optional<Refusal>(EventBatch&, const std::optional<IdempotencyMark>&)>;
    /// Appends the event that changes `current`.
    using Change = std::function<std::optional<Refusal>(EventBatch&, const Event& current)>;

    std::optional<Refusal> refuse_while_index_fails() const;
    IngestResult<std::vector<BodyLine>> lines_of(std::string_view body, bool ndjson) const;
    boost::asio::awaitable<IngestResult<Written>> write(Write write, Fill fill);
    boost::asio::awaitable<IngestResult<Written>> write_once(Write write, Fill fill);
    boost::asio::awaitable<IngestResult<Written>> replay(ObjectIndex::IdempotentAnswer answer, bool with_events);
    boost::asio::awaitable<IngestResult<Event>> change(ObjectKey key, std::uint64_t bytes, Change change);
    /// Completes when the batch is durable and, if asked, in the index.
    boost::asio::awaitable<IngestResult<AppendReceipt>> append(EventBatch batch, bool visible_to_reads);

    EventLog& log_;
    ObjectIndex& index_;
    BlockingPool& reads_;
    BlockingPool& lists_;
    const Clock& clock_;
    const IngestLimits limits_;
    ObjectIdGenerator ids_;
    IndexApplier applier_;
    Admission admission_;
    KeyedMutex changing_;   ///< objects being updated or deleted
    KeyedMutex repeating_;  ///< idempotency keys being written
};

}  // namespace sluice
