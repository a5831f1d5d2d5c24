#pragma once

#include <memory>
#include <string>

#include "event/codec.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// The event that a dead letter keeps.
inline Result<Event> event_of(const DeadLetter& letter) {
    auto bytes = std::make_shared<const std::string>(letter.record);
    Result<EventView> view = decode_event(*bytes);
    if (!view) return view.error();
    return Event(bytes, *view, letter.position, letter.event_time);
}

}  // namespace sluice
