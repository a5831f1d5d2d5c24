#include "app/transition_log.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::app {
namespace {

using Kind = TransitionFilter::Kind;

std::pair<LogLevel, std::string> told(const TransitionFilter::Change& change) {
    auto level = [&](std::string_view what, std::string_view bound) {
        bool over = change.level == BoundLevel::none;
        return std::pair(over ? LogLevel::info : LogLevel::warn,
                         over ? fmt::format("{} less than half of {} again", what, bound)
                              : fmt::format("{} {:.0f}% of {}", what, change.share * 100, bound));
    };
    switch (change.kind) {
        case Kind::failing:
            return {LogLevel::warn, "an integration fails to deliver"};
        case Kind::blocked:
            return {LogLevel::error, "an integration is blocked: nothing can move"};
        case Kind::paused:
            return {LogLevel::warn, "an integration was paused by a dead letter"};
        case Kind::recovered:
            return {LogLevel::info, "an integration delivers again"};
        case Kind::flapping:
            return {LogLevel::warn,
                    fmt::format("an integration comes and goes, {} times by now: the next line is written "
                                "when it stays as it is",
                                change.changes)};
        case Kind::backlog:
            return level("an integration holds back", "hard_limit");
        case Kind::dead_letters:
            return level("an integration's dead letters fill", "what may be kept of them");
        case Kind::lost:
            return {LogLevel::error, fmt::format("an integration lost {} events that the log let go of", change.lost)};
    }
    return {LogLevel::info, "an integration changed"};
}

}  // namespace

TellingPace log_pace() {
    TellingPace pace;
    pace.trouble = pace.recovery = std::chrono::seconds(2);
    pace.most_changes = 6;
    pace.window = std::chrono::minutes(60);
    pace.quiet = std::chrono::minutes(10);
    pace.lost_every = std::chrono::seconds(60);
    return pace;
}

LogLine line_of(const Transition& transition) {
    const IntegrationStatus& status = transition.status;
    auto [level, message] = told(transition.change);
    LogLine line{level, std::move(message), {}};
    line.fields = {{"integration", transition.change.id},
                   {"org", status.org},
                   {"destination", status.destination_type},
                   {"state", std::string(to_string(status.state))}};
    bool of_trouble = transition.change.kind != Kind::recovered && transition.change.kind != Kind::lost;
    if (of_trouble) line.fields.emplace_back("reason", status.reason);
    if (const auto& error = status.stats.last_error; error && of_trouble) {
        line.fields.emplace_back("class", std::string(to_string(error->error_class)));
        line.fields.emplace_back("code", error->code);
        line.fields.emplace_back("target", error->target);
        line.fields.emplace_back("error", error->message);
        line.fields.emplace_back("hint", error->hint);
    }
    if (transition.change.since) line.fields.emplace_back("since", format_rfc3339(transition.since));
    line.fields.emplace_back("lag_events", std::to_string(status.stats.lag_events));
    return line;
}

void log_transition(const Transition& transition) {
    LogLine line = line_of(transition);
    log_event(line.level, line.message, line.fields);
}

}  // namespace sluice::app
