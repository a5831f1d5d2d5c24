#include "event/metadata.hpp"

#include <charconv>

namespace sluice {

EventMetadata::EventMetadata(const Event& event) {
    auto digits = std::to_chars(sequence_.data(), sequence_.data() + sequence_.size(), event.sequence());
    format_rfc3339_to(event.time(), time_.data());
    const std::array<std::string_view, kFields> values{
        to_string(event->event_type),
        event->id,
        to_string(event->object_type),
        event->rec_type,
        {sequence_.data(), static_cast<std::size_t>(digits.ptr - sequence_.data())},
        {time_.data(), time_.size()},
        event->source};
    for (std::size_t i = 0; i < kFields; ++i) fields_[i] = {kNames[i], values[i]};
}

}  // namespace sluice
