#include "sandbox/iot_hub/hub_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "mqtt/text.hpp"

namespace sluice::sandbox {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadBytes = 16 << 10;
/// A message of the largest size whose topic is as long as a topic may be, and the fixed header.
constexpr std::size_t kMostPacketBytes = kMostHubMessageBytes + mqtt::kMaxTextBytes + 16;
/// From the connection to its CONNECT.
constexpr std::chrono::seconds kConnectPatience{30};
/// "The maximum keep-alive is 29.45 minutes", also for a device that asks for none.
constexpr std::chrono::seconds kLongestSilence{1767};
constexpr std::chrono::seconds kWritePatience{60};

constexpr std::string_view kKicked = "400027 ConnectionForcefullyClosedOnNewConnection";
constexpr std::string_view kThrottled = "429001 ThrottlingException";

std::string expired() {
    return "401003 IoTHubUnauthorized: the token has expired";
}

/// What a fault makes of a connection: the code of a CONNACK, and the reason.
struct Struck {
    mqtt::ConnectCode code;
    std::string reason;
};
Struck struck_by(const RequestFaults& faults) {
    using enum mqtt::ConnectCode;
    auto reason = [&](std::string_view usual) {
        return fmt::format("{}{}{}", faults.code.empty() ? usual : faults.code, faults.message.empty() ? "" : ": ",
                           faults.message);
    };
    switch (*faults.refusal) {
        case FaultAction::throttle_request:
            return {server_unavailable, reason(kThrottled)};
        case FaultAction::expired_token:
            return {not_authorized, reason(expired())};
        case FaultAction::missing_target:
            return {not_authorized, reason("404001 DeviceNotFound")};
        case FaultAction::access_denied:
            return {not_authorized, reason("401003 IoTHubUnauthorized")};
        default:
            return {server_unavailable, reason("500001 ServerError")};
    }
}

bool may_subscribe(std::string_view filter, const HubIdentity& identity) {
    auto own = identity.module.empty() ? fmt::format("devices/{}/", identity.device)
                                       : fmt::format("devices/{}/modules/{}/", identity.device, identity.module);
    if (filter.starts_with(own)) return true;
    constexpr std::array<std::string_view, 3> kOfTheHub{"$iothub/methods/POST/#", "$iothub/twin/res/#",
                                                        "$iothub/twin/PATCH/properties/desired/#"};
    return std::find(kOfTheHub.begin(), kOfTheHub.end(), filter) != kOfTheHub.end();
}

}  // namespace

HubSession::HubSession(asio::io_context& io, HubCore& core, HubConnections& connections, std::unique_ptr<Stream> stream)
    : core_(core),
      connections_(connections),
      stream_(std::move(stream)),
      ended_signal_(io.get_executor()),
      decoder_(mqtt::Side::server, kMostPacketBytes),
      last_heard_(core.clock.steady_now()),
      patience_(kConnectPatience) {}

HubSession::~HubSession() {
    if (connected_as_) connections_.remove(*connected_as_, *this);
}

void HubSession::end(std::string reason) {
    if (std::exchange(ended_, true)) return;
    if (connected_as_) connections_.remove(*connected_as_, *this);
    if (identity_ && core_.registry.find(*identity_)) {
        core_.registry.note_use(*identity_);  // so that it is listed, with the reason
        connections_.note_disconnect(*identity_, std::move(reason));
    }
    stream_->close();
    ended_signal_.set();
}

void HubSession::look_at_clock() {
    // While the hub makes a device wait, it does not listen either.
    if (!pausing_ && core_.clock.steady_now() - last_heard_ > patience_) {
        end(connected_as_ ? "404104 DeviceConnectionClosedRemotely: nothing was heard for 1.5 keep-alives"
                          : "no CONNECT came");
        return;
    }
    if (connected_as_ && expires_ <= core_.clock.now()) end(expired());
}

asio::awaitable<void> HubSession::run() {
    std::vector<char> buffer(kReadBytes);
    while (!ended_) {
        auto count = co_await stream_->read_some(buffer, Deadline::never());
        if (!count || *count == 0) {
            end("404104 DeviceConnectionClosedRemotely");
            break;
        }
        last_heard_ = core_.clock.steady_now();
        if (deaf_) continue;
        decoder_.feed({buffer.data(), *count});
        while (!ended_ && !finished_) {
            auto packet = decoder_.next();
            if (!packet) finish("the hub understood no more: " + packet.error().message);
            if (!packet || !*packet) break;
            co_await handle(std::move(**packet));
        }
        co_await flush();
        if (finished_) end(std::move(*finished_));
    }
}

asio::awaitable<void> HubSession::handle(mqtt::Packet packet) {
    if (auto* connect = std::get_if<mqtt::Connect>(&packet)) {
        co_await on_connect(std::move(*connect));
        co_return;
    }
    if (!connected_as_) {
        finish("the first packet was no CONNECT");
    } else if (auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        co_await on_publish(std::move(*publish));
    } else if (auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
        on_subscribe(*subscribe);
    } else if (auto* unsubscribe = std::get_if<mqtt::Unsubscribe>(&packet)) {
        reply(mqtt::UnsubAck{unsubscribe->packet_id});
    } else if (std::holds_alternative<mqtt::PingReq>(packet)) {
        reply(mqtt::PingResp{});
    } else if (std::holds_alternative<mqtt::Disconnect>(packet)) {
        finish("404104 DeviceConnectionClosedRemotely: the device disconnected");
    }
    // A PUBACK is left: it answers nothing, since the hub sends nothing to devices.
}

asio::awaitable<void> HubSession::on_connect(mqtt::Connect connect) {
    using enum mqtt::ConnectCode;
    if (connected_as_) {
        finish("a second CONNECT came");
        co_return;
    }
    if (connect.level != mqtt::kProtocolLevel) {
        refuse(unacceptable_protocol, "the hub speaks MQTT 3.1.1");
        co_return;
    }
    auto identity = parse_client_id(connect.client_id);
    if (!identity) {
        refuse(identifier_rejected, "the client id is no device's");
        co_return;
    }
    identity_ = *identity;
    auto name = identity->name();
    auto faults = core_.faults.on_request({"iot_hub", hub_operation::kConnect, name});
    if (faults.delay.count() > 0) co_await pause(faults.delay);
    if (ended_) co_return;
    if (faults.refusal == FaultAction::hang) {
        hang();
        co_return;
    }
    if (faults.refusal == FaultAction::reset_before) {
        end("a fault closed the connection");
        co_return;
    }
    if (faults.refusal) {
        auto struck = struck_by(faults);
        refuse(struck.code, std::move(struck.reason));
        co_return;
    }
    auto user = parse_user_name(connect.username.value_or(""));
    if (!user || !connect.password) {
        refuse(bad_user_name_or_password,
               !user ? "the user name is not host/device/?api-version=…" : "there is no password");
        co_return;
    }
    if (user->identity != *identity) {
        refuse(not_authorized, "the user name names another device than the client id");
        co_return;
    }
    auto admission =
        core_.access.as_device(connect.password->reveal(), user->host, *identity, core_.clock.now() + faults.skew);
    if (!admission) {
        bool malformed = admission.error() == HubRefusal::malformed_token;
        auto reason = fmt::format("401003 IoTHubUnauthorized: {}", to_string(admission.error()));
        refuse(malformed ? bad_user_name_or_password : not_authorized, std::move(reason));
        co_return;
    }
    expires_ = admission->expires;
    core_.registry.note_use(*identity);
    patience_ = std::chrono::milliseconds(connect.keep_alive_seconds * 1500);
    if (connect.keep_alive_seconds == 0 || patience_ > kLongestSilence) patience_ = kLongestSilence;
    connected_as_ = identity;
    if (auto* older = connections_.replace(*identity, *this)) older->end(std::string(kKicked));
    if (faults.ending == FaultAction::hang_after) {
        hang();
        co_return;
    }
    reply(mqtt::ConnAck{});
    if (faults.ending == FaultAction::reset_after) finish("a fault closed the connection");
}

asio::awaitable<void> HubSession::on_publish(mqtt::Publish publish) {
    auto name = connected_as_->name();
    FaultSubject subject{"iot_hub", hub_operation::kPublish, name};
    auto faults = core_.faults.on_request(subject);
    if (faults.delay.count() > 0) co_await pause(faults.delay);
    if (ended_) co_return;
    if (faults.refusal == FaultAction::hang) {
        // Deaf to messages only: the device's pings are answered as ever.
        mute_ = true;
        drops_ = true;
    }
    if (drops_) co_return;
    if (faults.refusal == FaultAction::reset_before) {
        finish("a fault closed the connection");
        co_return;
    }
    if (faults.refusal) {
        finish(struck_by(faults).reason);
        co_return;
    }
    if (expires_ <= core_.clock.now() + faults.skew) {
        finish(expired());
        co_return;
    }
    auto topic = parse_event_topic(publish.topic);
    if (!topic) {
        finish("400004 ArgumentInvalid: " + topic.error().message);
        co_return;
    }
    if (topic->identity != *connected_as_) {
        finish("401003 IoTHubUnauthorized: the topic is another device's");
        co_return;
    }
    HubMessage message;
    add_bag_properties(message, std::move(topic->properties));
    if (publish.retain) message.application.emplace_back("mqtt-retain", "true");
    message.body = std::move(publish.payload);
    if (message.size() > kMostHubMessageBytes) {
        finish("413001 MessageTooLarge");
        co_return;
    }
    bool slow = false;
    if (core_.faults.looks_at_records()) {
        if (auto fault = core_.faults.on_record(subject, 0, message.message_id(), message.body)) {
            slow = fault->action == FaultAction::throttle;
            if (!slow || throttled_in_a_row_ >= core_.options.throttled_in_a_row) {
                auto usual = slow ? kThrottled : std::string_view("500001 ServerError");
                finish(fault->code.empty() ? std::string(usual) : fault->code);
                co_return;
            }
        }
    }
    throttled_in_a_row_ = slow ? throttled_in_a_row_ + 1 : 0;
    std::vector<HubMessage> messages;
    messages.push_back(std::move(message));
    core_.messages.accept(*connected_as_, std::move(messages));
    if (faults.ending == FaultAction::reset_after) {
        finish("a fault closed the connection");
        co_return;
    }
    if (faults.ending == FaultAction::hang_after) mute_ = true;
    if (slow) co_await pause(core_.options.throttled_ack_delay);
    acknowledge(publish);
}

void HubSession::hang() {
    deaf_ = true;
    patience_ = kLongestSilence;
}

void HubSession::on_subscribe(const mqtt::Subscribe& subscribe) {
    mqtt::SubAck ack{subscribe.packet_id, {}};
    for (const auto& wanted : subscribe.subscriptions) {
        bool allowed = may_subscribe(wanted.filter, *connected_as_);
        ack.codes.push_back(allowed ? std::min<std::uint8_t>(wanted.max_qos, 1) : mqtt::SubAck::kFailure);
    }
    reply(ack);
}

void HubSession::acknowledge(const mqtt::Publish& publish) {
    if (!mute_ && publish.qos == mqtt::Qos::at_least_once) reply(mqtt::PubAck{publish.packet_id});
}

void HubSession::reply(const mqtt::Packet& packet) {
    auto encoded = mqtt::encode(packet, out_);
    if (!encoded) end("the hub could not answer: " + encoded.error().message);
}

void HubSession::refuse(mqtt::ConnectCode code, std::string reason) {
    reply(mqtt::ConnAck{false, code});
    finish(std::move(reason));
}

void HubSession::finish(std::string reason) {
    if (!finished_) finished_ = std::move(reason);
}

asio::awaitable<void> HubSession::flush() {
    if (out_.empty() || ended_) co_return;
    auto sent = std::move(out_);
    out_.clear();
    std::array<std::string_view, 1> parts{sent};
    auto written = co_await stream_->write(parts, Deadline::after(kWritePatience));
    if (!written) end("404104 DeviceConnectionClosedRemotely");
}

asio::awaitable<void> HubSession::pause(std::chrono::milliseconds time) {
    co_await flush();
    if (ended_) co_return;
    pausing_ = true;
    co_await ended_signal_.wait(Deadline::after(time));
    pausing_ = false;
    last_heard_ = core_.clock.steady_now();
}

}  // namespace sluice::sandbox
