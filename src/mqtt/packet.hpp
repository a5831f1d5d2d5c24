#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

/// MQTT 3.1.1 (OASIS Standard, 29 October 2014), for both sides. Left out: QoS 2 delivery, which neither Azure IoT Hub
/// nor we speak. Numbers in brackets are the standard's sections or conformance statements.
namespace sluice::mqtt {

/// How many bytes a packet may have after its fixed header (§2.2.3).
constexpr std::size_t kMaxRemainingBytes = 268'435'455;
constexpr std::uint8_t kProtocolLevel = 4;

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1 };

/// What the server is to publish for a client that vanishes (§3.1.2.5).
struct Will {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;  ///< 0 to 2: it is told, not delivered, by this codec
    bool retain = false;
    friend bool operator==(const Will&, const Will&) = default;
};

struct Connect {
    std::uint8_t level = kProtocolLevel;  ///< a server answers another one with unacceptable_protocol (MQTT-3.1.2-2)
    std::string client_id;
    bool clean_session = true;
    std::uint16_t keep_alive_seconds = 0;  ///< 0: none
    std::optional<std::string> username;
    std::optional<Secret> password;  ///< only with a user name (MQTT-3.1.2-22)
    std::optional<Will> will;
    friend bool operator==(const Connect&, const Connect&) = default;
};

enum class ConnectCode : std::uint8_t {
    accepted = 0,
    unacceptable_protocol = 1,
    identifier_rejected = 2,
    server_unavailable = 3,
    bad_user_name_or_password = 4,
    not_authorized = 5,
};

struct ConnAck {
    bool session_present = false;
    ConnectCode code = ConnectCode::accepted;
    friend bool operator==(const ConnAck&, const ConnAck&) = default;
};

struct Publish {
    std::string topic;
    std::string payload;
    Qos qos = Qos::at_most_once;
    bool retain = false;
    bool duplicate = false;
    std::uint16_t packet_id = 0;  ///< not 0 with QoS 1, and 0 without
    friend bool operator==(const Publish&, const Publish&) = default;
};

struct PubAck {
    std::uint16_t packet_id = 0;
    friend bool operator==(const PubAck&, const PubAck&) = default;
};

struct Subscription {
    std::string filter;
    std::uint8_t max_qos = 0;  ///< 0 to 2, as asked for
    friend bool operator==(const Subscription&, const Subscription&) = default;
};

struct Subscribe {
    std::uint16_t packet_id = 0;
    std::vector<Subscription> subscriptions;
    friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

struct SubAck {
    static constexpr std::uint8_t kFailure = 0x80;
    std::uint16_t packet_id = 0;
    std::vector<std::uint8_t> codes;  ///< the QoS granted (0 to 2) or kFailure, in the order of the filters
    friend bool operator==(const SubAck&, const SubAck&) = default;
};

struct Unsubscribe {
    std::uint16_t packet_id = 0;
    std::vector<std::string> filters;
    friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

struct UnsubAck {
    std::uint16_t packet_id = 0;
    friend bool operator==(const UnsubAck&, const UnsubAck&) = default;
};

struct PingReq {
    friend bool operator==(const PingReq&, const PingReq&) = default;
};
struct PingResp {
    friend bool operator==(const PingResp&, const PingResp&) = default;
};
struct Disconnect {
    friend bool operator==(const Disconnect&, const Disconnect&) = default;
};

using Packet = std::variant<Connect, ConnAck, Publish, PubAck, Subscribe, SubAck, Unsubscribe, UnsubAck, PingReq,
                            PingResp, Disconnect>;

/// `PUBLISH`: for messages.
std::string_view name_of(const Packet& packet) noexcept;

/// Appends the packet's bytes to `out`. Errc::invalid_argument, with `out` as it was, when the standard forbids such a
/// packet: the message names the packet and what is wrong, never a value.
Result<void> encode(const Packet& packet, std::string& out);

/// Everything of a PUBLISH but its payload, which the caller sends right behind it: so a payload need not be copied.
/// `payload` of `publish` is not looked at.
Result<void> encode_publish_head(const Publish& publish, std::size_t payload_bytes, std::string& out);
/// Bytes of a whole PUBLISH with QoS 1 on the wire.
std::size_t publish_bytes(std::size_t topic_bytes, std::size_t payload_bytes) noexcept;

}  // namespace sluice::mqtt
