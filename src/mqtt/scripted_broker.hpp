#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mqtt/packet.hpp"
#include "net/endpoint.hpp"

namespace sluice::mqtt {

/// For tests: an MQTT server on loopback, plain TCP, that behaves as it is told and records what it was sent. Stores
/// nothing, delivers nothing. Has threads of its own; any thread may call it.
class ScriptedBroker {
  public:
    /// What it does with a CONNECT.
    struct OnConnect {
        enum class Kind { answer, stay_silent, close, talk_nonsense };
        Kind kind = Kind::answer;
        ConnectCode code = ConnectCode::accepted;
    };
    /// What it does with a PUBLISH.
    enum class OnPublish {
        acknowledge,
        keep,                 ///< records it; acknowledged with the next that is, after it
        stay_silent,          ///< records it, and never answers
        close,                ///< closes the connection without having recorded it
        record_and_close,     ///< records it, and closes the connection instead of answering
        talk_nonsense,        ///< records it, and answers what is not MQTT
        acknowledge_another,  ///< records it, and acknowledges a message that was never sent
        acknowledge_then_close,
    };
    struct Published {
        std::size_t connection = 0;  ///< counted from 0
        Publish message;
    };

    ScriptedBroker();
    ~ScriptedBroker();
    ScriptedBroker(const ScriptedBroker&) = delete;
    ScriptedBroker& operator=(const ScriptedBroker&) = delete;

    Endpoint endpoint() const;  ///< http://127.0.0.1:port, which is plain TCP

    /// Decides for each CONNECT and each PUBLISH that arrives, the latter counted from 0 over all connections; called
    /// on the broker's threads, one at a time. Without them everything is accepted.
    void on_connect(std::function<OnConnect(const Connect&)> decide);
    void on_publish(std::function<OnPublish(const Publish&, std::size_t index)> decide);
    std::atomic<bool> answers_pings{true};

    std::vector<Connect> connects() const;
    std::vector<Published> published() const;
    std::size_t pings() const;
    std::size_t disconnects() const;  ///< orderly ones
    /// Waits until so much has been recorded.
    std::vector<Published> wait_for_published(std::size_t count) const;
    void wait_for_closed(std::size_t count) const;
    /// Closes all connections there are, as a hub does with a client whose device connects elsewhere.
    void close_connections();
    /// Sends bytes on all connections there are.
    void send(const Packet& packet);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::mqtt
