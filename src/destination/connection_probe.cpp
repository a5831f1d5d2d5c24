#include "destination/connection_probe.hpp"

#include <fmt/format.h>

#include <array>

#include "destination/connection_failure.hpp"
#include "net/stream.hpp"

namespace sluice {
namespace {

struct Step {
    ConnectStep step;
    const char* name;
};
constexpr std::array<Step, 3> kSteps{
    {{ConnectStep::resolve, "name resolution"}, {ConnectStep::connect, "connection"}, {ConnectStep::tls, "TLS"}}};

void report_failure(ProbeReport& report, const ConnectError& error, const Endpoint& endpoint) {
    // A proxy stands between: its refusal is one of connecting.
    auto failed = error.step == ConnectStep::proxy ? ConnectStep::connect : error.step;
    bool reached = false;
    for (const auto& [step, name] : kSteps) {
        if (step == ConnectStep::tls && !endpoint.tls) continue;
        if (step == failed) {
            report.steps.push_back({name, ProbeStep::Outcome::failed, error.error.message,
                                    connection_hint(error.step, endpoint, error.error)});
            reached = true;
        } else {
            report.steps.push_back({name, reached ? ProbeStep::Outcome::skipped : ProbeStep::Outcome::ok, "", ""});
        }
    }
}

}  // namespace

boost::asio::awaitable<bool> probe_connection(boost::asio::io_context& io, Endpoint endpoint, ConnectOptions options,
                                              Deadline deadline, ProbeReport& report) {
    std::shared_ptr<TlsClientContext> tls;
    if (endpoint.tls) {
        auto made = TlsClientContext::make(options.tls);
        if (!made) {
            report_failure(report, {ConnectStep::tls, made.error()}, endpoint);
            co_return false;
        }
        tls = *made;
    }
    ConnectResult connected = co_await connect_stream(io, endpoint, options, tls, deadline);
    if (!connected) {
        report_failure(report, connected.error(), endpoint);
        co_return false;
    }
    auto remote = (*connected)->remote_address();
    report.steps.push_back(
        {"name resolution", ProbeStep::Outcome::ok, fmt::format("{} is {}", endpoint.host, remote), ""});
    report.steps.push_back({"connection", ProbeStep::Outcome::ok, fmt::format("port {}", endpoint.port), ""});
    if (endpoint.tls) report.steps.push_back({"TLS", ProbeStep::Outcome::ok, (*connected)->tls_description(), ""});
    (*connected)->close();
    co_return true;
}

}  // namespace sluice
