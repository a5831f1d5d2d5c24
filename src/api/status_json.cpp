#include "api/status_json.hpp"

#include <boost/json/array.hpp>
#include <cmath>

#include "event/codec.hpp"

namespace sluice::api {

boost::json::value time_or_null(const std::optional<Timestamp>& time) {
    if (!time) return nullptr;
    return boost::json::string(format_rfc3339(*time));
}

namespace {

boost::json::object error_json(const DeliveryError& error) {
    return {{"class", to_string(error.error_class)},
            {"code", error.code},
            {"message", error.message},
            {"target", error.target},
            {"at", format_rfc3339(error.at)},
            {"next_attempt_at", time_or_null(error.next_attempt_at)},
            {"hint", error.hint}};
}

}  // namespace

double thousandths(double value) noexcept {
    return std::round(value * 1000) / 1000;
}

boost::json::object to_json(const IntegrationStats& stats) {
    boost::json::object targets;
    for (const auto& [name, target] : stats.targets) {
        auto error = error_json(target.error);
        error["since"] = format_rfc3339(target.since);
        error["pending"] = target.pending;
        targets[name] = std::move(error);
    }
    boost::json::object out{{"head", sluice::to_string(stats.head)},
                            {"position", sluice::to_string(stats.position)},
                            {"lag_events", stats.lag_events},
                            {"lag_seconds", thousandths(stats.lag_seconds)},
                            {"in_flight", stats.in_flight},
                            {"matched", stats.matched},
                            {"delivered", stats.delivered},
                            {"dead_lettered", stats.dead_lettered},
                            {"discarded", stats.discarded},
                            {"lost", stats.lost},
                            {"pending", stats.pending},
                            {"retries", stats.retries},
                            {"duplicates_possible", stats.duplicates_possible},
                            {"bytes", stats.bytes},
                            {"last_delivery", time_or_null(stats.last_delivery)}};
    if (stats.last_error)
        out["last_error"] = error_json(*stats.last_error);
    else
        out["last_error"] = nullptr;
    out["targets"] = std::move(targets);
    out["targets_left_out"] = stats.targets_left_out;
    out["breaker"] = stats.breaker;
    out["redelivered"] = stats.redelivered;
    out["delivered_per_second"] = thousandths(stats.delivered_per_second);
    if (stats.latency_seconds)
        out["latency_seconds"] = thousandths(*stats.latency_seconds);
    else
        out["latency_seconds"] = nullptr;
    out["backlog"] =
        boost::json::object{{"bytes", stats.backlog_bytes}, {"of_hard_limit", stats.backlog_of_hard_limit}};
    if (!stats.lost_ranges.empty()) {
        boost::json::array ranges;
        for (const auto& range : stats.lost_ranges)
            ranges.push_back({std::to_string(range.first), std::to_string(range.last)});
        out["lost_ranges"] = std::move(ranges);
    }
    return out;
}

boost::json::object to_json(const IntegrationDirectory::Item& item) {
    boost::json::object out = item.settings;
    out["id"] = item.id;
    out["org"] = item.org;
    out["source"] = item.from_file ? "file" : "api";
    out["state"] = to_string(item.status.state);
    out["reason"] = item.status.reason;
    out["stats"] = to_json(item.status.stats);
    if (item.status.replay) out["replay"] = to_json(*item.status.replay);
    if (!item.warning.empty()) out["warning"] = item.warning;
    return out;
}

boost::json::object to_json(const ReplayStatus& replay) {
    return {{"id", replay.id},
            {"from", sluice::to_string(replay.from)},
            {"to", sluice::to_string(replay.to)},
            {"position", sluice::to_string(replay.position)},
            {"delivered", replay.delivered},
            {"refused", replay.refused},
            {"running", replay.running},
            {"ended", replay.ended}};
}

boost::json::object to_json(const DeadLetterOutcome& outcome) {
    boost::json::object out{
        {"redelivered", outcome.settled}, {"left", outcome.left}, {"complete", outcome.complete}, {"error", nullptr}};
    if (outcome.error) out["error"] = error_json(*outcome.error);
    return out;
}

boost::json::object to_json(const IntegrationDirectory::Reloaded& reloaded) {
    auto names = [](const std::vector<std::string>& ids) {
        boost::json::array out;
        for (const auto& id : ids) out.push_back(boost::json::string(id));
        return out;
    };
    return {{"added", names(reloaded.added)},
            {"changed", names(reloaded.changed)},
            {"removed", names(reloaded.removed)},
            {"unchanged", reloaded.unchanged}};
}

boost::json::object sample_json(const std::optional<DeliveryError>& error) {
    boost::json::object out{{"accepted", !error.has_value()}, {"error", nullptr}};
    if (error) out["error"] = error_json(*error);
    return out;
}

boost::json::object to_json(const ProbeReport& report) {
    boost::json::array steps;
    for (const auto& step : report.steps)
        steps.push_back(boost::json::object{
            {"name", step.name}, {"outcome", to_string(step.outcome)}, {"detail", step.detail}, {"hint", step.hint}});
    return {{"ok", report.ok()}, {"steps", std::move(steps)}};
}

boost::json::object dead_letter_json(const DeadLetter& letter) {
    boost::json::object item{{"sequence", sluice::to_string(letter.position)},
                             {"class", letter.error_class},
                             {"code", letter.code},
                             {"message", letter.message},
                             {"target", letter.target},
                             {"at", format_rfc3339(letter.at)},
                             {"attempts", letter.attempts},
                             {"event_time", format_rfc3339(letter.event_time)}};
    if (auto event = decode_event(letter.record)) {
        item["id"] = event->id;
        item["recType"] = event->rec_type;
        item["event_type"] = to_string(event->event_type);
        item["obj_type"] = to_string(event->object_type);
    }
    return item;
}

boost::json::object to_json(const DeadLetterPage& page) {
    boost::json::array items;
    for (const auto& letter : page.items) items.push_back(dead_letter_json(letter));
    boost::json::value next = nullptr;
    if (page.next) next = boost::json::string(sluice::to_string(*page.next));
    return {{"items", std::move(items)}, {"next", std::move(next)}};
}

}  // namespace sluice::api
