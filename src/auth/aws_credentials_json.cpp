#include "auth/aws_credentials_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <string>
#include <utility>

#include "auth/aws_access_key.hpp"
#include "auth/json_member.hpp"

namespace sluice::auth {
Result<AwsCredentials> read_aws_credentials_json(std::string_view text) {
    boost::system::error_code not_json;
    auto parsed = boost::json::parse(text, not_json);
    if (not_json || !parsed.is_object()) {
        return make_error(Errc::unavailable, "the answer is not a JSON object with credentials");
    }
    const auto& object = parsed.get_object();
    auto code = text_member(object, "Code");
    if (!code.empty() && code != "Success") {
        return make_error(Errc::unauthenticated, "no credentials: " + code + ": " + text_member(object, "Message"));
    }
    AwsAccessKey key;
    key.id = text_member(object, "AccessKeyId");
    key.secret = Secret(text_member(object, "SecretAccessKey"));
    auto token = text_member(object, "Token");
    key.session_token = Secret(token.empty() ? text_member(object, "SessionToken") : std::move(token));
    if (auto good = check_access_key(key); !good) {
        return make_error(Errc::unauthenticated, "the answer " + good.error().message);
    }
    AwsCredentials credentials;
    credentials.access_key_id = std::move(key.id);
    credentials.secret_access_key = std::move(key.secret);
    credentials.session_token = std::move(key.session_token);
    auto expiration = text_member(object, "Expiration");
    if (!expiration.empty()) {
        auto expires = parse_rfc3339(expiration);
        if (!expires) return make_error(Errc::unavailable, "the answer's Expiration is no time");
        credentials.expires = *expires;
    }
    return credentials;
}

}  // namespace sluice::auth
