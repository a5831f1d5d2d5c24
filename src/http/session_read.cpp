// How a session reads a request: head, body, and what may go wrong with either.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/chunked_decoder.hpp"
#include "http/gunzip.hpp"
#include "http/session.hpp"

namespace sluice::http {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
/// A declared length is a promise: memory is taken as the bytes come.
constexpr std::size_t kFirstBodyRead = 32 << 10;

Refusal body_too_large(std::size_t limit) {
    return Refusal{413, "body_too_large", fmt::format("the body has more than the {} bytes that are taken", limit)};
}

Refusal too_many_bodies() {
    return Refusal{503, "overloaded", "too many bodies of requests are in memory; try again"};
}

}  // namespace

asio::awaitable<Session::Read<std::size_t>> Session::receive(std::span<char> room) {
    auto received = co_await stream_->read_some(room, Deadline::never());
    if (received && *received > 0) co_return *received;
    bool reading = phase_ == Phase::head || phase_ == Phase::body;
    if (!reading) co_return Unread{};
    if (received) {
        co_return Unread{Refusal{400, "bad_request", "the connection was closed before the request was complete"}};
    }
    if (ended_ == Ended::no) co_return Unread{};
    if (ended_ == Ended::in_the_way) {
        co_return Unread{Refusal{503, "overloaded", "the body comes slowly, and others need its memory; try again"}};
    }
    co_return Unread{Refusal{
        408, "request_timeout",
        fmt::format("the {} of the request did not arrive within {} ms", phase_ == Phase::head ? "head" : "body",
                    (phase_ == Phase::head ? limits_.head_timeout : limits_.body_timeout).count())}};
}

asio::awaitable<Session::Read<void>> Session::fill() {
    auto room = buffer_.prepare();
    auto received = co_await receive(room);
    if (!received) co_return received.error();
    buffer_.commit(*received);
    co_return Read<void>();
}

asio::awaitable<Session::Read<RequestHead>> Session::read_head() {
    enter(Phase::idle, limits_.idle_timeout);
    if (host_.stopping) co_return Unread{};
    Refusal too_large{431, "head_too_large",
                      fmt::format("the head of the request has more than {} bytes", limits_.max_head_bytes)};
    HeadScanner scanner;
    while (true) {
        if (phase_ == Phase::idle) {
            // Some clients end a body with a line of their own (RFC 9112, 2.2).
            while (buffer_.view().starts_with("\r\n")) buffer_.consume(2);
            if (!buffer_.empty() && buffer_.view() != "\r") enter(Phase::head, limits_.head_timeout);
        }
        if (phase_ == Phase::head) {
            auto state = scanner.scan(buffer_.view());
            if (state == HeadScanner::State::bare_line_feed) {
                co_return Unread{Refusal{400, "bad_request", "a line of the head ends in a line feed alone"}};
            }
            if (state == HeadScanner::State::complete) break;
            if (buffer_.size() > limits_.max_head_bytes) co_return Unread{std::move(too_large)};
        }
        auto filled = co_await fill();
        if (!filled) co_return filled.error();
    }
    if (scanner.size() > limits_.max_head_bytes) co_return Unread{std::move(too_large)};
    auto head = parse_request_head(buffer_.view().substr(0, scanner.size()));
    buffer_.consume(scanner.size());
    if (!head) co_return Unread{head.error()};
    co_return std::move(*head);
}

asio::awaitable<Session::Read<void>> Session::read_sized_body(std::uint64_t length, std::string& body) {
    // check() has held it against the limit.
    auto size = static_cast<std::size_t>(length);
    auto here = std::min(size, buffer_.size());
    body.reserve(std::min(size, ReadBuffer::kLarge));
    body.assign(buffer_.view().substr(0, here));
    buffer_.consume(here);
    auto filled = here;
    auto next_read = kFirstBodyRead;
    while (filled < size) {
        if (filled == body.size()) {
            auto room = std::min(size, filled + next_read);
            if (!held_.grow_to(room)) co_return Unread{too_many_bodies()};
            body.resize(room);
            next_read = std::min(next_read * 2, ReadBuffer::kLarge);
        }
        std::span<char> room(body.data() + filled, body.size() - filled);
        auto received = co_await receive(room);
        if (!received) co_return received.error();
        filled += *received;
    }
    co_return Read<void>();
}

asio::awaitable<Session::Read<void>> Session::read_chunked_body(std::string& body) {
    ChunkedDecoder decoder(limits_.max_body_bytes);
    while (true) {
        auto held = body.size() + buffer_.size();
        if (buffer_.capacity() > ReadBuffer::kSmall) held += buffer_.capacity();
        if (!held_.grow_to(held)) co_return Unread{too_many_bodies()};
        std::size_t consumed = 0;
        auto state = decoder.feed(buffer_.view(), body, consumed);
        buffer_.consume(consumed);
        if (state == ChunkedDecoder::State::done) co_return Read<void>();
        if (state == ChunkedDecoder::State::too_large) co_return Unread{body_too_large(limits_.max_body_bytes)};
        if (state == ChunkedDecoder::State::malformed) {
            co_return Unread{Refusal{400, "bad_request", "the chunked body cannot be read"}};
        }
        auto filled = co_await fill();
        if (!filled) co_return filled.error();
    }
}

asio::awaitable<Session::Read<void>> Session::read_body(RequestHead& head) {
    if (!head.has_body()) co_return Read<void>();
    // The first of it at once: most bodies have no more, and none is asked for that there is no room for.
    auto most = std::max(kFirstBodyRead, buffer_.size());
    auto first = std::min<std::uint64_t>(head.content_length.value_or(most), most);
    if (!held_.grow_to(static_cast<std::size_t>(first))) co_return Unread{too_many_bodies()};
    enter(Phase::body, limits_.body_timeout);
    if (head.expectation == RequestHead::Expectation::continue_100 && buffer_.empty()) {
        std::array<std::string_view, 1> parts{kContinue};
        auto written = co_await write(parts);
        if (!written) co_return Unread{};
        enter(Phase::body, limits_.body_timeout);
    }
    auto& body = head.request.body;
    if (head.chunked) {
        auto read = co_await read_chunked_body(body);
        if (!read) co_return read.error();
    } else {
        auto read = co_await read_sized_body(*head.content_length, body);
        if (!read) co_return read.error();
    }
    if (head.encoding == RequestHead::Encoding::gzip) co_return unpack_body(body);
    co_return Read<void>();
}

Session::Read<void> Session::unpack_body(std::string& body) {
    std::string unpacked;
    std::size_t room = 0;
    auto may_take = [&](std::size_t bytes) {
        room = bytes;
        return held_.grow_to(body.size() + bytes);
    };
    switch (gunzip(body, limits_.max_body_bytes, unpacked, may_take)) {
        case GunzipOutcome::ok:
            break;
        case GunzipOutcome::malformed:
            return Unread{Refusal{400, "bad_gzip", "the body is not what gzip makes"}};
        case GunzipOutcome::too_large:
            return Unread{body_too_large(limits_.max_body_bytes)};
        case GunzipOutcome::no_room:
            return Unread{too_many_bodies()};
    }
    body = std::move(unpacked);
    held_.shrink_to(room);
    return Read<void>();
}

}  // namespace sluice::http
