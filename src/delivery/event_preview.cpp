#include "delivery/event_preview.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice {
namespace {

std::shared_ptr<const Failure> too_large(std::size_t size, std::size_t most, const std::string& target) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::too_large;
    failure->code = "too_large";
    failure->message = fmt::format("it is {} bytes as the service counts, and at most {} are taken", size, most);
    failure->target = target;
    failure->hint = "choose a smaller payload form, or redact what is not needed";
    return failure;
}

}  // namespace

EventPreview preview_event(const Destination& destination, MessageSlots& slots, const Event& event,
                           std::string_view content_type) {
    constexpr SlotIndex kOnly = 0;
    MessageSlots::Prepared prepared = slots.prepare(event);
    slots.keep(kOnly);
    const Message message = slots.message(kOnly);
    EventPreview preview;
    preview.event = event;
    preview.body = message.body;
    preview.content_type = content_type;
    preview.key = message.key;
    preview.target = message.target;
    preview.undeliverable = prepared.undeliverable;
    preview.size = prepared.event.size;
    if (!preview.undeliverable) {
        std::size_t most = destination.limits().max_message_bytes_absolute;
        if (most > 0 && preview.size > most) preview.undeliverable = too_large(preview.size, most, preview.target);
    }
    if (!preview.undeliverable) {
        Result<SentBeside> beside = destination.beside(message);
        if (beside) {
            preview.beside = std::move(*beside);
        } else {
            auto failure = std::make_shared<Failure>();
            failure->error_class = ErrorClass::rejected;
            failure->code = "unsendable";
            failure->message = beside.error().message;
            failure->hint = beside.error().hint;
            preview.undeliverable = std::move(failure);
        }
    }
    slots.release(kOnly);
    return preview;
}

}  // namespace sluice
