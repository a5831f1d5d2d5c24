#include <fmt/format.h>

#include <cstdio>

#include "alerts/alert_directory.hpp"
#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/destinations.hpp"
#include "app/listener_certificate.hpp"
#include "app/private_memory.hpp"
#include "app/probe_report.hpp"
#include "app/secrets_keys.hpp"
#include "control/access_directory.hpp"
#include "control/integration_directory.hpp"

namespace sluice::app {
namespace {

int refuse(const Error& error) {
    fmt::print(stderr, "{}\n", error.message);
    if (!error.hint.empty()) fmt::print(stderr, "  {}\n", error.hint);
    return 1;
}

struct Checked {
    Configuration configuration;
    std::vector<IntegrationConfig> integrations;
};

/// The files that the configuration names, beside those of its integrations: a start would stumble over them.
Result<void> check_named_files(const Configuration& configuration) {
    if (!configuration.tls_certificate.empty()) {
        auto certificate =
            read_listener_certificate(configuration.tls_certificate, configuration.tls_key, SystemClock::instance());
        if (!certificate) return certificate.error();
    }
    // The one in the data folder is made by the first start.
    if (configuration.secrets_key || !configuration.secrets_key_file.empty()) {
        auto keys = secrets_keys_of(configuration)->read();
        if (!keys) return keys.error();
    }
    return {};
}

Result<Checked> check_file(const std::string& file, const DestinationRegistry& registry) {
    auto configuration = load_configuration(file, process_environment());
    if (!configuration) return configuration.error();
    auto integrations = IntegrationDirectory::check(configuration->integrations, registry, configuration->locate);
    if (!integrations) return integrations.error();
    if (auto named = check_named_files(*configuration); !named)
        return make_error(named.error().code, file + ": " + named.error().message, named.error().hint);
    auto alerts = AlertDirectory::check(configuration->alerts, configuration->locate);
    if (!alerts) return alerts.error();
    auto tokens = AccessDirectory::check_tokens(configuration->tokens, {});
    if (!tokens) return make_error(tokens.error().code, file + ": " + tokens.error().message, tokens.error().hint);
    return Checked{std::move(*configuration), std::move(*integrations)};
}

/// Builds the destination as the engine would, and asks it.
Result<ProbeReport> probe(boost::asio::io_context& io, const IntegrationConfig& config,
                          const DestinationRegistry& registry) {
    const auto* kind = registry.find(config.destination_type());
    DestinationContext context{.io = io,
                               .clock = SystemClock::instance(),
                               .integration_id = config.id,
                               .keyed = config.ordering == Ordering::key,
                               .operator_owned = config.operator_owned,
                               .org = config.org,
                               .content_type = std::string(content_type_of(config.payload))};
    auto destination = kind->make(config.destination, context);
    if (!destination) return destination.error();
    auto report = run_until_done(io, (*destination)->probe(Deadline::after(std::chrono::seconds(30))));
    auto closed = [](Destination& closing) -> boost::asio::awaitable<bool> {
        co_await closing.close();
        co_return true;
    };
    run_until_done(io, closed(**destination));
    return report;
}

}  // namespace

int run_check(const CheckCommand& command) {
    auto registry = make_registry();
    auto checked = check_file(command.config, registry);
    if (!checked) return refuse(checked.error());
    auto counted = [](std::size_t count, std::string_view what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    fmt::print("{}: good: {}, {}, {}\n", command.config, counted(checked->integrations.size(), "integration"),
               counted(checked->configuration.tokens.size(), "token"),
               counted(checked->configuration.alerts.size(), "alert"));
    return 0;
}

int run_test(const TestCommand& command) {
    keep_memory_private();
    auto registry = make_registry();
    auto checked = check_file(command.config, registry);
    if (!checked) return refuse(checked.error());
    for (const auto& id : command.ids) {
        bool known = std::any_of(checked->integrations.begin(), checked->integrations.end(),
                                 [&](const auto& config) { return config.id == id; });
        if (!known)
            return refuse(make_error(Errc::not_found, fmt::format("{} has no integration \"{}\"", command.config, id)));
    }
    bool all_ok = true;
    boost::asio::io_context io;
    for (const auto& config : checked->integrations) {
        bool wanted =
            command.ids.empty() || std::find(command.ids.begin(), command.ids.end(), config.id) != command.ids.end();
        if (!wanted) continue;
        fmt::print("{} ({})\n", config.id, config.destination_type());
        std::fflush(stdout);
        auto report = probe(io, config, registry);
        if (!report) {
            refuse(report.error());
            all_ok = false;
            continue;
        }
        all_ok = print_probe(*report) && all_ok;
    }
    return all_ok ? 0 : 1;
}

}  // namespace sluice::app
