#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sluice::http {

/// How a response is framed and what becomes of the connection: decided by the session, not by the handler.
struct ResponseFraming {
    std::optional<std::size_t> content_length;  ///< none for 1xx, 204, 304 and streams
    bool chunked = false;
    bool close = false;
    bool keep_alive_1_0 = false;  ///< an HTTP/1.0 client must be told
};

/// The bytes of a response's head. Framing fields that a handler set are replaced; a control character in a field's
/// value becomes a space, so that no value can begin a field or a response of its own.
std::string serialize_response_head(const Response& response, const ResponseFraming& framing, std::string_view date);

/// `Mon, 23 Nov 2026 14:05:00 GMT`, made at most once a second. Thread: one.
class DateText {
  public:
    std::string_view now();

  private:
    long second_ = -1;
    std::string text_;
};

}  // namespace sluice::http
