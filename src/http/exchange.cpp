#include "http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "http/ascii.hpp"
#include "http/read_buffer.hpp"
#include "http/response_parser.hpp"

namespace sluice::http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

namespace {

using Step = ClientError::Step;

/// How long an answer is waited for after the server would not take the whole request.
constexpr std::chrono::seconds kEarlyAnswer{1};
constexpr int kMaxInterimResponses = 16;
/// What may wait for the rest of its line: as much as a head may have.
constexpr std::size_t kMaxUnreadBytes = 64 << 10;

bool is_clean(std::string_view text, bool blanks) {
    return std::all_of(text.begin(), text.end(), [blanks](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte > 0x20 && byte != 0x7f) || (blanks && (c == ' ' || c == '\t'));
    });
}

bool is_ours(std::string_view name) {
    return equal_ignoring_case(name, "content-length") || equal_ignoring_case(name, "connection") ||
           equal_ignoring_case(name, "transfer-encoding");
}

ClientError stream_failure(Step step, const Error& error, bool maybe_sent) {
    ClientError failure{step, maybe_sent, error, {}};
    switch (error.code) {
        case Errc::timeout:
            failure.code = "timeout";
            break;
        case Errc::cancelled:
            failure.code = "cancelled";
            break;
        case Errc::corrupt:
            failure.code = "tls_failed";
            break;
        case Errc::unavailable:
            failure.code = "closed_early";
            break;
        default:
            failure.code = "connection_reset";
            break;
    }
    return failure;
}

ClientError bad_response(Errc code, std::string message) {
    return ClientError{Step::receive, true, make_error(code, std::move(message)), "bad_response"};
}

ClientError closed_early(std::string message) {
    return ClientError{Step::receive, true, make_error(Errc::unavailable, std::move(message)), "closed_early"};
}

ClientError explain_parser(const boost::beast::error_code& error, std::size_t max_bytes) {
    using Code = beast_http::error;
    if (error == Code::body_limit) {
        return bad_response(Errc::too_large, fmt::format("the response has more than {} bytes", max_bytes));
    }
    if (error == Code::partial_message) return closed_early("the server closed the connection within its response");
    return bad_response(Errc::corrupt, "the server's response is not HTTP/1.1: " + error.message());
}

/// Reads one response, interim or final, out of `buffer` and the stream behind it. True when another can follow it.
asio::awaitable<boost::system::result<bool, ClientError>> read_response(Stream& stream, ReadBuffer& buffer,
                                                                        ClientResponse& response,
                                                                        const ClientRequest& request,
                                                                        Deadline deadline) {
    const auto max_bytes = request.max_response_bytes;
    ResponseParser parser(response, max_bytes, request.truncate_response, request.method == "HEAD");
    boost::beast::error_code error;
    while (true) {
        if (!buffer.empty()) {
            auto bytes = buffer.view();
            auto used = parser.put({bytes.data(), bytes.size()}, error);
            buffer.consume(used);
            if (parser.is_truncated()) co_return false;
            if (error && error != beast_http::error::need_more) co_return explain_parser(error, max_bytes);
            // Beast bounds heads and bodies, and would have a chunk's own line, or a trailer, grow without an end.
            if (used == 0 && !parser.is_done() && buffer.size() > kMaxUnreadBytes) {
                co_return bad_response(Errc::too_large, fmt::format("the server's response has a line, or a trailer, "
                                                                    "of more than {} bytes",
                                                                    kMaxUnreadBytes));
            }
        }
        if (parser.is_done()) break;
        auto room = buffer.prepare();
        auto received = co_await stream.read_some(room, deadline);
        if (!received) co_return stream_failure(Step::receive, received.error(), true);
        if (*received > 0) {
            buffer.commit(*received);
            continue;
        }
        if (!parser.got_some() && buffer.empty()) {
            co_return closed_early("the server closed the connection without a response");
        }
        error = {};
        parser.put_eof(error);
        if (error) co_return explain_parser(error, max_bytes);
        break;
    }
    co_return parser.keep_alive() && !parser.need_eof();
}

asio::awaitable<boost::system::result<Exchanged, ClientError>> read_final_response(Stream& stream,
                                                                                   const ClientRequest& request,
                                                                                   Deadline deadline) {
    ReadBuffer buffer;
    for (int i = 0; i <= kMaxInterimResponses; ++i) {
        Exchanged exchanged;
        auto keep_alive = co_await read_response(stream, buffer, exchanged.response, request, deadline);
        if (!keep_alive) co_return keep_alive.error();
        auto status = exchanged.response.status;
        if (status == 101) co_return bad_response(Errc::corrupt, "the server switched to a protocol nobody asked for");
        if (status < 200) continue;
        // Bytes beyond the response are an answer to nothing: whatever they are, no request must follow them.
        exchanged.reusable = *keep_alive && buffer.empty();
        co_return exchanged;
    }
    co_return bad_response(Errc::corrupt, "the server sends interim responses without end");
}

}  // namespace

Result<std::string> serialize_request_head(const ClientRequest& request, const Endpoint& endpoint, bool through_proxy) {
    auto refuse = [](std::string_view what) {
        return make_error(Errc::invalid_argument,
                          fmt::format("the request's {} holds characters that cannot be sent", what));
    };
    if (request.method.empty() || !is_clean(request.method, false)) return refuse("method");
    if (request.target.empty() || !is_clean(request.target, false)) return refuse("target");
    std::size_t length = 0;
    for (auto piece : request.body) length += piece.size();

    std::string head;
    head.reserve(512);
    head += request.method;
    head += ' ';
    if (through_proxy) head += endpoint.to_url();
    head += request.target;
    head += " HTTP/1.1\r\n";
    if (!request.headers.has("Host")) head += "Host: " + endpoint.host_header() + "\r\n";
    for (const auto& [name, value] : request.headers.all()) {
        if (is_ours(name)) continue;
        if (name.empty() || name.find(':') != std::string::npos || !is_clean(name, false)) return refuse("field name");
        if (!is_clean(value, true)) return refuse("field " + name);
        head += name;
        head += ": ";
        head += value;
        head += "\r\n";
    }
    bool may_have_body = request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
    if (length > 0 || may_have_body) head += fmt::format("Content-Length: {}\r\n", length);
    head += "Connection: keep-alive\r\n\r\n";
    return head;
}

asio::awaitable<boost::system::result<Exchanged, ClientError>> exchange(Stream& stream, const ClientRequest& request,
                                                                        std::string head, Deadline deadline) {
    std::vector<std::string_view> parts;
    parts.reserve(request.body.size() + 1);
    parts.push_back(head);
    parts.insert(parts.end(), request.body.begin(), request.body.end());

    auto before = stream.bytes_sent();
    auto sent = co_await stream.write(parts, deadline);
    if (sent) co_return co_await read_final_response(stream, request, deadline);

    bool maybe_sent = stream.bytes_sent() != before;
    auto failure = stream_failure(Step::send, sent.error(), maybe_sent);
    bool refused = sent.error().code == Errc::io && maybe_sent;
    if (!refused) co_return failure;
    // The server may have answered and closed without reading all of the request: its answer says why.
    auto answer = co_await read_final_response(stream, request, deadline.earlier(kEarlyAnswer));
    if (!answer) co_return failure;
    answer->reusable = false;
    co_return answer;
}

}  // namespace sluice::http
