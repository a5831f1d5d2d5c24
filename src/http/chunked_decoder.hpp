#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::http {

/// Takes the chunked transfer coding (RFC 9112, 7.1) off a body that arrives piece by piece. Pure. Strict: sizes are
/// hex digits only, line ends are CRLF. Extensions and trailer fields are skipped and count toward a bound.
class ChunkedDecoder {
  public:
    enum class State { more, done, malformed, too_large };

    explicit ChunkedDecoder(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

    /// Appends what `bytes` hold of the body to `body`. `consumed` is all of them, except when done: what follows is
    /// not ours.
    State feed(std::string_view bytes, std::string& body, std::size_t& consumed);

  private:
    enum class Expect {
        size,
        extension,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailer,
        trailer_line_feed,
        done
    };

    State on_size(char c);
    State on_size_line_end(std::size_t body_size);
    State on_trailer_byte(char c);

    std::size_t max_body_bytes_;
    Expect expect_ = Expect::size;
    unsigned size_digits_ = 0;
    std::uint64_t chunk_left_ = 0;
    std::size_t trailer_line_ = 0;
    std::size_t overhead_ = 0;  ///< bytes of extensions and trailers
};

}  // namespace sluice::http
