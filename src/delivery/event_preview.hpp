#pragma once

#include <memory>
#include <string>

#include "delivery/integration_config.hpp"
#include "delivery/message_slots.hpp"
#include "destination/destination.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

/// What an integration would send of one event, worked out by what sends it. Owns its text. Has payloads: for whoever
/// may read them.
struct EventPreview {
    Event event;
    std::string body;
    std::string content_type;
    std::string key;  ///< what is kept in order; empty with `ordering: none`
    std::string target;
    SentBeside beside;
    std::size_t size = 0;                          ///< as the service counts it
    std::shared_ptr<const Failure> undeliverable;  ///< why it would become a dead letter instead; else null
};

/// `slots` are of the same destination and used for nothing else. No I/O.
EventPreview preview_event(const Destination& destination, MessageSlots& slots, const Event& event,
                           std::string_view content_type);

/// A dead letter with what sending it again would send.
struct DeadLetterPreview {
    DeadLetter letter;
    EventPreview preview;
};

}  // namespace sluice
