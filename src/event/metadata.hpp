#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "event/event.hpp"

namespace sluice {

/// What travels beside a body as the destination's own metadata (product.md, "The envelope"): `event_type`, `id`,
/// `obj_type`, `recType`, `sluice-sequence`, `sluice-time` (of commit, RFC 3339, UTC, ms) and `source`, in the order of
/// their names. Values are UTF-8 and may be empty. The views are into the event and into this object, so it is neither
/// copied nor moved; no allocation.
class EventMetadata {
  public:
    struct Field {
        std::string_view name;
        std::string_view value;
    };
    static constexpr std::size_t kFields = 7;
    static constexpr std::array<std::string_view, kFields> kNames{
        "event_type", "id", "obj_type", "recType", "sluice-sequence", "sluice-time", "source"};

    explicit EventMetadata(const Event& event);
    EventMetadata(const EventMetadata&) = delete;
    EventMetadata& operator=(const EventMetadata&) = delete;

    std::span<const Field, kFields> fields() const noexcept { return fields_; }

  private:
    std::array<char, 20> sequence_;
    std::array<char, 24> time_;
    std::array<Field, kFields> fields_;
};

}  // namespace sluice
