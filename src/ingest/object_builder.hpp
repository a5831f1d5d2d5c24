#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "event/codec.hpp"
#include "event/envelope_writer.hpp"
#include "event/event.hpp"
#include "ingest/data_splice.hpp"
#include "ingest/refusal.hpp"

namespace sluice {

/// The `source` of envelopes for objects written through the Share API.
inline constexpr std::string_view kShareServiceSource = "ShareService";

/// Who writes, as objects record it (`creatorId`, `updaterId`, `owner`, `origin`). Never the token itself.
struct Author {
    std::string org;
    std::string token_id;  ///< public name of the token
    std::string token_name;
    std::string remote_address;
};

/// What the objects of one request have in common.
struct ObjectContext {
    Author author;
    ObjectType type = ObjectType::objs;
    std::string rec_type;
    std::vector<std::string> tags;
};

/// Turns callers' JSON texts into `create` events, straight into a batch: the text is minified into the batch's buffer
/// and hashed there; nothing is parsed into a tree and nothing is copied twice. What the objects of one batch share is
/// rendered once. `batch`, `context` and `ids` must outlive the builder. Not thread-safe.
class ObjectBuilder {
  public:
    ObjectBuilder(EventBatch& batch, const ObjectContext& context, ObjectIdGenerator& ids, Timestamp now,
                  DataLimits limits);
    ObjectBuilder(const ObjectBuilder&) = delete;
    ObjectBuilder& operator=(const ObjectBuilder&) = delete;

    /// Appends one event. A refusal (with line and offset within `text`) leaves the batch as it was.
    std::optional<Refusal> add(std::string_view text, const std::optional<IdempotencyMark>& mark = {});

    /// Makes room for `count` events whose texts have `text_bytes` in all.
    void reserve(std::size_t text_bytes, std::size_t count);

  private:
    EventBatch& batch_;
    EnvelopeWriter writer_;
    ObjectIdGenerator& ids_;
    const Timestamp now_;
    const DataLimits limits_;
    std::string encoded_tags_;
    EventView view_;
    /// The constant texts between the parts that differ from object to object, in the order in which they are written.
    std::string before_origin_checksum_, before_origin_id_, before_data_;
};

/// Appends the `update` event of an object: new data and checksum, `updaterId` and `updateDate`; everything else as in
/// `current` (which is not of `batch`), byte for byte. `updateDate` is `now`, or a millisecond after the last one where
/// the clock has not passed it.
std::optional<Refusal> append_update(EventBatch& batch, const Event& current, const Author& author, Timestamp now,
                                     std::string_view text, DataLimits limits);

/// Appends the `delete` event of an object, which carries the object as it last was.
void append_delete(EventBatch& batch, const Event& current);

}  // namespace sluice
