#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sluice::http {

/// What a request's head says, checked: how its body is framed and what the connection is to do afterwards.
struct RequestHead {
    enum class Expectation { none, continue_100, unknown };
    enum class Encoding { identity, gzip, unknown };

    Request request;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool chunked = false;
    std::optional<std::uint64_t> content_length;
    Expectation expectation = Expectation::none;
    Encoding encoding = Encoding::identity;

    bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

/// A request that is refused before anybody has looked at what it asks for.
struct Refusal {
    int status = 400;
    std::string_view code = "bad_request";
    std::string detail;
};

/// Finds the end of a head in bytes that arrive piece by piece; no byte is looked at twice.
class HeadScanner {
  public:
    enum class State { incomplete, complete, bare_line_feed };

    /// `bytes`: all that has come of this head. After `complete`, size() tells how long it is with its empty line.
    State scan(std::string_view bytes) noexcept;
    std::size_t size() const noexcept { return line_; }

  private:
    std::size_t line_ = 0;  ///< where the line that is being read begins
    std::size_t scanned_ = 0;
};

/// Parses a whole head, through its empty line. Pure. Strict where leniency has led servers to disagree about where a
/// request ends: both Content-Length and Transfer-Encoding, repeated or listed lengths, folded lines, control
/// characters, unknown transfer codings and a missing or repeated Host are refused.
boost::system::result<RequestHead, Refusal> parse_request_head(std::string_view head);

}  // namespace sluice::http
