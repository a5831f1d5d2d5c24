#include "destinations/event_hubs/probe.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::event_hubs {
namespace {

using Outcome = ProbeStep::Outcome;

constexpr std::string_view kUnverifiedHint =
    "The policy must have the Send claim (with Entra: the role Azure Event Hubs Data Sender). A sample event shows "
    "whether "
    "it does.";

void add(ProbeReport& report, std::string name, Outcome outcome, std::string detail = {}, std::string hint = {}) {
    report.steps.push_back({std::move(name), outcome, std::move(detail), std::move(hint)});
}

std::string told(const Failure& failure) {
    return fmt::format("{}: {}", failure.code, failure.message);
}

std::string hint_of(const Failure& failure) {
    return failure.hint.empty() ? "Try again; if it stays so, is it Event Hubs that answers there?" : failure.hint;
}

std::string identity(const Config& config) {
    if (config.entra) return fmt::format("Entra application {}", config.entra->client_id);
    if (!config.credentials.signature.empty()) return "shared access signature";
    return fmt::format("policy {}", config.credentials.policy);
}

void add_not_verified_right(ProbeReport& report) {
    add(report, "right to write", Outcome::warning, "authenticated; right to write not verified",
        std::string(kUnverifiedHint));
}

/// A missing hub is made when the first event comes, if it may be.
void add_missing(ProbeReport& report, const Failure& failure, const Config& config) {
    add(report, "credentials", Outcome::ok, identity(config));
    if (config.create_hubs) {
        add(report, "target", Outcome::warning,
            fmt::format("event hub “{}” does not exist yet; it is created with the first event", config.fixed_hub()),
            "That needs a namespace policy with the Manage claim; else create the hub by hand.");
        add_not_verified_right(report);
        return;
    }
    add(report, "target", Outcome::failed, told(failure), hint_of(failure));
    add(report, "right to write", Outcome::skipped);
}

}  // namespace

void add_skipped(ProbeReport& report) {
    add(report, "credentials", Outcome::skipped);
    add(report, "target", Outcome::skipped);
    add(report, "right to write", Outcome::skipped);
}

void add_no_credentials(ProbeReport& report, const Failure& failure) {
    add(report, "credentials", Outcome::failed, told(failure), hint_of(failure));
    add(report, "target", Outcome::skipped);
    add(report, "right to write", Outcome::skipped);
}

void add_outcome(ProbeReport& report, int partitions, const Failure* failure, const Config& config) {
    if (failure == nullptr) {
        add(report, "credentials", Outcome::ok, identity(config));
        auto hub = config.fixed_hub();
        if (hub.empty()) {
            add(report, "target", Outcome::ok,
                config.create_hubs ? "each event names its hub; missing ones are created (needs Manage)"
                                   : "each event names its hub");
        } else {
            add(report, "target", Outcome::ok,
                partitions > 0 ? fmt::format("event hub “{}”, {} partitions", hub, partitions)
                               : fmt::format("event hub “{}”", hub));
        }
        add_not_verified_right(report);
        return;
    }
    if (failure->error_class == ErrorClass::missing_target) return add_missing(report, *failure, config);
    bool of_target = !failure->target.empty();
    if (failure->error_class == ErrorClass::credentials && of_target) {
        // It knows the key; the key is not for this hub.
        add(report, "credentials", Outcome::ok, identity(config));
        add(report, "target", Outcome::failed, told(*failure), hint_of(*failure));
        add(report, "right to write", Outcome::skipped);
        return;
    }
    add_no_credentials(report, *failure);
}

void add_look(ProbeReport& report, const HubLook& look, const Config& config) {
    const auto hub = config.fixed_hub();
    bool found = look.kind == HubLook::Kind::there || (hub.empty() && look.kind == HubLook::Kind::missing);
    if (found) return add_outcome(report, look.partitions, nullptr, config);
    if (look.kind == HubLook::Kind::may_not_look) {
        add(report, "credentials", Outcome::ok, identity(config));
        add(report, "target", Outcome::warning, "not verified: only a policy with Manage may look at event hubs",
            "Use one with Manage to have the hub checked (and created) too.");
        return add_not_verified_right(report);
    }
    add_outcome(report, 0, &look.failure, config);
}

}  // namespace sluice::event_hubs
