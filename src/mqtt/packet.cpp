#include "mqtt/packet.hpp"

#include <fmt/format.h>

#include <array>

#include "mqtt/text.hpp"
#include "mqtt/wire.hpp"

namespace sluice::mqtt {
namespace {

Error forbidden(std::string_view packet, std::string_view what) {
    return make_error(Errc::invalid_argument, fmt::format("an MQTT {} {}", packet, what));
}

void append_u16(std::string& out, std::size_t value) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value & 0xFF);
}

void append_text(std::string& out, std::string_view text) {
    append_u16(out, text.size());
    out += text;
}

std::size_t text_bytes(std::string_view text) noexcept {
    return 2 + text.size();
}

/// Fixed header: type, flags and how many bytes follow (§2.2).
Result<void> append_header(std::string& out, PacketType type, unsigned flags, std::size_t remaining,
                           std::string_view name) {
    if (remaining > kMaxRemainingBytes) return forbidden(name, "is larger than 256 MiB");
    out += static_cast<char>(static_cast<unsigned>(type) << 4 | flags);
    do {
        unsigned digit = remaining % 128;
        remaining /= 128;
        out += static_cast<char>(remaining > 0 ? digit | 0x80 : digit);
    } while (remaining > 0);
    return {};
}

Result<void> check(const Connect& connect) {
    constexpr std::string_view kName = "CONNECT";
    if (!is_valid_text(connect.client_id)) return forbidden(kName, "has a client id that is not UTF-8 text");
    if (connect.username && !is_valid_text(*connect.username))
        return forbidden(kName, "has a user name that is not UTF-8 text");
    if (connect.password && !connect.username) return forbidden(kName, "has a password without a user name");
    if (connect.password && connect.password->reveal().size() > kMaxTextBytes)
        return forbidden(kName, "has a password longer than 65,535 bytes");
    if (connect.will) {
        if (!is_valid_topic_name(connect.will->topic)) return forbidden(kName, "has a will with a topic that is none");
        if (connect.will->payload.size() > kMaxTextBytes) return forbidden(kName, "has a will that is too long");
        if (connect.will->qos > 2) return forbidden(kName, "has a will with an unknown quality of service");
    }
    return {};
}

Result<void> append(std::string& out, const Connect& connect) {
    if (auto fine = check(connect); !fine) return fine;
    unsigned flags = 0;
    std::size_t size = 6 + 1 + 1 + 2 + text_bytes(connect.client_id);
    if (connect.clean_session) flags |= connect_flags::kCleanSession;
    if (connect.will) {
        flags |= connect_flags::kWill | static_cast<unsigned>(connect.will->qos) << connect_flags::kWillQosShift;
        if (connect.will->retain) flags |= connect_flags::kWillRetain;
        size += text_bytes(connect.will->topic) + text_bytes(connect.will->payload);
    }
    if (connect.username) {
        flags |= connect_flags::kUserName;
        size += text_bytes(*connect.username);
    }
    if (connect.password) {
        flags |= connect_flags::kPassword;
        size += text_bytes(connect.password->reveal());
    }
    if (auto head = append_header(out, PacketType::connect, 0, size, "CONNECT"); !head) return head;
    append_text(out, kProtocolName);
    out += static_cast<char>(connect.level);
    out += static_cast<char>(flags);
    append_u16(out, connect.keep_alive_seconds);
    append_text(out, connect.client_id);
    if (connect.will) {
        append_text(out, connect.will->topic);
        append_text(out, connect.will->payload);
    }
    if (connect.username) append_text(out, *connect.username);
    if (connect.password) append_text(out, connect.password->reveal());
    return {};
}

Result<void> append(std::string& out, const ConnAck& ack) {
    if (ack.code > ConnectCode::not_authorized) return forbidden("CONNACK", "has a code that is reserved");
    if (ack.session_present && ack.code != ConnectCode::accepted)
        return forbidden("CONNACK", "refuses and tells of a session");
    auto head = append_header(out, PacketType::connack, 0, 2, "CONNACK");
    out += static_cast<char>(ack.session_present ? 1 : 0);
    out += static_cast<char>(ack.code);
    return head;
}

Result<void> append(std::string& out, const Publish& publish) {
    if (auto head = encode_publish_head(publish, publish.payload.size(), out); !head) return head;
    out += publish.payload;
    return {};
}

/// PUBACK and UNSUBACK: a packet id and nothing else.
Result<void> append_id_only(std::string& out, PacketType type, std::uint16_t packet_id, std::string_view name) {
    if (packet_id == 0) return forbidden(name, "has no packet id");
    auto head = append_header(out, type, 0, 2, name);
    append_u16(out, packet_id);
    return head;
}

Result<void> append(std::string& out, const PubAck& ack) {
    return append_id_only(out, PacketType::puback, ack.packet_id, "PUBACK");
}

Result<void> append(std::string& out, const UnsubAck& ack) {
    return append_id_only(out, PacketType::unsuback, ack.packet_id, "UNSUBACK");
}

Result<void> append(std::string& out, const Subscribe& subscribe) {
    constexpr std::string_view kName = "SUBSCRIBE";
    if (subscribe.packet_id == 0) return forbidden(kName, "has no packet id");
    if (subscribe.subscriptions.empty()) return forbidden(kName, "asks for nothing");
    std::size_t size = 2;
    for (const auto& wanted : subscribe.subscriptions) {
        if (!is_valid_topic_filter(wanted.filter)) return forbidden(kName, "has a topic filter that is none");
        if (wanted.max_qos > 2) return forbidden(kName, "asks for an unknown quality of service");
        size += text_bytes(wanted.filter) + 1;
    }
    if (auto head = append_header(out, PacketType::subscribe, kRequestFlags, size, kName); !head) return head;
    append_u16(out, subscribe.packet_id);
    for (const auto& wanted : subscribe.subscriptions) {
        append_text(out, wanted.filter);
        out += static_cast<char>(wanted.max_qos);
    }
    return {};
}

Result<void> append(std::string& out, const SubAck& ack) {
    constexpr std::string_view kName = "SUBACK";
    if (ack.packet_id == 0) return forbidden(kName, "has no packet id");
    if (ack.codes.empty()) return forbidden(kName, "answers nothing");
    for (auto code : ack.codes) {
        if (code > 2 && code != SubAck::kFailure) return forbidden(kName, "has a code that is reserved");
    }
    if (auto head = append_header(out, PacketType::suback, 0, 2 + ack.codes.size(), kName); !head) return head;
    append_u16(out, ack.packet_id);
    for (auto code : ack.codes) out += static_cast<char>(code);
    return {};
}

Result<void> append(std::string& out, const Unsubscribe& unsubscribe) {
    constexpr std::string_view kName = "UNSUBSCRIBE";
    if (unsubscribe.packet_id == 0) return forbidden(kName, "has no packet id");
    if (unsubscribe.filters.empty()) return forbidden(kName, "asks for nothing");
    std::size_t size = 2;
    for (const auto& filter : unsubscribe.filters) {
        if (!is_valid_topic_filter(filter)) return forbidden(kName, "has a topic filter that is none");
        size += text_bytes(filter);
    }
    if (auto head = append_header(out, PacketType::unsubscribe, kRequestFlags, size, kName); !head) return head;
    append_u16(out, unsubscribe.packet_id);
    for (const auto& filter : unsubscribe.filters) append_text(out, filter);
    return {};
}

Result<void> append(std::string& out, const PingReq&) {
    return append_header(out, PacketType::pingreq, 0, 0, "PINGREQ");
}
Result<void> append(std::string& out, const PingResp&) {
    return append_header(out, PacketType::pingresp, 0, 0, "PINGRESP");
}
Result<void> append(std::string& out, const Disconnect&) {
    return append_header(out, PacketType::disconnect, 0, 0, "DISCONNECT");
}

}  // namespace

std::string_view name_of(const Packet& packet) noexcept {
    constexpr std::array<std::string_view, std::variant_size_v<Packet>> kNames = {
        "CONNECT",     "CONNACK",  "PUBLISH", "PUBACK",   "SUBSCRIBE", "SUBACK",
        "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT"};
    return kNames[packet.index()];
}

Result<void> encode(const Packet& packet, std::string& out) {
    return std::visit([&out](const auto& one) { return append(out, one); }, packet);
}

Result<void> encode_publish_head(const Publish& publish, std::size_t payload_bytes, std::string& out) {
    constexpr std::string_view kName = "PUBLISH";
    const bool confirmed = publish.qos == Qos::at_least_once;
    if (publish.qos > Qos::at_least_once) return forbidden(kName, "asks for a quality of service above 1");
    if (!is_valid_topic_name(publish.topic)) return forbidden(kName, "has a topic that is none");
    if (confirmed != (publish.packet_id != 0)) return forbidden(kName, "has a packet id with QoS 1 only");
    if (publish.duplicate && !confirmed) return forbidden(kName, "is a duplicate with QoS 1 only");
    unsigned flags = (publish.duplicate ? publish_flags::kDuplicate : 0) |
                     static_cast<unsigned>(publish.qos) << publish_flags::kQosShift |
                     (publish.retain ? publish_flags::kRetain : 0);
    std::size_t size = text_bytes(publish.topic) + (confirmed ? 2 : 0) + payload_bytes;
    if (auto head = append_header(out, PacketType::publish, flags, size, kName); !head) return head;
    append_text(out, publish.topic);
    if (confirmed) append_u16(out, publish.packet_id);
    return {};
}

std::size_t publish_bytes(std::size_t topic_bytes, std::size_t payload_bytes) noexcept {
    std::size_t remaining = 2 + topic_bytes + 2 + payload_bytes;
    std::size_t digits = 1;
    for (std::size_t left = remaining / 128; left > 0; left /= 128) ++digits;
    return 1 + digits + remaining;
}

}  // namespace sluice::mqtt
