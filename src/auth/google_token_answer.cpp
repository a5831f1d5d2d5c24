#include "auth/google_token_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <utility>

#include "auth/json_member.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kMostTokenBytes = 16 << 10;
constexpr std::int64_t kMostSeconds = 24 * 3600;

struct Meaning {
    std::string_view code;
    std::string_view hint;
};
/// RFC 6749, 5.2, in Google's use of it.
constexpr std::array kRefusals = {
    Meaning{"invalid_grant",
            "The refresh token was revoked or has expired, or this machine's clock is wrong. Run gcloud auth "
            "application-default login again and paste the new file."},
    Meaning{"invalid_client", "The OAuth client was deleted, or its secret was changed: paste a new file."},
    Meaning{"unauthorized_client", "The OAuth client may not use this grant: paste a new file."},
    Meaning{"invalid_scope", "Log in again with the scope https://www.googleapis.com/auth/pubsub."},
    Meaning{"access_denied", "Log in again and give consent."},
};

/// A token goes into a header: anything else than visible ASCII would not be one.
bool is_token(const std::string& text) {
    return !text.empty() && text.size() <= kMostTokenBytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Error refusal(int status, std::string_view code) {
    auto known = std::find_if(kRefusals.begin(), kRefusals.end(), [code](const Meaning& m) { return m.code == code; });
    if (known != kRefusals.end()) {
        return make_error(Errc::unauthenticated, fmt::format("{} (status {})", code, status), std::string(known->hint));
    }
    bool is_code = !code.empty() && code.size() <= 64 &&
                   std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    auto told = is_code ? fmt::format("{} (status {})", code, status) : fmt::format("status {}", status);
    bool refused = status == 401 || status == 403;
    return make_error(refused ? Errc::unauthenticated : Errc::unavailable, std::move(told));
}

}  // namespace

Result<GoogleTokenAnswer> read_google_token_answer(int status, std::string_view body) {
    boost::system::error_code not_json;
    auto parsed = boost::json::parse(body, not_json);
    const auto* object = not_json ? nullptr : parsed.if_object();
    if (status != 200) return refusal(status, object != nullptr ? text_member(*object, "error") : std::string());
    if (object == nullptr) return make_error(Errc::unavailable, "the answer is not a token: not a JSON object");

    GoogleTokenAnswer answer;
    auto token = text_member(*object, "access_token");
    if (!is_token(token)) return make_error(Errc::unavailable, "the answer has no access_token");
    answer.access_token = Secret(std::move(token));
    const auto* lasts = object->if_contains("expires_in");
    if (lasts != nullptr) {
        boost::system::error_code not_a_number;
        auto seconds = lasts->to_number<std::int64_t>(not_a_number);
        if (not_a_number || seconds < 0) return make_error(Errc::unavailable, "the answer's expires_in is no time");
        answer.lasts = std::chrono::seconds(std::min(seconds, kMostSeconds));
    }
    return answer;
}

}  // namespace sluice::auth
