#include "destination/connection_failure.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice {
namespace {

/// It may quote what the other side said.
constexpr std::size_t kMostMessageBytes = 600;

std::string hint_of(const http::ClientError& error, const Endpoint& endpoint) {
    using Step = http::ClientError::Step;
    switch (error.step) {
        case Step::resolve:
            return connection_hint(ConnectStep::resolve, endpoint, error.error);
        case Step::connect:
            return connection_hint(ConnectStep::connect, endpoint, error.error);
        case Step::proxy:
            return connection_hint(ConnectStep::proxy, endpoint, error.error);
        case Step::tls:
            return connection_hint(ConnectStep::tls, endpoint, error.error);
        case Step::wait_for_connection:
            return "every connection is busy: the service answers slowly";
        case Step::send:
        case Step::receive:
            break;
    }
    return "the connection was lost or the service did not answer in time; it is tried again by itself";
}

}  // namespace

std::string connection_hint(ConnectStep step, const Endpoint& endpoint) {
    switch (step) {
        case ConnectStep::resolve:
            return fmt::format("is the name {} right, and does this machine's DNS know it?", endpoint.host);
        case ConnectStep::connect:
            return fmt::format("is a firewall between this machine and {} port {}?", endpoint.host, endpoint.port);
        case ConnectStep::proxy:
            return "is the proxy right, and does it allow this host?";
        case ConnectStep::tls:
            return fmt::format(
                "the certificate that {} shows must be valid for that name and signed by a known authority "
                "(or by the one in tls.ca_file)",
                endpoint.host);
    }
    return {};
}

std::string connection_hint(ConnectStep step, const Endpoint& endpoint, const Error& error) {
    // Of resolving, only an address that may not be connected to is forbidden.
    bool is_address_refused = step == ConnectStep::resolve && error.code == Errc::forbidden;
    return is_address_refused ? error.hint : connection_hint(step, endpoint);
}

Failure connection_failure(const http::ClientError& error, const Endpoint& endpoint) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.code = error.code;
    failure.message = fmt::format("{}: {}", endpoint.to_url(), shown_text(error.error.message, kMostMessageBytes));
    failure.hint = hint_of(error, endpoint);
    return failure;
}

Verdict connection_verdict(const http::ClientError& error, const Endpoint& endpoint) {
    return Verdict::retry(std::make_shared<const Failure>(connection_failure(error, endpoint)), error.maybe_sent);
}

}  // namespace sluice
