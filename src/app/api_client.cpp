#include "app/api_client.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice::app {
namespace {

std::chrono::milliseconds retry_after(const http::ClientResponse& response) {
    auto text = response.headers.get("Retry-After");
    int seconds = 0;
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec != std::errc() || seconds <= 0) return std::chrono::milliseconds(500);
    return std::chrono::seconds(std::min(seconds, 60));
}

Errc code_of_status(int status) {
    switch (status) {
        case 401:
            return Errc::unauthenticated;
        case 403:
            return Errc::forbidden;
        case 404:
            return Errc::not_found;
        case 409:
            return Errc::conflict;
        case 413:
            return Errc::too_large;
        case 429:
        case 503:
            return Errc::exhausted;
        default:
            return Errc::invalid_argument;
    }
}

/// What a person can do about a connection that was not made; nothing for one that was.
std::string_view hint_of(http::ClientError::Step step) {
    switch (step) {
        case http::ClientError::Step::send:
        case http::ClientError::Step::receive:
            return {};
        case http::ClientError::Step::tls:
            return "does Sluice speak TLS there? a certificate of your own is trusted with --ca-file";
        default:
            return "is Sluice running there? start it with: sluice serve";
    }
}

}  // namespace

std::string describe_problem(const http::ClientResponse& response) {
    boost::system::error_code error;
    auto value = boost::json::parse(response.body, error);
    const auto* problem = error ? nullptr : value.if_object();
    if (problem == nullptr) return fmt::format("HTTP {}", response.status);
    auto member = [&](std::string_view name) -> std::string {
        const auto* found = problem->if_contains(name);
        if (found == nullptr) return {};
        if (found->is_string()) return std::string(found->get_string());
        return found->is_int64() ? std::to_string(found->get_int64()) : std::string();
    };
    std::string out = fmt::format("{}: {}", member("title"), member("detail"));
    if (auto line = member("line"); !line.empty()) out += fmt::format(" (line {}, offset {})", line, member("offset"));
    return out;
}

Result<std::unique_ptr<ApiClient>> ApiClient::make(const ApiAddress& address, boost::asio::io_context& io,
                                                   std::size_t connections) {
    auto endpoint = Endpoint::parse(address.url);
    if (!endpoint) return endpoint.error();
    http::ClientPool::Options options;
    options.endpoint = *endpoint;
    options.connect.tls.ca_file = address.ca_file;
    options.connect.tls.insecure = address.insecure;
    options.max_connections = connections;
    return std::unique_ptr<ApiClient>(new ApiClient(io, address, std::move(options)));
}

ApiClient::ApiClient(boost::asio::io_context& io, ApiAddress address, http::ClientPool::Options options)
    : io_(io), address_(std::move(address)), pool_(io, std::move(options)) {}

ApiClient::~ApiClient() {
    pool_.close();
}

const Endpoint& ApiClient::endpoint() const noexcept {
    return pool_.endpoint();
}

http::Headers ApiClient::headers() const {
    http::Headers headers;
    if (!address_.token.empty()) headers.add("Authorization", "Bearer " + address_.token);
    if (!address_.org.empty()) headers.add("Sluice-Org", address_.org);
    return headers;
}

boost::asio::awaitable<Result<http::ClientResponse>> ApiClient::call(Call call) {
    http::ClientRequest request;
    request.method = call.method;
    request.target = call.target;
    request.headers = headers();
    if (!call.content_type.empty()) request.headers.add("Content-Type", call.content_type);
    // A POST that got no answer may have been stored: the key makes sending it again safe.
    bool repeatable = true;
    if (call.method == "POST" && (call.target.starts_with("/share") || call.target.starts_with("/device")))
        request.headers.add("Idempotency-Key", hex_lower(random_bytes(16)));
    else
        repeatable = call.method == "GET";
    if (!call.body.empty()) request.body.push_back(call.body);
    request.max_response_bytes = 256 << 20;

    Deadline deadline = Deadline::after(call.timeout);
    bool maybe_done = false;  // an attempt was sent, and nobody knows what became of it
    for (;;) {
        http::ClientResult result = co_await pool_.send(request, deadline);
        std::chrono::milliseconds pause{500};
        Error why;
        bool again = false;
        if (result) {
            if (result->status / 100 == 2) co_return std::move(*result);
            why = make_error(code_of_status(result->status), describe_problem(*result));
            again = call.patient && (result->status == 429 || result->status == 503);
            pause = retry_after(*result);
        } else {
            const http::ClientError& failed = result.error();
            auto hint = hint_of(failed.step);
            why = make_error(failed.error.code, fmt::format("{}: {}", endpoint().to_url(), failed.error.message),
                             std::string(hint));
            again = hint.empty() && (repeatable || !failed.maybe_sent);
            maybe_done = maybe_done || failed.maybe_sent;
        }
        if (!again || deadline.remaining() <= pause) {
            if (maybe_done) why.code = Errc::timeout;
            co_return why;
        }
        boost::asio::steady_timer timer(io_, pause);
        auto waited = co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (std::get<0>(waited)) co_return make_error(Errc::cancelled, "cancelled");
    }
}

Result<http::ClientResponse> ApiClient::call_and_wait(Call request) {
    return run_until_done(io_, call(std::move(request)));
}

}  // namespace sluice::app
