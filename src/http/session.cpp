#include "http/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/signal_event.hpp"

namespace sluice::http {

namespace asio = boost::asio;

namespace {

/// A refused body up to this size (and within the limit) is read and dropped, so that the connection can be kept.
constexpr std::uint64_t kMaxDiscard = 64 << 10;
/// How long and how far a connection is read before it is closed with an answer that the client may not have seen.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kMaxLingerBytes = 4 << 20;

/// Bodies come and go in less than this unless somebody holds them up.
constexpr std::string_view kRetryAfterSeconds = "1";
/// The part of the time for a body that a large one has when there is no more memory for others.
constexpr int kHurry = 8;

Response to_response(const Refusal& refusal) {
    auto response = problem(refusal.status, refusal.code, reason_phrase(refusal.status), refusal.detail);
    if (refusal.status == 503) response.headers.add("Retry-After", std::string(kRetryAfterSeconds));
    return response;
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Session::Session(SessionHost& host, std::unique_ptr<Stream> stream)
    : host_(host),
      limits_(host.options.limits),
      stream_(std::move(stream)),
      remote_address_(stream_->remote_address()),
      secure_(!stream_->tls_description().empty()),
      held_(host.bodies) {}

void Session::enter(Phase phase, std::chrono::milliseconds timeout) {
    phase_ = phase;
    ended_ = Ended::no;
    deadline_ = Deadline::after(timeout);
}

bool Session::is_in_the_way(Deadline::Clock::time_point now) const {
    if (phase_ != Phase::body || held_.bytes() <= BodyBudget::kSmallBody || !host_.bodies.scarce()) return false;
    return now >= deadline_.at() - limits_.body_timeout + limits_.body_timeout / kHurry;
}

void Session::end_read(Ended why) {
    // Only the read ends: the client is told.
    ended_ = why;
    stream_->cancel();
}

void Session::sweep(Deadline::Clock::time_point now) {
    if (is_in_the_way(now)) return end_read(Ended::in_the_way);
    if (deadline_.at() > now) return;
    switch (phase_) {
        case Phase::head:
        case Phase::body:
            end_read(Ended::timed_out);
            break;
        case Phase::idle:
        case Phase::write:
        case Phase::linger:
            stream_->close();
            break;
        case Phase::handler:
            break;
    }
}

void Session::begin_stop() {
    if (phase_ == Phase::idle || phase_ == Phase::linger) stream_->close();
    if (streaming_) streaming_->cancel();
}

void Session::kill() {
    if (streaming_) streaming_->cancel();
    stream_->close();
}

asio::awaitable<void> Session::run() {
    while (keep_alive_) {
        auto head = co_await read_head();
        if (!head) {
            co_await answer_unread(head.error());
            break;
        }
        co_await serve(std::move(*head));
        buffer_.shrink();
    }
    if (unread_input_ || !buffer_.empty()) co_await linger();
    stream_->close();
}

asio::awaitable<Result<void>> Session::write(std::span<const std::string_view> parts) {
    enter(Phase::write, limits_.write_timeout);
    auto written = co_await stream_->write(parts, Deadline::never());
    phase_ = Phase::handler;
    if (!written) keep_alive_ = false;
    co_return written;
}

std::optional<Response> Session::check(RequestHead& head) const {
    if (host_.head_check) {
        if (auto response = host_.head_check(head.request)) return response;
    }
    if (head.expectation == RequestHead::Expectation::unknown) {
        return to_response({417, "expectation_failed", "the only expectation met here is 100-continue"});
    }
    if (head.encoding == RequestHead::Encoding::unknown) {
        auto response = to_response({415, "content_encoding_unsupported", "a body is taken as it is, or as gzip"});
        response.headers.add("Accept-Encoding", "gzip");  // RFC 9110, 15.5.16
        return response;
    }
    if (head.content_length.value_or(0) > limits_.max_body_bytes) {
        return to_response(
            {413, "body_too_large",
             fmt::format("the body has {} bytes, at most {} are taken", *head.content_length, limits_.max_body_bytes)});
    }
    return std::nullopt;
}

asio::awaitable<Response> Session::call_handler(Request request) {
    // A co_await is not allowed in a catch block, and the report is better made outside of it.
    std::string thrown;
    try {
        auto answer = host_.handler(std::move(request));
        co_return co_await std::move(answer);
    } catch (const std::exception& error) {
        thrown = error.what();
    } catch (...) {
        thrown = "an exception of an unknown type";
    }
    if (host_.options.report) host_.options.report("a request's handler threw: " + thrown);
    co_return to_response({500, "internal_error", "the request could not be answered; the server's log says why"});
}

asio::awaitable<void> Session::serve(RequestHead head) {
    head.request.remote_address = remote_address_;
    head.request.secure = secure_;
    head.request.shard = host_.shard;
    http_1_0_ = head.http_1_0;
    keep_alive_ = head.keep_alive;
    bool head_only = head.request.method == "HEAD";

    if (auto refused = check(head)) {
        co_await answer_unwanted(std::move(head), std::move(*refused));
        co_return;
    }
    auto body = co_await read_body(head);
    if (!body) {
        // Before the answer, for which its client may let us wait.
        head.request.body = {};
        held_.shrink_to(0);
        co_await answer_unread(body.error());
        co_return;
    }
    phase_ = Phase::handler;
    auto response = co_await call_handler(std::move(head.request));
    held_.shrink_to(0);
    co_await respond(std::move(response), head_only);
}

asio::awaitable<void> Session::answer_unread(Unread unread) {
    keep_alive_ = false;
    if (!unread.refusal) co_return;
    unread_input_ = true;
    auto response = to_response(*unread.refusal);
    co_await respond(std::move(response), false);
}

asio::awaitable<void> Session::answer_unwanted(RequestHead head, Response response) {
    auto body_bytes = head.content_length.value_or(0);
    // A client that waits for 100-continue may or may not send the body after another answer: nobody could tell the
    // body from the next request.
    bool discardable = !head.chunked && body_bytes <= std::min<std::uint64_t>(kMaxDiscard, limits_.max_body_bytes) &&
                       (body_bytes == 0 || head.expectation == RequestHead::Expectation::none);
    if (!discardable) {
        keep_alive_ = false;
        unread_input_ = true;
    }
    bool head_only = head.request.method == "HEAD";
    co_await respond(std::move(response), head_only);
    if (keep_alive_ && body_bytes > 0) co_await discard(body_bytes);
}

asio::awaitable<void> Session::discard(std::uint64_t bytes) {
    enter(Phase::linger, limits_.body_timeout);
    while (true) {
        auto here = std::min<std::uint64_t>(bytes, buffer_.size());
        buffer_.consume(static_cast<std::size_t>(here));
        bytes -= here;
        if (bytes == 0) co_return;
        auto filled = co_await fill();
        if (!filled) {
            keep_alive_ = false;
            co_return;
        }
    }
}

asio::awaitable<void> Session::respond(Response response, bool head_only) {
    if (response.abort) {
        keep_alive_ = false;
        stream_->close();
        co_return;
    }
    if (response.close || host_.stopping) keep_alive_ = false;
    if (response.stream && !head_only && may_have_body(response.status)) {
        co_await respond_stream(std::move(response));
        co_return;
    }
    std::string_view body = response.shared_body ? *response.shared_body : response.body;
    ResponseFraming framing;
    if (may_have_body(response.status) && !response.stream) framing.content_length = body.size();
    framing.close = !keep_alive_;
    framing.keep_alive_1_0 = http_1_0_ && keep_alive_;
    if (head_only || !may_have_body(response.status)) body = {};
    auto head = serialize_response_head(response, framing, host_.date.now());
    std::array<std::string_view, 2> parts{head, body};
    co_await write(parts);
}

/// Frames each piece as a chunk; for an HTTP/1.0 client the bytes stand for themselves and the end of the connection is
/// theirs.
class Session::ChunkWriter final : public BodyWriter {
  public:
    explicit ChunkWriter(Session& session) : session_(session) {}

    asio::awaitable<Result<void>> write(std::string_view bytes) override {
        if (session_.host_.stopping) co_return make_error(Errc::cancelled, "the server stops");
        if (failed_) co_return make_error(Errc::unavailable, "the client is gone");
        if (bytes.empty()) co_return Result<void>();  // as a chunk it would end the body
        std::string size = session_.http_1_0_ ? "" : fmt::format("{:x}\r\n", bytes.size());
        std::array<std::string_view, 3> parts{size, bytes, session_.http_1_0_ ? "" : "\r\n"};
        auto written = co_await session_.write(parts);
        failed_ = !written;
        co_return written;
    }

    asio::awaitable<void> finish() {
        if (failed_ || session_.http_1_0_) co_return;
        std::array<std::string_view, 1> parts{"0\r\n\r\n"};
        co_await session_.write(parts);
    }

    void fail() noexcept { failed_ = true; }

  private:
    Session& session_;
    bool failed_ = false;
};

namespace {

asio::awaitable<void> run_stream(std::function<asio::awaitable<void>(BodyWriter&)>& stream, BodyWriter& writer,
                                 std::string& thrown) {
    try {
        auto streaming = stream(writer);
        co_await std::move(streaming);
    } catch (const std::exception& error) {
        thrown = error.what();
    } catch (...) {
        thrown = "an exception of an unknown type";
    }
}

}  // namespace

asio::awaitable<void> Session::respond_stream(Response response) {
    keep_alive_ = false;
    ResponseFraming framing;
    framing.chunked = !http_1_0_;
    framing.close = true;
    auto head = serialize_response_head(response, framing, host_.date.now());
    std::array<std::string_view, 1> parts{head};
    auto written = co_await write(parts);
    if (!written) co_return;

    // A group of its own: stop() cancels streamed answers, which would never end, and leaves the others to finish.
    ChunkWriter writer(*this);
    std::string thrown;
    TaskGroup group(host_.io);
    group.spawn(run_stream(response.stream, writer, thrown));
    streaming_ = &group;
    co_await group.join();
    streaming_ = nullptr;
    if (!thrown.empty()) {
        writer.fail();  // without its last chunk the body is visibly cut
        if (host_.options.report) host_.options.report("a streamed answer threw: " + thrown);
    }
    co_await writer.finish();
}

asio::awaitable<void> Session::linger() {
    // Closing a socket with unread input resets the connection, which takes unread answers from the client.
    enter(Phase::linger, kLingerTime);
    stream_->finish_writing();
    std::size_t discarded = 0;
    while (!host_.stopping && discarded < kMaxLingerBytes) {
        buffer_.consume(buffer_.size());
        buffer_.shrink();  // nothing is gained by reading this fast
        auto room = buffer_.prepare();
        auto received = co_await stream_->read_some(room, Deadline::never());
        if (!received || *received == 0) co_return;
        discarded += *received;
    }
}

}  // namespace sluice::http
