#include "control/integration_selection.hpp"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

bool contains(std::string_view text, std::string_view part) {
    return lower_case(text).find(part) != std::string::npos;
}

}  // namespace

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& each : out)
        if (each >= 'A' && each <= 'Z') each = static_cast<char>(each + ('a' - 'A'));
    return out;
}

Result<void> IntegrationSelection::begin_after(std::string_view place_text) {
    Place place;
    if (order != Order::id) {
        auto colon = place_text.find(':');
        auto [end, error] = std::from_chars(place_text.data(), place_text.data() + place_text.size(), place.key);
        if (error != std::errc() || colon == std::string_view::npos || end != place_text.data() + colon)
            return make_error(Errc::invalid_argument, "`after` is not from a list in this order",
                              "pass on `next` as it came, with the same `sort`");
        place_text.remove_prefix(colon + 1);
    }
    place.id = place_text;
    after = std::move(place);
    return {};
}

std::string IntegrationSelection::to_text(const Place& place) const {
    return order == Order::id ? place.id : std::to_string(place.key) + ':' + place.id;
}

IntegrationSelection::Place IntegrationSelection::place_of(const IntegrationStatus& status) const {
    switch (order) {
        case Order::lag:
            return {static_cast<std::int64_t>(status.stats.lag_events), status.id};
        case Order::state:
            return {static_cast<std::int64_t>(status.state), status.id};
        case Order::last_error:
            return {status.stats.last_error ? to_epoch_ms(status.stats.last_error->at) : 0, status.id};
        case Order::id:
            break;
    }
    return {0, status.id};
}

bool IntegrationSelection::wants(const IntegrationStatus& status, std::string_view searched) const {
    if (!org.empty() && status.org != org) return false;
    if (!destination_type.empty() && status.destination_type != destination_type) return false;
    if (text.empty() || searched.find(text) != std::string_view::npos) return true;
    if (const auto& error = status.stats.last_error)
        if (contains(error->message, text) || contains(error->code, text) || contains(error->target, text)) return true;
    return std::any_of(status.stats.targets.begin(), status.stats.targets.end(),
                       [this](const auto& target) { return contains(target.first, text); });
}

bool IntegrationSelection::wants_state(IntegrationState state) const noexcept {
    return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

IntegrationChoice choose(std::vector<const IntegrationStatus*> given, const IntegrationSelection& selection) {
    struct Candidate {
        std::int64_t key;
        const IntegrationStatus* status;
    };
    auto before = [&](std::int64_t key, std::string_view id, std::int64_t other, std::string_view other_id) {
        if (key != other) return (key < other) != selection.descending;
        bool forwards = selection.order != IntegrationSelection::Order::id || !selection.descending;
        return forwards ? id < other_id : other_id < id;
    };
    IntegrationChoice out;
    std::vector<Candidate> candidates;
    for (const auto* status : given) {
        ++out.states[static_cast<std::size_t>(status->state)];
        if (!selection.wants_state(status->state)) continue;
        ++out.total;
        std::int64_t key = selection.place_of(*status).key;
        if (const auto& after = selection.after)
            if (!before(after->key, after->id, key, status->id)) continue;
        candidates.push_back({key, status});
    }
    // One more than asked for tells whether there is a next page.
    auto count = std::min(candidates.size(), selection.limit + 1);
    std::partial_sort(
        candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end(),
        [&](const Candidate& a, const Candidate& b) { return before(a.key, a.status->id, b.key, b.status->id); });
    for (std::size_t i = 0; i < std::min(count, selection.limit); ++i) out.items.push_back(candidates[i].status);
    if (count > selection.limit) out.next = selection.place_of(*out.items.back());
    return out;
}

}  // namespace sluice
