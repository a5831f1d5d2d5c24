#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mqtt/packet.hpp"

namespace sluice::mqtt {

/// Who reads: what the other side may not send is an error.
enum class Side { client, server };

/// Takes bytes as they come and gives out packets, strictly (MQTT 3.1.1). Bounded: a packet that is announced with more
/// than `max_packet_bytes` is refused before its bytes are taken, so what is kept is never more than that and one feed.
/// After an error the stream has no meaning any more and the connection must be closed (MQTT-4.8.0-1); every further
/// call gives the same error. Value; no I/O. Thread: any, one at a time.
class Decoder {
  public:
    Decoder(Side reader, std::size_t max_packet_bytes) : reader_(reader), max_packet_bytes_(max_packet_bytes) {}

    void feed(std::string_view bytes);
    /// The next whole packet, nothing when more bytes are needed. Errc::corrupt: not MQTT 3.1.1, or not allowed from
    /// that side; Errc::too_large; Errc::unsupported: QoS 2, or a CONNECT of another protocol's name. The message names
    /// the packet, never its content. A CONNECT of another protocol level is given out with nothing but that level,
    /// so that a server can answer it with unacceptable_protocol.
    Result<std::optional<Packet>> next();

    /// Bytes that were fed and not given out yet.
    std::size_t pending() const noexcept { return buffer_.size() - taken_; }

  private:
    void let_go() noexcept;

    Side reader_;
    std::size_t max_packet_bytes_;
    std::string buffer_;
    std::size_t taken_ = 0;
    std::optional<Error> broken_;
};

}  // namespace sluice::mqtt
