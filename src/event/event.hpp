#pragma once

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

namespace sluice {

enum class EventType : std::uint8_t { create = 1, update = 2, remove = 3 };  // `remove` is "delete" on the wire
enum class ObjectType : std::uint8_t { objs = 1, devices = 2, health = 3 };

std::string_view to_string(EventType type) noexcept;
std::string_view to_string(ObjectType type) noexcept;
std::optional<EventType> parse_event_type(std::string_view text) noexcept;
std::optional<ObjectType> parse_object_type(std::string_view text) noexcept;

/// Bytes that are written once and then shared: a batch's encoded records, a page read from the log.
using SharedBytes = std::shared_ptr<const std::string>;

/// Lets a retried POST be answered again: stored with the first event of its batch, so that it is atomic with it.
struct IdempotencyMark {
    std::string_view key;
    std::string_view body_sha256;   ///< 32 raw bytes
    std::uint32_t event_count = 0;  ///< events of the batch, this one included
};

/// What an event is, as views into its encoded record (see event/codec.hpp). Plain values; no ownership.
struct EventView {
    EventType event_type = EventType::create;
    ObjectType object_type = ObjectType::objs;
    bool kept_as_object = false;  ///< written through the Share API: readable as an object, not only as an event
    std::string_view org;
    std::string_view rec_type;
    std::string_view id;
    std::string_view source;
    std::string_view tags;      ///< encoded: see tags_of()
    std::string_view envelope;  ///< the six-member JSON exactly as delivered
    std::string_view obj;       ///< the envelope's `obj`, a part of `envelope`
    std::string_view data;      ///< `obj.data`, a part of `envelope`; empty when obj has no data member
    std::optional<IdempotencyMark> idempotency;
};

/// The tags of an EventView, in the order they were given. Encoded as one length byte and the bytes, repeated.
std::vector<std::string_view> tags_of(std::string_view encoded);
std::string encode_tags(std::span<const std::string> tags);
/// True when the bytes are whole tags and nothing else.
bool are_tags(std::string_view encoded) noexcept;
/// True when every one of `wanted` is among the encoded tags.
bool has_all_tags(std::string_view encoded, std::span<const std::string> wanted) noexcept;

/// One committed event: immutable, cheap to copy (one shared owner of its bytes and a few views). Thread: any.
class Event {
  public:
    Event() = default;
    Event(SharedBytes owner, const EventView& view, LogPosition position, Timestamp time)
        : owner_(std::move(owner)), view_(view), position_(position), time_(time) {}

    const EventView* operator->() const noexcept { return &view_; }
    const EventView& view() const noexcept { return view_; }
    LogPosition position() const noexcept { return position_; }
    Sequence sequence() const noexcept { return position_.sequence; }
    /// When it was committed.
    Timestamp time() const noexcept { return time_; }
    const SharedBytes& owner() const noexcept { return owner_; }

  private:
    SharedBytes owner_;
    EventView view_;
    LogPosition position_;
    Timestamp time_{};
};

}  // namespace sluice
