#include "mqtt/connection.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "mqtt/decoder.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"
#include "net/turn.hpp"

namespace sluice::mqtt {

namespace asio = boost::asio;

namespace {

/// What a server may send us: nobody asked for messages, so this is generous.
constexpr std::size_t kMaxIncomingBytes = 512 << 10;
constexpr std::size_t kMaxInFlight = 65'535;
/// How long a ping may wait for its turn and for the socket.
constexpr std::chrono::seconds kPingTimeout{10};

Lost lost_to(const Error& error, std::string_view doing) {
    Lost lost;
    lost.error = error;
    switch (error.code) {
        case Errc::timeout:
            lost.cause = Lost::Cause::deadline;
            lost.code = "timeout";
            break;
        case Errc::cancelled:
            lost.cause = Lost::Cause::cancelled;
            lost.code = "cancelled";
            break;
        case Errc::corrupt:
        case Errc::too_large:
        case Errc::unsupported:
            lost.cause = Lost::Cause::not_mqtt;
            lost.code = "not_mqtt";
            break;
        case Errc::unavailable:
        case Errc::io:
            // A server that kicks a client resets the connection as often as it closes it.
            lost.cause = Lost::Cause::closed_by_server;
            lost.code = "connection_lost";
            break;
        default:
            lost.code = "connection_lost";
            break;
    }
    lost.error.message = fmt::format("{}: {}", doing, error.message);
    return lost;
}

Lost closed_by_server() {
    return {Lost::Cause::closed_by_server, make_error(Errc::unavailable, "the server closed the connection"),
            "connection_closed"};
}

OpenError open_error(const Lost& lost) {
    return {std::nullopt, std::nullopt, lost.error, lost.code};
}

asio::awaitable<bool> is_cancelled() {
    auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// One publish() call, while its messages are under way.
struct Flight {
    Flight(asio::any_io_executor executor, std::size_t count) : acknowledged(count, false), news(std::move(executor)) {}

    void note(std::size_t index, Connection::Clock::time_point now) {
        acknowledged[index] = true;
        ++total;
        slowest = std::max(slowest, now - last);
        last = now;
        if (total == acknowledged.size()) news.set();
    }
    /// Those from the front on. A later one that is acknowledged while an earlier one is not counts as not: what is
    /// sent again then keeps its order.
    std::size_t from_front() const {
        return static_cast<std::size_t>(std::find(acknowledged.begin(), acknowledged.end(), false) -
                                        acknowledged.begin());
    }

    std::vector<bool> acknowledged;
    std::size_t total = 0;
    Connection::Clock::time_point last = Connection::Clock::now();
    Connection::Clock::duration slowest{};
    SignalEvent news;  ///< all acknowledged, or the connection is lost
};

/// A message under way: whose it is. Nobody's, once it is acknowledged or its publish() has given up.
struct UnderWay {
    Flight* flight = nullptr;
    std::uint32_t index = 0;
    bool acknowledged = false;
};

/// 1 to 65,535, round and round.
std::uint16_t packet_id_after(std::uint16_t id, std::size_t steps) {
    return static_cast<std::uint16_t>((id - 1 + steps) % kMaxInFlight + 1);
}

}  // namespace

struct Connection::Impl {
    Impl(asio::io_context& context, std::unique_ptr<Stream> connected, std::chrono::seconds keep_alive)
        : io(context),
          stream(std::move(connected)),
          keep_alive_time(keep_alive),
          tasks(io),
          write_turn(io.get_executor()) {}

    asio::awaitable<void> read();
    void handle(const Packet& packet);
    void acknowledge(std::uint16_t packet_id);
    void give_up(Lost why);
    void forget(Flight& flight);
    asio::awaitable<void> ping();

    asio::io_context& io;
    std::unique_ptr<Stream> stream;
    std::chrono::seconds keep_alive_time;
    TaskGroup tasks;
    Turn write_turn;
    Decoder decoder{Side::client, kMaxIncomingBytes};
    std::optional<Lost> lost;

    std::deque<UnderWay> under_way;  ///< in the order written; the first has first_id, the others follow
    std::uint16_t first_id = 1;
    std::size_t unacknowledged = 0;
    std::vector<Flight*> flights;

    Clock::time_point opened_at = Clock::now();
    Clock::time_point last_written = opened_at;
    std::optional<Clock::time_point> pinged_at;
};

void Connection::Impl::give_up(Lost why) {
    if (lost) return;
    lost = std::move(why);
    stream->close();
    for (Flight* flight : flights) flight->news.set();
}

asio::awaitable<void> Connection::Impl::read() {
    std::array<char, 512> buffer;
    while (!lost) {
        Result<std::size_t> received = co_await stream->read_some(buffer, Deadline::never());
        if (!received) {
            give_up(lost_to(received.error(), "while waiting for acknowledgements"));
            co_return;
        }
        if (*received == 0) {
            give_up(closed_by_server());
            co_return;
        }
        decoder.feed({buffer.data(), *received});
        while (!lost) {
            auto packet = decoder.next();
            if (!packet) give_up(lost_to(packet.error(), "the server does not speak MQTT 3.1.1 as it should"));
            if (!packet || !*packet) break;
            handle(**packet);
        }
    }
}

void Connection::Impl::handle(const Packet& packet) {
    pinged_at.reset();  // it lives
    if (const auto* ack = std::get_if<PubAck>(&packet)) {
        acknowledge(ack->packet_id);
        return;
    }
    if (std::holds_alternative<PingResp>(packet) || std::holds_alternative<Publish>(packet)) return;
    give_up({Lost::Cause::not_mqtt,
             make_error(Errc::corrupt, fmt::format("the server sent a {} that nobody asked for", name_of(packet))),
             "not_mqtt"});
}

void Connection::Impl::acknowledge(std::uint16_t packet_id) {
    auto offset = (packet_id + kMaxInFlight - first_id) % kMaxInFlight;
    if (offset >= under_way.size() || under_way[offset].acknowledged) {
        give_up({Lost::Cause::not_mqtt,
                 make_error(Errc::corrupt, "the server acknowledged a message that was not under way"), "not_mqtt"});
        return;
    }
    UnderWay& message = under_way[offset];
    message.acknowledged = true;
    --unacknowledged;
    if (message.flight) message.flight->note(message.index, Clock::now());
    while (!under_way.empty() && under_way.front().acknowledged) {
        under_way.pop_front();
        first_id = packet_id_after(first_id, 1);
    }
}

void Connection::Impl::forget(Flight& flight) {
    std::erase(flights, &flight);
    for (UnderWay& message : under_way) {
        if (message.flight == &flight) message.flight = nullptr;
    }
}

asio::awaitable<void> Connection::Impl::ping() {
    auto deadline = Deadline::after(kPingTimeout);
    auto turn = co_await write_turn.take(deadline);
    if (!turn || lost) co_return;
    std::string bytes;
    SLUICE_ASSERT(encode(PingReq{}, bytes), "a PINGREQ has no content");
    std::array<std::string_view, 1> parts{bytes};
    last_written = Clock::now();
    Result<void> written = co_await stream->write(parts, deadline);
    if (!written) give_up(lost_to(written.error(), "while pinging"));
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::~Connection() {
    SLUICE_ASSERT(impl_->tasks.size() == 0, "close() a connection before it is destroyed");
}

namespace {

/// Says CONNECT and waits for the answer.
asio::awaitable<Result<ConnAck>> greet(Stream& stream, std::string bytes, Decoder& decoder, Deadline deadline) {
    std::array<std::string_view, 1> parts{bytes};
    Result<void> written = co_await stream.write(parts, deadline);
    if (!written) co_return written.error();
    std::array<char, 512> buffer;
    for (;;) {
        auto packet = decoder.next();
        if (!packet) co_return packet.error();
        if (*packet) {
            if (const auto* answer = std::get_if<ConnAck>(&**packet)) co_return *answer;
            co_return make_error(Errc::corrupt,
                                 fmt::format("a {} came before the answer to CONNECT", name_of(**packet)));
        }
        Result<std::size_t> received = co_await stream.read_some(buffer, deadline);
        if (!received) co_return received.error();
        if (*received == 0) co_return make_error(Errc::unavailable, "the server closed the connection");
        decoder.feed({buffer.data(), *received});
    }
}

}  // namespace

asio::awaitable<Connection::Opened> Connection::open(asio::io_context& io, Endpoint endpoint, ConnectOptions options,
                                                     std::shared_ptr<TlsClientContext> tls, Connect hello,
                                                     Deadline deadline) {
    std::string bytes;
    if (auto encoded = encode(hello, bytes); !encoded)
        co_return OpenError{std::nullopt, std::nullopt, encoded.error(), "not_mqtt"};
    ConnectResult connected =
        co_await connect_stream(io, std::move(endpoint), std::move(options), std::move(tls), deadline);
    if (!connected) {
        ConnectError network = connected.error();
        co_return OpenError{network, std::nullopt, network.error, network.code};
    }
    auto impl = std::make_unique<Impl>(io, std::move(*connected), std::chrono::seconds(hello.keep_alive_seconds));
    Result<ConnAck> answer = co_await greet(*impl->stream, std::move(bytes), impl->decoder, deadline);
    if (!answer) {
        impl->stream->close();
        co_return open_error(lost_to(answer.error(), "in answer to CONNECT"));
    }
    if (answer->code != ConnectCode::accepted) {
        impl->stream->close();
        co_return OpenError{std::nullopt, answer->code,
                            make_error(Errc::unauthenticated, fmt::format("the server answered CONNECT with code {}",
                                                                          static_cast<int>(answer->code))),
                            ""};
    }
    impl->opened_at = impl->last_written = Clock::now();
    std::unique_ptr<Connection> connection(new Connection(std::move(impl)));
    connection->impl_->tasks.spawn(connection->impl_->read());
    co_return connection;
}

asio::awaitable<Published> Connection::publish(std::span<const Outgoing> messages, Deadline deadline) {
    Impl& self = *impl_;
    Published outcome;
    if (messages.empty()) co_return outcome;
    auto turn = co_await self.write_turn.take(deadline);
    if (!turn || self.lost || deadline.passed()) {
        bool cancelled = co_await is_cancelled();
        outcome.lost = self.lost   ? *self.lost
                       : cancelled ? lost_to(make_error(Errc::cancelled, "it was cancelled"), "before publishing")
                                   : lost_to(make_error(Errc::timeout, "no time is left"), "before publishing");
        co_return outcome;
    }
    if (self.under_way.size() + messages.size() > kMaxInFlight) {
        outcome.lost = lost_to(make_error(Errc::exhausted, "too many messages are under way"), "before publishing");
        co_return outcome;
    }

    // Heads are encoded into one text, then cut where the payloads belong.
    std::string heads;
    std::vector<std::size_t> ends;
    Publish head;
    head.qos = Qos::at_least_once;
    for (const auto& message : messages) {
        head.topic = message.topic;
        head.packet_id = packet_id_after(self.first_id, self.under_way.size() + ends.size());
        if (auto encoded = encode_publish_head(head, message.payload.size(), heads); !encoded) {
            outcome.lost = lost_to(encoded.error(), "before publishing");
            co_return outcome;
        }
        ends.push_back(heads.size());
    }
    Flight flight(self.io.get_executor(), messages.size());
    std::vector<std::string_view> parts;
    parts.reserve(2 * messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
        std::size_t start = i == 0 ? 0 : ends[i - 1];
        parts.push_back(std::string_view(heads).substr(start, ends[i] - start));
        if (!messages[i].payload.empty()) parts.push_back(messages[i].payload);
        self.under_way.push_back({&flight, static_cast<std::uint32_t>(i)});
    }
    self.unacknowledged += messages.size();
    self.flights.push_back(&flight);
    auto sent_before = self.stream->bytes_sent();
    self.last_written = Clock::now();
    Result<void> written = co_await self.stream->write(parts, deadline);
    outcome.maybe_sent = self.stream->bytes_sent() != sent_before;
    if (!written) self.give_up(lost_to(written.error(), "while publishing"));
    turn.reset();
    flight.last = Clock::now();

    while (flight.total < messages.size() && !self.lost) {
        if (co_await flight.news.wait(deadline)) continue;
        bool cancelled = co_await is_cancelled();
        auto why = cancelled ? make_error(Errc::cancelled, "it was cancelled")
                             : make_error(Errc::timeout, fmt::format("{} of {} messages were not acknowledged in time",
                                                                     messages.size() - flight.total, messages.size()));
        self.give_up(lost_to(why, "after publishing"));
    }
    self.forget(flight);
    outcome.acknowledged = flight.from_front();
    outcome.slowest = flight.slowest;
    if (outcome.acknowledged < messages.size()) {
        outcome.lost = *self.lost;
        outcome.slowest = std::max(outcome.slowest, Clock::now() - flight.last);
    }
    co_return outcome;
}

void Connection::keep_alive() {
    Impl& self = *impl_;
    if (self.lost || self.keep_alive_time.count() == 0) return;
    auto now = Clock::now();
    auto half = std::chrono::milliseconds(self.keep_alive_time) / 2;
    if (self.pinged_at) {
        if (now - *self.pinged_at < half) return;
        self.give_up(
            {Lost::Cause::silence, make_error(Errc::timeout, "the server does not answer pings"), "no_ping_answer"});
    } else if (now - self.last_written >= half) {
        self.pinged_at = now;
        self.tasks.spawn(self.ping());
    }
}

bool Connection::is_open() const noexcept {
    return !impl_->lost;
}
const std::optional<Lost>& Connection::lost() const noexcept {
    return impl_->lost;
}
std::size_t Connection::in_flight() const noexcept {
    return impl_->unacknowledged;
}
Connection::Clock::time_point Connection::opened_at() const noexcept {
    return impl_->opened_at;
}
std::string Connection::tls_description() const {
    return impl_->stream->tls_description();
}
std::string Connection::remote_address() const {
    return impl_->stream->remote_address();
}

asio::awaitable<void> Connection::close(Deadline deadline) {
    Impl& self = *impl_;
    if (!self.lost) {
        auto turn = co_await self.write_turn.take(deadline);
        if (turn && !self.lost) {
            std::string bytes;
            SLUICE_ASSERT(encode(Disconnect{}, bytes), "a DISCONNECT has no content");
            std::array<std::string_view, 1> parts{bytes};
            (void)co_await self.stream->write(parts, deadline);
        }
    }
    self.give_up({Lost::Cause::closed_here, make_error(Errc::cancelled, "the connection was closed"), "closed"});
    co_await self.tasks.join();
}

}  // namespace sluice::mqtt
