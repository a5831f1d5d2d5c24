#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sluice::http {

/// One gzip member (RFC 1952), as small as it gets: for what is packed once and sent often.
std::string gzip(std::string_view text);
/// Whether the caller takes gzip (RFC 9110, Accept-Encoding).
bool accepts_gzip(const Request& request);

}  // namespace sluice::http
