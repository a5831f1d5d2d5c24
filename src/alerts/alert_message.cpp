#include "alerts/alert_message.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

namespace sluice {
namespace {

/// Of a summary; the rest is counted.
constexpr std::size_t kSummaryItems = 100;

/// A share as people read it.
double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

boost::json::value error_or_null(const std::optional<DeliveryError>& error) {
    if (!error) return nullptr;
    boost::json::object out{{"class", to_string(error->error_class)},
                            {"code", error->code},
                            {"message", error->message},
                            {"target", error->target},
                            {"at", format_rfc3339(error->at)},
                            {"hint", error->hint}};
    if (error->next_attempt_at) out["next_attempt_at"] = format_rfc3339(*error->next_attempt_at);
    return out;
}

std::string body_of(std::string_view type, Timestamp at, boost::json::object data, std::uint64_t missed) {
    boost::json::object out{{"type", type}, {"timestamp", format_rfc3339(at)}, {"data", std::move(data)}};
    if (missed > 0) out["missed"] = missed;
    return boost::json::serialize(out);
}

}  // namespace

std::string alert_type(TransitionFilter::Kind kind) {
    return "integration." + std::string(to_string(kind));
}

AlertNote alert_note(const Transition& transition) {
    using Kind = TransitionFilter::Kind;
    const TransitionFilter::Change& change = transition.change;
    const IntegrationStatus& status = transition.status;
    AlertNote note;
    note.type = alert_type(change.kind);
    note.org = status.org;
    note.integration = status.id;
    note.at = transition.at;
    note.data = {{"id", status.id},
                 {"org", status.org},
                 {"destination", status.destination_type},
                 {"state", to_string(status.state)},
                 {"reason", status.reason},
                 {"since", format_rfc3339(transition.since)},
                 {"lag_events", status.stats.lag_events},
                 {"lag_seconds", std::llround(status.stats.lag_seconds)},
                 {"last_error", error_or_null(status.stats.last_error)}};
    switch (change.kind) {
        case Kind::failing:
        case Kind::blocked:
        case Kind::paused:
            break;
        case Kind::recovered:
            note.data["recovered_from"] = to_string(change.before);
            break;
        case Kind::flapping:
            note.data["changes"] = change.changes;
            break;
        case Kind::backlog:
        case Kind::dead_letters:
            note.data["level"] = to_string(change.level);
            note.data["share"] = rounded(change.share);
            break;
        case Kind::lost:
            note.data["lost"] = change.lost;
            break;
    }
    return note;
}

std::string alert_body(const AlertNote& note, std::uint64_t missed) {
    return body_of(note.type, note.at, note.data, missed);
}

std::string alert_summary_body(std::span<const AlertNote> notes, std::uint64_t missed, Timestamp now) {
    boost::json::object counts;
    boost::json::array items;
    for (const AlertNote& note : notes) {
        boost::json::value& count = counts[note.type];
        count = count.is_null() ? 1 : count.to_number<std::int64_t>() + 1;
        if (items.size() >= kSummaryItems) continue;
        boost::json::object item{{"type", note.type}, {"timestamp", format_rfc3339(note.at)}};
        for (std::string_view name : {"id", "org", "destination", "state", "reason"}) item[name] = note.data.at(name);
        items.push_back(std::move(item));
    }
    boost::json::object data{{"total", notes.size()}, {"counts", std::move(counts)}, {"items", std::move(items)}};
    return body_of("integrations.summary", now, std::move(data), missed);
}

std::string alert_test_body(std::string_view alert_id, std::string_view org, Timestamp now) {
    boost::json::object data{
        {"alert", alert_id}, {"org", org}, {"message", "This is a test: alerts of Sluice arrive here."}};
    return body_of("alert.test", now, std::move(data), 0);
}

}  // namespace sluice
