#include "event/filter.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace sluice {

namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

}  // namespace

bool EventFilter::wants_stream(std::string_view org, std::string_view rec_type) const {
    return matches_any(orgs, org) && (rec_types.empty() || matches_any(rec_types, rec_type));
}

bool EventFilter::matches(const EventView& event) const {
    return wants_types(event.event_type, event.object_type) && wants_stream(event.org, event.rec_type) &&
           has_all_tags(event.tags, tags);
}

}  // namespace sluice
