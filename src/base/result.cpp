#include "base/result.hpp"

namespace sluice {

const char* to_string(Errc code) noexcept {
    switch (code) {
        case Errc::invalid_argument:
            return "invalid argument";
        case Errc::not_found:
            return "not found";
        case Errc::conflict:
            return "conflict";
        case Errc::too_large:
            return "too large";
        case Errc::unauthenticated:
            return "unauthenticated";
        case Errc::forbidden:
            return "forbidden";
        case Errc::exhausted:
            return "exhausted";
        case Errc::unavailable:
            return "unavailable";
        case Errc::timeout:
            return "timeout";
        case Errc::cancelled:
            return "cancelled";
        case Errc::io:
            return "input/output error";
        case Errc::corrupt:
            return "corrupt";
        case Errc::unsupported:
            return "unsupported";
    }
    return "unknown";
}

}  // namespace sluice
