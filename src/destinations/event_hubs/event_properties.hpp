#pragma once

#include <string_view>

#include "destinations/event_hubs/config.hpp"
#include "event/metadata.hpp"

namespace sluice::event_hubs {

inline constexpr std::string_view kUsualContentType = "application/json";
inline constexpr std::string_view kContentTypeHeader = "content-type";

/// Gives `see` each name and value that travels beside a body, the same over both protocols.
template <class See>
void for_each_property(const EventMetadata& metadata, const Config& config, See see) {
    for (const auto& field : metadata.fields()) see(field.name, field.value);
    if (config.content_type != kUsualContentType) see(kContentTypeHeader, std::string_view(config.content_type));
}

/// The same, for Destination::beside().
inline void add_properties(const Message& message, const Config& config, SentBeside& sent) {
    const EventMetadata metadata(message.event);
    for_each_property(metadata, config, [&sent](std::string_view name, std::string_view value) {
        sent.metadata.push_back({std::string(name), std::string(value)});
    });
}

}  // namespace sluice::event_hubs
