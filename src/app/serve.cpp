#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/logging.hpp"
#include "app/node.hpp"
#include "app/private_memory.hpp"
#include "app/sandbox_start.hpp"
#include "app/service_manager.hpp"
#include "app/version.hpp"
#include "base/units.hpp"
#include "destinations/pubsub/factory.hpp"

namespace sluice::app {
namespace {

/// How long a stop waits for what is in flight.
constexpr auto kDrainTime = std::chrono::seconds(20);

Result<Configuration> configure(const ServeCommand& command) {
    auto configuration = load_configuration(command.config, process_environment());
    if (!configuration) return configuration;
    if (!command.data_dir.empty()) configuration->data_dir = command.data_dir;
    if (!command.listen.empty()) {
        auto listen = parse_listen(command.listen);
        if (!listen) return make_error(listen.error().code, "--listen " + listen.error().message, listen.error().hint);
        configuration->listen = *listen;
    }
    return configuration;
}

int cannot_start(const Error& error) {
    fmt::print(stderr, "sluice: {}\n", error.message);
    if (!error.hint.empty()) fmt::print(stderr, "  {}\n", error.hint);
    return 1;
}

/// Blocks the signals that end the process or have it reload, so that the threads made from here on leave them to
/// wait_for_signal().
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

void reload(Node& node, const ServiceManager& manager) {
    manager.reloading();
    auto done = node.reload();
    manager.ready(done ? "reloaded; " + *done : "not reloaded: " + done.error().message);
    if (done) {
        log_event(LogLevel::info, "the configuration was reloaded", {{"changes", *done}});
    } else {
        log_event(LogLevel::error, "the configuration was not reloaded; nothing was changed",
                  {{"error", done.error().message}, {"hint", done.error().hint}});
    }
}

/// Waits for a signal that ends the process; one that has it reload does so meanwhile.
void wait_for_the_end(Node& node, const ServiceManager& manager, const sigset_t& signals) {
    for (int signal = 0;;) {
        sigwait(&signals, &signal);
        if (signal != SIGHUP) return;
        reload(node, manager);
    }
}

/// What an operator wants to know of a process that has started: which it is, and the settings that decide what it
/// keeps.
LogFields told_at_start(const Configuration& configuration) {
    return {{"version", std::string(kVersion)},
            {"config", configuration.file},
            {"data_dir", configuration.data_dir},
            {"retention", fmt::format("{} {}", format_duration(configuration.retention_age),
                                      format_bytes(configuration.retention_size))},
            {"hard_limit", format_bytes(configuration.hard_limit)},
            {"min_free_disk", format_bytes(configuration.min_free_disk)}};
}

/// The first thing that somebody sees of Sluice: what they need next stands in it.
void show_new_token(const Secret& token, const std::string& url) {
    fmt::print(stderr,
               "\n  The operator's token, shown this once:\n\n      {0}\n\n"
               "  Sign in with it at {1}/ or use it in a shell:\n\n      export SLUICE_URL={1} SLUICE_TOKEN={0}\n\n"
               "  Keep it; SLUICE_ADMIN_TOKEN or SLUICE_ADMIN_TOKEN_FILE chooses your own at any later start.\n\n",
               token.reveal(), url);
}

std::vector<std::string> names_in_environment() {
    std::vector<std::string> names;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        std::string_view text = *variable;
        names.emplace_back(text.substr(0, text.find('=')));
    }
    return names;
}

}  // namespace

int run_serve(const ServeCommand& command) {
    keep_memory_private();
    auto manager = ServiceManager::of_this_process();
    auto configuration = configure(command);
    if (!configuration) return cannot_start(configuration.error());
    set_up_logging(configuration->log_level, configuration->log_format);
    report_grpc_lines_to([](std::string_view line) { log_event(LogLevel::debug, line, {{"from", "grpc"}}); });
    configuration->allow_loopback_to_tenants = command.sandbox;
    auto signals = block_signals();
    if (::geteuid() == 0)
        spdlog::warn("running as root, which Sluice does not need: give it a user of its own (docs/install.md)");
    for (const auto& misspelt : misspelt_overrides(names_in_environment())) spdlog::warn("{}", misspelt);
    manager.status("Opening the data folder");

    std::unique_ptr<sandbox::Sandbox> stand_ins;
    if (command.sandbox) {
        auto started = start_sandbox({});
        if (!started) return cannot_start(started.error());
        stand_ins = std::move(*started);
        spdlog::info("sandbox listens on {}", stand_ins->url());
        for (const auto& listener : stand_ins->listeners())
            spdlog::info("sandbox: {} on {}", listener.name, listener.url);
    }

    auto address = configuration->listen.address;
    LogFields running = told_at_start(*configuration);
    bool secure = !configuration->tls_certificate.empty();
    std::function<Result<Configuration>()> read_again;
    if (!command.config.empty()) read_again = [command] { return configure(command); };
    Node node(std::move(*configuration), std::move(read_again));
    if (auto started = node.start(); !started) return cannot_start(started.error());
    bool v6 = address.find(':') != std::string::npos;
    auto url_at = [&](std::string_view host) {
        return fmt::format("{}://{}:{}", secure ? "https" : "http", host, node.port());
    };
    const std::string host = v6 ? "[" + address + "]" : address;
    // Who listens on every address is not reached at "every address".
    const bool everywhere = address == "0.0.0.0" || address == "::";
    if (const auto& token = node.new_admin_token()) show_new_token(*token, url_at(everywhere ? "localhost" : host));
    auto listening = "listening on " + url_at(host);
    log_event(LogLevel::info, listening, running);

    manager.ready(listening);
    // A third, so that one beat may be late.
    if (auto interval = manager.watchdog()) node.start_heartbeat(*interval / 3, [manager] { manager.alive(); });
    wait_for_the_end(node, manager, signals);
    manager.stopping("Finishing what is in flight");
    log_event(LogLevel::info, "stopping: what is in flight may finish",
              {{"within", fmt::format("{}s", kDrainTime.count())}});
    // A second signal ends the process at once; a restart is safe by design.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    node.stop(Deadline::after(kDrainTime));
    if (stand_ins) stand_ins->stop();
    log_event(LogLevel::info, "stopped", {{"version", std::string(kVersion)}});
    return 0;
}

}  // namespace sluice::app
