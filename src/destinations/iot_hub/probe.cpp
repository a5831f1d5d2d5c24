#include "destinations/iot_hub/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace sluice::iot_hub {
namespace {

using Outcome = ProbeStep::Outcome;

constexpr const char* kCredentials = "credentials";
constexpr const char* kTarget = "target";
constexpr const char* kRight = "right to write";
/// A given token that ends this soon deserves a word.
constexpr std::chrono::days kSoon{30};

std::string in_words(std::size_t count) {
    return fmt::format("{} device{}", count, count == 1 ? "" : "s");
}

void skip_from(ProbeReport& report, const char* first) {
    bool reached = false;
    for (const char* name : {kCredentials, kTarget, kRight}) {
        reached |= std::string_view(name) == first;
        if (reached) report.steps.push_back({name, Outcome::skipped, "", ""});
    }
}

/// The device's own words first, and how many others share its fate.
void add_failure(ProbeReport& report, const char* step, const DeviceFinding& worst, std::size_t failed,
                 std::size_t tried) {
    auto detail = worst.failure->message;
    if (!worst.failure->target.empty()) detail = worst.failure->target + ": " + detail;
    if (tried > 1) detail += fmt::format(" ({} of {})", failed, in_words(tried));
    report.steps.push_back({step, Outcome::failed, std::move(detail), worst.failure->hint});
}

/// A token that was given and ends: how long it still lasts.
const Device* first_to_expire(const Config& config) {
    const Device* first = nullptr;
    for (const auto& device : config.devices) {
        if (device.token_expires && (!first || *device.token_expires < *first->token_expires)) first = &device;
    }
    return first;
}

ProbeStep credentials_step(const Config& config, const std::vector<DeviceFinding>& findings, Timestamp now,
                           std::chrono::milliseconds offset) {
    ProbeStep step{kCredentials, Outcome::ok, "", ""};
    auto live = static_cast<std::size_t>(std::count_if(
        findings.begin(), findings.end(), [](const DeviceFinding& finding) { return finding.was_connected; }));
    if (config.transport == Transport::https) {
        step.detail = fmt::format("the hub answered {}", in_words(findings.size()));
    } else if (live == findings.size()) {
        step.detail = fmt::format("{} connected by this integration right now", in_words(live));
    } else {
        step.detail = fmt::format(
            "{} connected; had another client been connected as one of them, this test would have ended that "
            "connection",
            in_words(findings.size()));
    }
    if (findings.size() < config.devices.size())
        step.detail += fmt::format("; {} were not tried", in_words(config.devices.size() - findings.size()));
    if (offset != std::chrono::milliseconds::zero()) {
        step.outcome = Outcome::warning;
        step.detail += fmt::format("; this machine's clock is {} s off the hub's",
                                   std::chrono::duration_cast<std::chrono::seconds>(-offset).count());
        step.hint = "Tokens are made for the hub's time. Set this machine's clock right all the same.";
    }
    if (const Device* device = first_to_expire(config)) {
        step.outcome = Outcome::warning;
        step.detail += fmt::format("; the SharedAccessSignature of {} expires at {}{}", device->name(),
                                   format_rfc3339(*device->token_expires),
                                   *device->token_expires - now < kSoon ? ", which is soon" : "");
        step.hint =
            "A given token cannot be renewed: deliveries stop then. Give the connection string with its "
            "SharedAccessKey instead.";
    }
    return step;
}

}  // namespace

std::vector<std::size_t> devices_to_probe(const Config& config) {
    std::vector<std::size_t> devices(std::min(config.devices.size(), kMaxProbedDevices));
    std::iota(devices.begin(), devices.end(), std::size_t{0});
    return devices;
}

void add_skipped(ProbeReport& report) {
    skip_from(report, kCredentials);
}

void add_findings(ProbeReport& report, const Config& config, const std::vector<DeviceFinding>& findings, Timestamp now,
                  std::chrono::milliseconds offset) {
    const DeviceFinding* missing = nullptr;
    const DeviceFinding* failed = nullptr;
    std::size_t failures = 0;
    for (const auto& finding : findings) {
        if (!finding.failure) continue;
        ++failures;
        auto& worst = finding.failure->error_class == ErrorClass::missing_target ? missing : failed;
        if (!worst) worst = &finding;
    }
    if (failed) {
        add_failure(report, kCredentials, *failed, failures, findings.size());
        skip_from(report, kTarget);
        return;
    }
    report.steps.push_back(credentials_step(config, findings, now, offset));
    if (missing) {
        add_failure(report, kTarget, *missing, failures, findings.size());
        skip_from(report, kRight);
        return;
    }
    report.steps.push_back({kTarget, Outcome::ok,
                            config.devices.size() == 1 ? "the device " + config.device_names[0] + " is enabled"
                                                       : in_words(findings.size()) + " enabled",
                            ""});
    report.steps.push_back({kRight, Outcome::ok, "a device that may connect may send", ""});
}

}  // namespace sluice::iot_hub
