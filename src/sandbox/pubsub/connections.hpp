#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.hpp"

namespace sluice::sandbox {

/// Takes connections on behalf of a gRPC server, which by itself can end a call but not a connection: with a second
/// descriptor of each it can be cut off under the server's hands, as a broken network would.
///
/// Thread: open(), close() one at a time; cut() any. Lifecycle: open() starts a thread that accepts, close() joins it.
class Connections {
  public:
    /// A new connection: the listener's descriptor and the connection's, which the callee owns from then on. Called on
    /// the accepting thread.
    using Hand = std::function<void(int listener, int connection)>;

    Connections() = default;
    ~Connections() { close(); }
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// Listens on `port`, or any free one for 0. Errors: the address is none of this machine's, the port is taken.
    Result<void> open(const std::string& address, std::uint16_t port);
    /// Takes connections from now on. Until then they wait.
    void serve(Hand hand);
    /// No more connections; cuts off those there are.
    void close();

    std::uint16_t port() const noexcept { return port_; }
    /// Cuts off the connection that came from this port of the peer's. Returns whether there was one.
    bool cut(std::uint16_t peer_port);

  private:
    void accept_all(const Hand& hand);
    void forget_ended();

    int listener_ = -1;
    int wake_ = -1;
    std::uint16_t port_ = 0;
    std::thread acceptor_;

    std::mutex mutex_;
    std::map<std::uint16_t, int> open_;  ///< peer's port to our own descriptor of the connection
};

}  // namespace sluice::sandbox
