#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "http/raw_client.hpp"
#include "mqtt/decoder.hpp"
#include "mqtt/packet.hpp"
#include "sandbox/iot_hub/hub_identity.hpp"
#include "sandbox/iot_hub/hub_keys.hpp"

namespace sluice::sandbox {

/// A device that sends exactly what it is told to over a blocking socket, and waits for what comes.
class MqttDevice {
  public:
    explicit MqttDevice(std::uint16_t port) : socket_(port) {}

    static std::string token(const HubIdentity& identity, Timestamp expires, std::string_view host = kSandboxHubHost,
                             std::string_view group_key = kSandboxHubGroupKey) {
        auto uri = std::string(host) + "/devices/" + identity.device +
                   (identity.module.empty() ? "" : "/modules/" + identity.module);
        Secret key(base64_decode(derived_hub_key(group_key, identity)).value());
        return auth::azure_sas_token(uri, key, expires, {}).reveal();
    }
    /// As a device of that identity connects whose token is good until `expires`.
    static mqtt::Connect connect_packet(const HubIdentity& identity, Timestamp expires) {
        mqtt::Connect connect;
        connect.client_id = identity.name();
        connect.clean_session = false;
        connect.keep_alive_seconds = 240;
        connect.username = std::string(kSandboxHubHost) + "/" + identity.name() + "/?api-version=2021-04-12";
        connect.password = Secret(token(identity, expires));
        return connect;
    }
    static mqtt::Publish telemetry(const HubIdentity& identity, std::string bag, std::string body, std::uint16_t id) {
        mqtt::Publish publish;
        publish.topic = "devices/" + identity.device + (identity.module.empty() ? "" : "/modules/" + identity.module) +
                        "/messages/events/" + bag;
        publish.payload = std::move(body);
        publish.qos = id == 0 ? mqtt::Qos::at_most_once : mqtt::Qos::at_least_once;
        publish.packet_id = id;
        return publish;
    }

    void send(const mqtt::Packet& packet) {
        std::string bytes;
        auto encoded = mqtt::encode(packet, bytes);
        if (!encoded) throw std::logic_error(encoded.error().message);
        socket_.send(bytes);
    }
    void send_bytes(std::string_view bytes) { socket_.send(bytes); }

    /// nullopt when the hub has closed the connection.
    std::optional<mqtt::Packet> read() {
        for (;;) {
            auto packet = decoder_.next();
            if (!packet) throw std::logic_error(packet.error().message);
            if (*packet) return std::move(**packet);
            auto bytes = socket_.read_bytes(1);
            if (bytes.empty()) return std::nullopt;
            decoder_.feed(bytes);
        }
    }
    /// The answer to a CONNECT; nullopt when there is none.
    std::optional<mqtt::ConnectCode> connect(const mqtt::Connect& connect) {
        send(connect);
        auto packet = read();
        if (!packet) return std::nullopt;
        return std::get<mqtt::ConnAck>(*packet).code;
    }
    /// The id of the next PUBACK; 0 when the connection was closed instead.
    std::uint16_t read_ack() {
        auto packet = read();
        return packet ? std::get<mqtt::PubAck>(*packet).packet_id : std::uint16_t{0};
    }
    bool is_closed() { return !read(); }
    http::RawClient& socket() noexcept { return socket_; }

  private:
    http::RawClient socket_;
    mqtt::Decoder decoder_{mqtt::Side::client, 1 << 20};
};

}  // namespace sluice::sandbox
