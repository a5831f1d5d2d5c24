#include "mqtt/decoder.hpp"

#include <fmt/format.h>

#include <utility>

#include "mqtt/text.hpp"
#include "mqtt/wire.hpp"

namespace sluice::mqtt {
namespace {

Error corrupt(std::string_view packet, std::string_view what) {
    return make_error(Errc::corrupt, fmt::format("an MQTT {} {}", packet, what));
}

/// Reads the parts of one packet; what is read beyond its end is remembered as a fault.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(take(1).empty() ? 0 : last_.front()); }
    std::uint16_t u16() {
        auto bytes = take(2);
        if (bytes.empty()) return 0;
        return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                          static_cast<unsigned char>(bytes[1]));
    }
    /// Length and bytes.
    std::string_view block() { return take(u16()); }
    std::string_view rest() { return std::exchange(rest_, {}); }
    bool at_end() const noexcept { return rest_.empty(); }
    bool whole() const noexcept { return !overrun_; }

  private:
    std::string_view take(std::size_t size) {
        if (overrun_ || size > rest_.size()) {
            overrun_ = true;
            return {};
        }
        last_ = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return last_;
    }

    std::string_view rest_;
    std::string_view last_;
    bool overrun_ = false;
};

using Decoded = Result<Packet>;

/// The end of every decoder: exactly what was announced must have been there.
Decoded finished(const Reader& reader, Packet packet) {
    if (!reader.whole()) return corrupt(name_of(packet), "ends too early");
    if (!reader.at_end()) return corrupt(name_of(packet), "is longer than what is in it");
    return packet;
}

Result<void> read_will(Reader& reader, unsigned flags, Connect& connect) {
    auto qos = flags >> connect_flags::kWillQosShift & 3;
    if (!(flags & connect_flags::kWill)) {
        // MQTT-3.1.2-13, -15
        if (qos != 0 || flags & connect_flags::kWillRetain) return corrupt("CONNECT", "has a will's flags and no will");
        return {};
    }
    if (qos == 3) return corrupt("CONNECT", "has a will of QoS 3");  // MQTT-3.1.2-14
    Will will;
    will.topic = reader.block();
    will.payload = reader.block();
    will.qos = static_cast<std::uint8_t>(qos);
    will.retain = flags & connect_flags::kWillRetain;
    if (reader.whole() && !is_valid_topic_name(will.topic))
        return corrupt("CONNECT", "has a will with a topic that is none");
    connect.will = std::move(will);
    return {};
}

Decoded decode_connect(Reader reader) {
    auto protocol = reader.block();
    Connect connect;
    connect.level = reader.u8();
    if (!reader.whole()) return corrupt("CONNECT", "ends too early");
    if (protocol != kProtocolName)
        return make_error(Errc::unsupported, "a CONNECT of a protocol that is not called MQTT (as of 3.1.1)");
    // Another version's form is unknown: enough that a server can answer it.
    if (connect.level != kProtocolLevel) return connect;

    unsigned flags = reader.u8();
    connect.keep_alive_seconds = reader.u16();
    connect.client_id = reader.block();
    if (flags & connect_flags::kReserved) return corrupt("CONNECT", "has its reserved flag set");  // MQTT-3.1.2-3
    connect.clean_session = flags & connect_flags::kCleanSession;
    if (auto will = read_will(reader, flags, connect); !will) return will.error();
    bool has_user = flags & connect_flags::kUserName;
    bool has_password = flags & connect_flags::kPassword;
    if (has_password && !has_user) return corrupt("CONNECT", "has a password without a user name");  // MQTT-3.1.2-22
    if (has_user) connect.username = std::string(reader.block());
    if (has_password) connect.password = Secret(std::string(reader.block()));
    if (!is_valid_text(connect.client_id)) return corrupt("CONNECT", "has a client id that is not UTF-8 text");
    if (connect.username && !is_valid_text(*connect.username))
        return corrupt("CONNECT", "has a user name that is not UTF-8 text");
    return finished(reader, std::move(connect));
}

Decoded decode_connack(Reader reader) {
    unsigned flags = reader.u8();
    unsigned code = reader.u8();
    if (flags > 1) return corrupt("CONNACK", "has reserved flags set");
    if (code > static_cast<unsigned>(ConnectCode::not_authorized))
        return corrupt("CONNACK", "has a code that is reserved");
    if (flags != 0 && code != 0) return corrupt("CONNACK", "refuses and tells of a session");  // MQTT-3.2.2-4
    return finished(reader, ConnAck{flags == 1, static_cast<ConnectCode>(code)});
}

Decoded decode_publish(Reader reader, unsigned flags) {
    Publish publish;
    unsigned qos = flags >> publish_flags::kQosShift & 3;
    if (qos == 3) return corrupt("PUBLISH", "has QoS 3");  // MQTT-3.3.1-4
    if (qos == 2) return make_error(Errc::unsupported, "an MQTT PUBLISH has QoS 2, which is not spoken here");
    publish.qos = static_cast<Qos>(qos);
    publish.retain = flags & publish_flags::kRetain;
    publish.duplicate = flags & publish_flags::kDuplicate;
    if (publish.duplicate && qos == 0) return corrupt("PUBLISH", "is a duplicate of QoS 0");  // MQTT-3.3.1-2
    publish.topic = reader.block();
    if (qos > 0) publish.packet_id = reader.u16();
    if (!reader.whole()) return corrupt("PUBLISH", "ends too early");
    if (!is_valid_topic_name(publish.topic)) return corrupt("PUBLISH", "has a topic that is none");
    if (qos > 0 && publish.packet_id == 0) return corrupt("PUBLISH", "has no packet id");  // MQTT-2.3.1-1
    publish.payload = reader.rest();
    return finished(reader, std::move(publish));
}

template <class Ack>
Decoded decode_id_only(Reader reader) {
    Ack ack;
    ack.packet_id = reader.u16();
    if (reader.whole() && ack.packet_id == 0) return corrupt(name_of(ack), "has no packet id");
    return finished(reader, ack);
}

Decoded decode_subscribe(Reader reader) {
    Subscribe subscribe;
    subscribe.packet_id = reader.u16();
    if (reader.whole() && subscribe.packet_id == 0) return corrupt("SUBSCRIBE", "has no packet id");
    while (reader.whole() && !reader.at_end()) {
        Subscription wanted;
        wanted.filter = reader.block();
        wanted.max_qos = reader.u8();
        if (!reader.whole()) break;
        if (wanted.max_qos > 2) return corrupt("SUBSCRIBE", "asks for an unknown QoS");  // MQTT-3-8.3-4
        if (!is_valid_topic_filter(wanted.filter)) return corrupt("SUBSCRIBE", "has a topic filter that is none");
        subscribe.subscriptions.push_back(std::move(wanted));
    }
    // MQTT-3.8.3-3
    if (reader.whole() && subscribe.subscriptions.empty()) return corrupt("SUBSCRIBE", "asks for nothing");
    return finished(reader, std::move(subscribe));
}

Decoded decode_suback(Reader reader) {
    SubAck ack;
    ack.packet_id = reader.u16();
    if (reader.whole() && ack.packet_id == 0) return corrupt("SUBACK", "has no packet id");
    if (reader.whole() && reader.at_end()) return corrupt("SUBACK", "answers nothing");
    while (reader.whole() && !reader.at_end()) {
        auto code = reader.u8();
        if (code > 2 && code != SubAck::kFailure) return corrupt("SUBACK", "has a code that is reserved");
        ack.codes.push_back(code);
    }
    return finished(reader, std::move(ack));
}

Decoded decode_unsubscribe(Reader reader) {
    Unsubscribe unsubscribe;
    unsubscribe.packet_id = reader.u16();
    if (reader.whole() && unsubscribe.packet_id == 0) return corrupt("UNSUBSCRIBE", "has no packet id");
    while (reader.whole() && !reader.at_end()) {
        auto filter = reader.block();
        if (!reader.whole()) break;
        if (!is_valid_topic_filter(filter)) return corrupt("UNSUBSCRIBE", "has a topic filter that is none");
        unsubscribe.filters.emplace_back(filter);
    }
    // MQTT-3.10.3-2
    if (reader.whole() && unsubscribe.filters.empty()) return corrupt("UNSUBSCRIBE", "asks for nothing");
    return finished(reader, std::move(unsubscribe));
}

template <class Empty>
Decoded decode_empty(Reader reader) {
    return finished(reader, Empty{});
}

/// What is known of a packet before its content: whether it may come from that side, with these flags.
Result<void> check_header(Side reader, unsigned type, unsigned flags) {
    const bool server = reader == Side::server;
    unsigned wanted_flags = 0;
    bool allowed = false;
    switch (type) {
        case static_cast<unsigned>(PacketType::publish):
            return {};
        case static_cast<unsigned>(PacketType::puback):
            allowed = true;
            break;
        case static_cast<unsigned>(PacketType::connack):
        case static_cast<unsigned>(PacketType::suback):
        case static_cast<unsigned>(PacketType::unsuback):
        case static_cast<unsigned>(PacketType::pingresp):
            allowed = !server;
            break;
        case static_cast<unsigned>(PacketType::subscribe):
        case static_cast<unsigned>(PacketType::unsubscribe):
            wanted_flags = kRequestFlags;
            allowed = server;
            break;
        case static_cast<unsigned>(PacketType::connect):
        case static_cast<unsigned>(PacketType::pingreq):
        case static_cast<unsigned>(PacketType::disconnect):
            allowed = server;
            break;
        case 5:
        case 6:
        case 7:
            return make_error(Errc::unsupported, "a packet of MQTT's QoS 2, which is not spoken here");
        default:
            return make_error(Errc::corrupt, fmt::format("an MQTT packet has the reserved type {}", type));
    }
    if (!allowed) {
        return make_error(Errc::corrupt, fmt::format("an MQTT packet of type {} came from the {}", type,
                                                     server ? "client" : "server"));
    }
    // MQTT-2.2.2-2
    if (flags != wanted_flags)
        return make_error(Errc::corrupt, fmt::format("an MQTT packet of type {} has wrong flags", type));
    return {};
}

Decoded decode_body(unsigned type, unsigned flags, std::string_view body) {
    Reader reader(body);
    switch (static_cast<PacketType>(type)) {
        case PacketType::connect:
            return decode_connect(reader);
        case PacketType::connack:
            return decode_connack(reader);
        case PacketType::publish:
            return decode_publish(reader, flags);
        case PacketType::puback:
            return decode_id_only<PubAck>(reader);
        case PacketType::subscribe:
            return decode_subscribe(reader);
        case PacketType::suback:
            return decode_suback(reader);
        case PacketType::unsubscribe:
            return decode_unsubscribe(reader);
        case PacketType::unsuback:
            return decode_id_only<UnsubAck>(reader);
        case PacketType::pingreq:
            return decode_empty<PingReq>(reader);
        case PacketType::pingresp:
            return decode_empty<PingResp>(reader);
        case PacketType::disconnect:
            break;
    }
    return decode_empty<Disconnect>(reader);
}

struct Length {
    std::size_t value = 0;
    std::size_t digits = 0;
};

/// Remaining length (§2.2.3). Nothing when its end is not there yet.
Result<std::optional<Length>> read_length(std::string_view bytes) {
    Length length;
    for (std::size_t scale = 0; length.digits < bytes.size(); scale += 7) {
        if (length.digits == 4) return make_error(Errc::corrupt, "an MQTT packet's length has more than four bytes");
        auto digit = static_cast<unsigned char>(bytes[length.digits++]);
        length.value |= static_cast<std::size_t>(digit & 0x7F) << scale;
        if (!(digit & 0x80)) return std::optional(length);
    }
    if (length.digits == 4) return make_error(Errc::corrupt, "an MQTT packet's length has more than four bytes");
    return std::optional<Length>();
}

}  // namespace

void Decoder::feed(std::string_view bytes) {
    if (!broken_) buffer_ += bytes;
}

void Decoder::let_go() noexcept {
    constexpr std::size_t kKept = 4096;  // a large message must not cost an idle connection its size
    if (taken_ == buffer_.size()) {
        buffer_.clear();
        taken_ = 0;
        if (buffer_.capacity() > kKept) std::string().swap(buffer_);
    } else if (taken_ > kKept && taken_ >= buffer_.size() / 2) {
        buffer_.erase(0, taken_);
        taken_ = 0;
    }
}

Result<std::optional<Packet>> Decoder::next() {
    if (broken_) return *broken_;
    auto fail = [this](Error error) {
        broken_ = std::move(error);
        std::string().swap(buffer_);
        taken_ = 0;
        return *broken_;
    };
    std::string_view bytes = std::string_view(buffer_).substr(taken_);
    if (bytes.empty()) return std::optional<Packet>();
    unsigned type = static_cast<unsigned char>(bytes[0]) >> 4;
    unsigned flags = static_cast<unsigned char>(bytes[0]) & 0xF;
    if (auto fine = check_header(reader_, type, flags); !fine) return fail(fine.error());
    auto length = read_length(bytes.substr(1));
    if (!length) return fail(length.error());
    if (!*length) return std::optional<Packet>();
    std::size_t head = 1 + (*length)->digits;
    if (head + (*length)->value > max_packet_bytes_) {
        return fail(make_error(Errc::too_large, fmt::format("an MQTT packet of {} bytes, of which {} are taken",
                                                            head + (*length)->value, max_packet_bytes_)));
    }
    if (bytes.size() < head + (*length)->value) return std::optional<Packet>();
    auto packet = decode_body(type, flags, bytes.substr(head, (*length)->value));
    if (!packet) return fail(packet.error());
    taken_ += head + (*length)->value;
    let_go();
    return std::optional<Packet>(std::move(*packet));
}

}  // namespace sluice::mqtt
