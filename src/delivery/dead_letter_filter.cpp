#include "delivery/dead_letter_filter.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "delivery/ordering_key.hpp"
#include "delivery/stored_event.hpp"

namespace sluice {

DeadLetterFilter DeadLetterFilter::at(std::vector<LogPosition> positions) {
    DeadLetterFilter filter;
    filter.positions = std::move(positions);
    std::sort(filter.positions.begin(), filter.positions.end());
    filter.positions.erase(std::unique(filter.positions.begin(), filter.positions.end()), filter.positions.end());
    return filter;
}

bool DeadLetterFilter::is_everything() const noexcept {
    return positions.empty() && rec_types.empty() && !error_class && code.empty() && target.empty() && !key && !from &&
           !to;
}

bool DeadLetterFilter::wants(const DeadLetter& letter, const TextTemplate& key_template) const {
    if (!positions.empty() && !std::binary_search(positions.begin(), positions.end(), letter.position)) return false;
    if (error_class && letter.error_class != to_string(*error_class)) return false;
    if (!code.empty() && letter.code != code) return false;
    if (!target.empty() && letter.target != target) return false;
    if ((from && letter.at < *from) || (to && letter.at > *to)) return false;
    if (rec_types.empty() && !key) return true;
    Result<Event> event = event_of(letter);
    if (!event) return false;
    bool matches = rec_types.empty() || std::any_of(rec_types.begin(), rec_types.end(), [&](const std::string& each) {
                       return matches_pattern(each, (*event)->rec_type);
                   });
    if (!matches || !key) return matches;
    Result<std::string> has = key_template.evaluate(*event);
    return has && ordering_key(*has) == ordering_key(*key);
}

std::optional<LogPosition> DeadLetterFilter::skip_to(LogPosition after) const {
    if (positions.empty()) return after;
    auto next = std::upper_bound(positions.begin(), positions.end(), after);
    if (next == positions.end()) return std::nullopt;
    LogPosition before = *next;
    --before.sequence;
    return std::max(after, before);
}

}  // namespace sluice
