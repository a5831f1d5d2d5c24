#include "control/settings_trial.hpp"

#include "control/settings_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice {
namespace {

/// Members of a destination that a provider has a say in. What is not here shapes what is sent, not whether it may be.
constexpr std::array<std::string_view, 23> kAccessMembers{"type",
                                                          "endpoint",
                                                          "proxy",
                                                          "tls",
                                                          "protocol",
                                                          "transport",
                                                          "credentials",
                                                          "credentials_file",
                                                          "region",
                                                          "stream",
                                                          "stream_arn",
                                                          "queue_url",
                                                          "connection_string",
                                                          "devices",
                                                          "namespace",
                                                          "hub",
                                                          "project",
                                                          "topic",
                                                          "url",
                                                          "headers",
                                                          "secret",
                                                          "path",
                                                          "create_hubs"};

/// The steps of a test that come before the provider has said anything.
constexpr std::array<std::string_view, 3> kBeforeAnyAnswer{"name resolution", "connection", "TLS"};

bool is_same(const boost::json::value* before, const boost::json::value* after) {
    if (before == nullptr || after == nullptr) return before == after;
    return *before == *after;
}

std::string told(const ProbeStep& step) {
    return step.detail.empty() ? step.name : fmt::format("{}: {}", step.name, step.detail);
}

}  // namespace

bool needs_trial(const boost::json::object& before, const boost::json::object& after) {
    const auto* old_destination = destination_of(before);
    const auto* new_destination = destination_of(after);
    if (old_destination == nullptr || new_destination == nullptr) return old_destination != new_destination;
    return std::any_of(kAccessMembers.begin(), kAccessMembers.end(), [&](std::string_view name) {
        return !is_same(old_destination->if_contains(name), new_destination->if_contains(name));
    });
}

Trial judge_trial(const ProbeReport& report) {
    Trial trial;
    auto failed = std::find_if(report.steps.begin(), report.steps.end(),
                               [](const ProbeStep& step) { return step.outcome == ProbeStep::Outcome::failed; });
    if (failed == report.steps.end()) return trial;
    bool is_unreached =
        std::find(kBeforeAnyAnswer.begin(), kBeforeAnyAnswer.end(), failed->name) != kBeforeAnyAnswer.end();
    if (is_unreached) {
        trial.warning = fmt::format("in use, but they could not be tried: {}{}{}", told(*failed),
                                    failed->hint.empty() ? "" : "; ", failed->hint);
        return trial;
    }
    trial.refused =
        make_error(Errc::unauthenticated,
                   fmt::format("the new settings were tried and refused, and delivery goes on with the old ones: {}",
                               told(*failed)),
                   fmt::format("{}{}To change them all the same, repeat the request with ?force=true.", failed->hint,
                               failed->hint.empty() ? "" : " "));
    return trial;
}

}  // namespace sluice
