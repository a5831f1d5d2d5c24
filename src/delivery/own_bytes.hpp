#pragma once

#include <string>

#include "base/assert.hpp"
#include "event/codec.hpp"
#include "event/event.hpp"

namespace sluice {

/// True when holding `wanted` bytes of `owner` would keep far more in memory than is wanted.
inline bool is_sparse(const std::string& owner, std::size_t wanted) {
    return owner.size() > 64 * 1024 && wanted < owner.size() / 8;
}

/// The same event over bytes of its own.
inline Event with_own_bytes(const Event& event) {
    EventBatch batch;
    batch.add(event.view());
    Result<EventView> view = decode_event(batch.body(0));
    SLUICE_ASSERT(view, "an event that was decoded encodes");
    return Event(batch.bytes(), *view, event.position(), event.time());
}

}  // namespace sluice
