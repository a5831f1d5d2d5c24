#include "sandbox/pubsub/jwt.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::size_t kLongestJwt = 16'384;
/// Year 9999: whatever is beyond is no time.
constexpr double kLatestTime = 253'402'300'799;

Error malformed(std::string_view what) {
    return make_error(Errc::invalid_argument, fmt::format("the JWT's {}", what));
}

/// RFC 4648 §5. RFC 7515 wants it without padding; gRPC's own library pads, and is let in by Google.
std::optional<std::string> decode_url_safe(std::string_view text) {
    if (text.size() % 4 == 0 && text.ends_with("==")) text.remove_suffix(2);
    if (text.size() % 4 == 0 && text.ends_with('=')) text.remove_suffix(1);
    std::string standard(text);
    for (auto& c : standard) {
        if (c == '+' || c == '/' || c == '=') return std::nullopt;
        if (c == '-') c = '+';
        if (c == '_') c = '/';
    }
    standard.append((4 - standard.size() % 4) % 4, '=');
    return base64_decode(standard);
}

Result<bj::object> decode_object(std::string_view part, std::string_view which) {
    auto text = decode_url_safe(part);
    if (!text) return malformed(fmt::format("{} is not base64url", which));
    boost::system::error_code failure;
    auto value = bj::parse(*text, failure);
    if (failure || !value.is_object()) return malformed(fmt::format("{} is not a JSON object", which));
    return std::move(value.as_object());
}

Result<void> take_text(const bj::object& object, std::string_view name, std::string& into) {
    const auto* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr) return {};
    if (!value->is_string()) return malformed(fmt::format("{} is not text", name));
    into = std::string(value->as_string());
    return {};
}

Result<void> take_time(const bj::object& object, std::string_view name, std::int64_t& into) {
    const auto* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr) return malformed(fmt::format("{} is missing", name));
    if (!value->is_number()) return malformed(fmt::format("{} is not a number", name));
    auto time = value->to_number<double>();
    if (!(time >= 0 && time <= kLatestTime)) return malformed(fmt::format("{} is no time", name));
    into = static_cast<std::int64_t>(time);
    return {};
}

}  // namespace

Result<Jwt> parse_jwt(std::string_view text) {
    if (text.size() > kLongestJwt) return malformed("text is too long");
    auto first = text.find('.');
    auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
        return malformed("text has not three parts");
    auto header = decode_object(text.substr(0, first), "header");
    if (!header) return header.error();
    auto claims = decode_object(text.substr(first + 1, second - first - 1), "payload");
    if (!claims) return claims.error();
    auto signature = decode_url_safe(text.substr(second + 1));
    if (!signature || signature->empty()) return malformed("signature is not base64url");

    Jwt jwt;
    jwt.signed_text = text.substr(0, second);
    jwt.signature = std::move(*signature);
    if (auto taken = take_text(*header, "alg", jwt.algorithm); !taken) return taken.error();
    if (auto taken = take_text(*header, "kid", jwt.key_id); !taken) return taken.error();
    if (auto taken = take_text(*claims, "iss", jwt.issuer); !taken) return taken.error();
    if (auto taken = take_text(*claims, "sub", jwt.subject); !taken) return taken.error();
    if (auto taken = take_text(*claims, "aud", jwt.audience); !taken) return taken.error();
    if (auto taken = take_text(*claims, "scope", jwt.scope); !taken) return taken.error();
    if (auto taken = take_time(*claims, "iat", jwt.issued_at); !taken) return taken.error();
    if (auto taken = take_time(*claims, "exp", jwt.expires); !taken) return taken.error();
    return jwt;
}

}  // namespace sluice::sandbox
