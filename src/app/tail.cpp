#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "app/api_client.hpp"
#include "app/commands.hpp"
#include "base/encoding.hpp"
#include "net/stream.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kMostOfARefusal = 64 << 10;

/// Takes the chunks of a `Transfer-Encoding: chunked` body apart as they come (RFC 9112 §7.1). False: not chunked.
class ChunkReader {
  public:
    bool feed(std::string_view bytes, std::string& body) {
        pending_ += bytes;
        for (;;) {
            auto end = pending_.find("\r\n");
            if (end == std::string::npos) return pending_.size() < 64;
            std::size_t size = 0;
            auto parsed = std::from_chars(pending_.data(), pending_.data() + end, size, 16);
            if (parsed.ec != std::errc() || size > (64u << 20)) return false;
            if (pending_.size() < end + 2 + size + 2) return true;
            body.append(pending_, end + 2, size);
            pending_.erase(0, end + 2 + size + 2);
            if (size == 0) return true;
        }
    }

  private:
    std::string pending_;
};

/// Prints the `data:` lines of whole server-sent events, and on standard error what the server says of the stream
/// itself (`event: missed`); true when `left` has been reached. `name`: of the event that is being read.
bool print_events(std::string& body, std::string& name, std::uint64_t& left) {
    std::size_t at = 0;
    for (std::size_t end; (end = body.find('\n', at)) != std::string::npos; at = end + 1) {
        std::string_view line(body.data() + at, end - at);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.empty()) name.clear();
        auto value = line.substr(std::min(line.find_first_not_of(' ', line.find(':') + 1), line.size()));
        if (line.starts_with("event:")) name = value;
        if (!line.starts_with("data:")) continue;
        line = value;
        if (!name.empty()) {
            fmt::print(stderr, "sluice tail: {}: {}\n", name, line);
            continue;
        }
        fmt::print("{}\n", line);
        std::fflush(stdout);
        if (left > 0 && --left == 0) return true;
    }
    body.erase(0, at);
    return false;
}

boost::asio::awaitable<int> follow(boost::asio::io_context& io, const TailCommand& command, Endpoint endpoint,
                                   http::Headers headers) {
    ConnectOptions options;
    options.tls.ca_file = command.address.ca_file;
    options.tls.insecure = command.address.insecure;
    std::shared_ptr<TlsClientContext> tls;
    if (endpoint.tls) {
        auto made = TlsClientContext::make(options.tls);
        if (!made) {
            fmt::print(stderr, "sluice tail: {}\n", made.error().message);
            co_return 2;
        }
        tls = *made;
    }
    ConnectResult connected =
        co_await connect_stream(io, endpoint, options, tls, Deadline::after(std::chrono::seconds(10)));
    if (!connected) {
        fmt::print(stderr, "sluice tail: {}: {}\n", endpoint.to_url(), connected.error().error.message);
        co_return 1;
    }
    auto& stream = **connected;
    std::string request = "GET /v1/tail";
    if (!command.rec_type.empty()) request += "?recType=" + percent_encode(command.rec_type);
    request +=
        " HTTP/1.1\r\nHost: " + endpoint.host_header() + "\r\nAccept: text/event-stream\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers.all()) request += name + ": " + value + "\r\n";
    request += "\r\n";
    std::string_view parts[] = {request};
    Result<void> written = co_await stream.write(parts, Deadline::after(std::chrono::seconds(10)));
    std::string head;
    std::size_t head_end = std::string::npos;
    char buffer[16 << 10];
    while (written && (head_end = head.find("\r\n\r\n")) == std::string::npos && head.size() < (64u << 10)) {
        Result<std::size_t> got = co_await stream.read_some(buffer, Deadline::after(std::chrono::seconds(30)));
        if (!got || *got == 0) break;
        head.append(buffer, *got);
    }
    if (head_end == std::string::npos) {
        fmt::print(stderr, "sluice tail: {} closed the connection without an answer\n", endpoint.to_url());
        co_return 1;
    }
    if (head.find(" 200 ") != 8) {
        http::ClientResponse refusal;
        std::from_chars(head.data() + std::min<std::size_t>(9, head.size()), head.data() + head.size(), refusal.status);
        refusal.body = head.substr(head_end + 4);
        // The request asked for the connection to be closed behind the answer.
        while (refusal.body.size() < kMostOfARefusal) {
            Result<std::size_t> got = co_await stream.read_some(buffer, Deadline::after(std::chrono::seconds(5)));
            if (!got || *got == 0) break;
            refusal.body.append(buffer, *got);
        }
        fmt::print(stderr, "sluice tail: {}: {}\n", endpoint.to_url(), describe_problem(refusal));
        if (refusal.status == 401 || refusal.status == 403)
            fmt::print(stderr, "  give a token that may read, with --token or SLUICE_TOKEN\n");
        co_return 1;
    }
    ChunkReader chunks;
    std::string body, event_name;
    std::uint64_t left = command.count;
    std::string rest = head.substr(head_end + 4);
    for (;;) {
        if (!chunks.feed(rest, body)) {
            fmt::print(stderr, "sluice tail: the answer is not what Sluice sends\n");
            co_return 1;
        }
        if (print_events(body, event_name, left)) co_return 0;
        Result<std::size_t> got = co_await stream.read_some(buffer, Deadline::never());
        if (!got || *got == 0) {
            fmt::print(stderr, "sluice tail: the server ended the stream\n");
            co_return 1;
        }
        rest.assign(buffer, *got);
    }
}

}  // namespace

int run_tail(const TailCommand& command) {
    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io);
    if (!client) {
        fmt::print(stderr, "sluice tail: {}\n", client.error().message);
        return 2;
    }
    return run_until_done(io, follow(io, command, (*client)->endpoint(), (*client)->headers()));
}

}  // namespace sluice::app
