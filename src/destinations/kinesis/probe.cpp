#include "destinations/kinesis/probe.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>

namespace sluice::kinesis {
namespace {

using Outcome = ProbeStep::Outcome;

constexpr std::string_view kRightHint =
    "The policy must allow kinesis:PutRecords on the stream. A sample event shows whether it does.";

void add(ProbeReport& report, std::string_view name, Outcome outcome, std::string detail = {}, std::string hint = {}) {
    report.steps.push_back({std::string(name), outcome, std::move(detail), std::move(hint)});
}

void add_credentials(ProbeReport& report, Outcome outcome, std::string detail, std::string hint = {}) {
    add(report, "credentials", outcome, std::move(detail), std::move(hint));
}

void add_target(ProbeReport& report, Outcome outcome, std::string detail = {}, std::string hint = {}) {
    add(report, "target", outcome, std::move(detail), std::move(hint));
}

void add_right(ProbeReport& report, Outcome outcome, std::string detail = {}, std::string hint = {}) {
    add(report, "right to write", outcome, std::move(detail), std::move(hint));
}

/// An external id that Sluice made is shown here, for the role's trust policy.
std::string with_external_id(std::string_view origin, const Config& config) {
    const auto* role = std::get_if<auth::AwsRoleSettings>(&config.credentials.kind);
    if (role == nullptr || role->external_id.empty()) return std::string(origin);
    return fmt::format("{}, external id {}", origin, role->external_id);
}

std::string describe(const StreamSummary& summary, const Config& config) {
    auto text = fmt::format("{} is {}", config.stream.source(), summary.status);
    if (!summary.mode.empty()) text += ", " + summary.mode;
    if (summary.open_shards) text += fmt::format(", {} open shards", *summary.open_shards);
    if (summary.max_record_kib) text += fmt::format(", records up to {} KiB", *summary.max_record_kib);
    return text;
}

}  // namespace

void add_skipped(ProbeReport& report) {
    add_credentials(report, Outcome::skipped, "");
    add_target(report, Outcome::skipped);
    add_right(report, Outcome::skipped);
}

void add_unanswered(ProbeReport& report, const auth::AwsCallError& error) {
    auto hint = error.error.hint;
    if (hint.empty()) {
        hint = error.no_credentials ? "Check `credentials`."
                                    : "Try again; if it stays so, is it Kinesis that answers there?";
    }
    add_credentials(report, Outcome::failed, error.error.message, std::move(hint));
    add_target(report, Outcome::skipped);
    add_right(report, Outcome::skipped);
}

void add_refusal(ProbeReport& report, const auth::AwsError& error, const Config& config, std::string_view origin) {
    auto kind = auth::aws_error_kind(error.code, error.status);
    auto meaning = meaning_of(error.code, error.status, error.message);
    auto told = error.message.empty() ? error.code : fmt::format("{}: {}", error.code, error.message);
    if (kind == auth::AwsErrorKind::access_denied) {
        // Delivery does not need the right to describe: this is no failure.
        add_credentials(report, Outcome::ok, with_external_id(origin, config));
        add_target(report, Outcome::warning, "not verified: " + told,
                   "Allow kinesis:DescribeStreamSummary to have the stream checked too.");
        add_right(report, Outcome::warning, "authenticated; right to write not verified", std::string(kRightHint));
        return;
    }
    auto hint = hint_for(error.code, error.status, meaning, config.region);
    if (meaning.error_class == ErrorClass::credentials) {
        add_credentials(report, Outcome::failed, std::move(told), std::move(hint));
        add_target(report, Outcome::skipped);
    } else {
        // Only a service that knows its caller says what it does not find.
        bool is_known = meaning.error_class == ErrorClass::missing_target;
        add_credentials(report, is_known ? Outcome::ok : Outcome::warning,
                        is_known ? with_external_id(origin, config) : "not verified: the service did not get that far");
        add_target(report, Outcome::failed, std::move(told), std::move(hint));
    }
    add_right(report, Outcome::skipped);
}

void add_summary(ProbeReport& report, const std::optional<StreamSummary>& summary, const Config& config,
                 std::string_view origin, std::chrono::milliseconds clock_offset) {
    auto detail = with_external_id(origin, config);
    if (clock_offset.count() == 0) {
        add_credentials(report, Outcome::ok, std::move(detail));
    } else {
        detail +=
            fmt::format("; this machine's clock is off by {} s, which is made up for", clock_offset.count() / 1000);
        add_credentials(report, Outcome::warning, std::move(detail), "Let a time service set this machine's clock.");
    }
    if (!config.stream.is_literal()) {
        add_target(report, Outcome::skipped,
                   fmt::format("the stream depends on the event: {}", config.stream.source()));
    } else if (!summary) {
        add_target(report, Outcome::failed, "the answer is not a stream's description",
                   "Is it Kinesis that answers there?");
    } else if (summary->status != "ACTIVE" && summary->status != "UPDATING") {
        add_target(report, Outcome::failed, describe(*summary, config),
                   "A stream takes records when it is ACTIVE or UPDATING.");
    } else {
        add_target(report, Outcome::ok, describe(*summary, config));
    }
    if (report.ok()) {
        add_right(report, Outcome::warning, "not verified: a test writes nothing", std::string(kRightHint));
    } else {
        add_right(report, Outcome::skipped);
    }
}

}  // namespace sluice::kinesis
