#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "net/openssl_ptr.hpp"

namespace sluice {

/// TLS without a socket: ciphertext in, ciphertext out. Input is read where it lies, output collects in one string, so
/// that whole batches are sealed before they are sent. Thread: one.
class TlsEngine {
  public:
    enum class Step { done, want_input, closed, failed };

    /// `ssl` is set up as client or server and not connected to anything.
    explicit TlsEngine(SslPtr ssl);
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;

    Step handshake();
    /// As much plaintext as the input holds and `out` takes; `done` with at least a byte.
    Step read(std::span<char> out, std::size_t& count);
    /// `done` when there is plaintext to read; takes in what is not (session tickets, key updates).
    Step look_for_plaintext();
    /// Seals `bytes` into records at the end of output().
    bool seal(std::string_view bytes);
    /// Adds the goodbye to output().
    void say_goodbye();

    /// The bytes must stay where they are until a step wants more input.
    void set_input(std::string_view bytes) { buffers_.input = bytes; }
    bool has_input() const noexcept { return !buffers_.input.empty(); }
    std::string& output() noexcept { return buffers_.output; }

    SSL* ssl() const noexcept { return ssl_.get(); }

    /// What OpenSSL reads from and writes to.
    struct Buffers {
        std::string_view input;
        std::string output;
    };

  private:
    Step explain(int result);

    Buffers buffers_;
    SslPtr ssl_;
};

}  // namespace sluice
