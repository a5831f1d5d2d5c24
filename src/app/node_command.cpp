// The commands on a node as a whole: how it is, and whether it is well.
#include <fmt/format.h>

#include <cstdlib>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "app/configuration.hpp"

namespace sluice::app {
namespace {

std::uint64_t number(const boost::json::value& value, std::string_view pointer) {
    return std::strtoull(text_of(value, pointer).c_str(), nullptr, 10);
}

/// `3 d 4 h`, the two largest.
std::string time_text(std::uint64_t seconds) {
    constexpr std::pair<std::uint64_t, std::string_view> kUnits[] = {
        {86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}};
    std::string out;
    int parts = 0;
    for (auto [size, name] : kUnits) {
        if (parts == 2 || (seconds < size && (parts > 0 || size > 1))) {
            if (parts > 0) break;
            continue;
        }
        out += fmt::format("{}{} {}", out.empty() ? "" : " ", seconds / size, name);
        seconds %= size;
        ++parts;
    }
    return out;
}

}  // namespace

int run_status(const StatusCommand& command) {
    ApiClient::Call call;
    call.target = "/v1/status";
    auto answer = ask(command.address, std::move(call));
    if (!answer) return fail(answer.error());
    if (command.json) {
        fmt::print("{}\n", answer->text);
        return 0;
    }
    const auto& value = answer->value;
    fmt::print("sluice {} at {}, up for {}\n", text_of(value, "/version"), command.address.url,
               time_text(number(value, "/uptime_seconds")));
    fmt::print("  events        {}\n", text_of(value, "/accepted"));
    fmt::print("  delivered     {}\n", text_of(value, "/delivered"));
    fmt::print("  oldest kept   {}\n", text_of(value, "/store/oldest_sequence"));
    fmt::print("  on disk       {}, {} free\n", about(number(value, "/store/bytes")),
               about(number(value, "/store/disk_free_bytes")));
    std::string states;
    for (auto state : {"running", "throttled", "paused", "failing", "blocked"})
        states += fmt::format("{}{} {}", states.empty() ? "" : ", ",
                              text_of(value, fmt::format("/integrations/{}", state)), state);
    fmt::print("  integrations  {}\n", states);
    return 0;
}

int run_health(const HealthCommand& command) {
    HealthCommand asking = command;
    if (asking.address.url.empty()) {
        auto configuration = load_configuration(command.config, process_environment());
        if (!configuration) return fail(configuration.error());
        std::string host = configuration->listen.address;
        if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
        if (host.find(':') != std::string::npos) host = "[" + host + "]";
        asking.address.url = fmt::format("{}://{}:{}", configuration->tls_certificate.empty() ? "http" : "https", host,
                                         configuration->listen.port);
        // Its certificate names it as others reach it, not as it reaches itself.
        asking.address.insecure = is_loopback_host(configuration->listen.address) || host == "127.0.0.1";
    }
    ApiClient::Call call;
    call.target = command.live ? "/healthz" : "/readyz";
    call.timeout = std::chrono::seconds(5);
    call.patient = false;
    auto answer = ask(asking.address, std::move(call));
    if (!answer) return fail(answer.error());
    fmt::print("{}", answer->text);
    return 0;
}

}  // namespace sluice::app
