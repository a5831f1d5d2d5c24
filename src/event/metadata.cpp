#include "event/metadata.hpp"

#include <charconv>

namespace sluice {

EventMetadata::EventMetadata(const Event& event) {
    auto digits = std::to_chars(sequence_.data(), sequence_.data() + sequence_.size(), event.sequence());
    format_rfc3339_to(event.time(), time_.data());
    fields_ = {{
        {"event_type", to_string(event->event_type)},
        {"id", event->id},
        {"obj_type", to_string(event->object_type)},
        {"recType", event->rec_type},
        {"sluice-sequence", {sequence_.data(), static_cast<std::size_t>(digits.ptr - sequence_.data())}},
        {"sluice-time", {time_.data(), time_.size()}},
        {"source", event->source},
    }};
}

}  // namespace sluice
