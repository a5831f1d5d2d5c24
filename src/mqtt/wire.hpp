#pragma once

#include <cstdint>
#include <string_view>

/// The numbers of MQTT 3.1.1 that encoding and decoding share.
namespace sluice::mqtt {

/// §2.2.1
enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
};

constexpr std::string_view kProtocolName = "MQTT";
/// Of SUBSCRIBE and UNSUBSCRIBE (MQTT-3.8.1-1, MQTT-3.10.1-1).
constexpr unsigned kRequestFlags = 0x2;

/// §3.1.2
namespace connect_flags {
constexpr unsigned kReserved = 0x01;
constexpr unsigned kCleanSession = 0x02;
constexpr unsigned kWill = 0x04;
constexpr unsigned kWillQosShift = 3;
constexpr unsigned kWillRetain = 0x20;
constexpr unsigned kPassword = 0x40;
constexpr unsigned kUserName = 0x80;
}  // namespace connect_flags

/// §3.3.1
namespace publish_flags {
constexpr unsigned kRetain = 0x1;
constexpr unsigned kQosShift = 1;
constexpr unsigned kDuplicate = 0x8;
}  // namespace publish_flags

}  // namespace sluice::mqtt
