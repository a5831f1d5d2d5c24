#include "sandbox/aws/signature_check.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <vector>

#include "base/encoding.hpp"
#include "base/secret.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr auto kMaxSkew = std::chrono::minutes(5);
/// More regions and keys than this are not what a sandbox is for; past it the cache of derived keys starts anew.
constexpr std::size_t kMaxSigners = 256;

struct Authorization {
    std::string_view key_id, date, region, service, signed_headers, signature;
};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<Authorization> parse_authorization(std::string_view header) {
    if (!header.starts_with(kAlgorithm)) return std::nullopt;
    Authorization parsed;
    for (auto part : split(header.substr(kAlgorithm.size()), ',')) {
        part = trimmed(part);
        auto equals = part.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        auto name = part.substr(0, equals);
        auto value = part.substr(equals + 1);
        if (name == "SignedHeaders") parsed.signed_headers = value;
        if (name == "Signature") parsed.signature = value;
        if (name == "Credential") {
            auto scope = split(value, '/');
            if (scope.size() != 5 || scope[4] != "aws4_request") return std::nullopt;
            parsed.key_id = scope[0];
            parsed.date = scope[1];
            parsed.region = scope[2];
            parsed.service = scope[3];
        }
    }
    if (parsed.key_id.empty() || parsed.signed_headers.empty() || parsed.signature.empty()) return std::nullopt;
    return parsed;
}

/// `20150830T123600Z`
std::optional<Timestamp> parse_amz_date(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    auto number = [&](std::size_t at, std::size_t digits) {
        int value = -1;
        auto [end, failure] = std::from_chars(text.data() + at, text.data() + at + digits, value);
        return failure == std::errc() && end == text.data() + at + digits ? value : -1;
    };
    using namespace std::chrono;
    auto day = year_month_day(year(number(0, 4)), month(static_cast<unsigned>(number(4, 2))),
                              std::chrono::day(static_cast<unsigned>(number(6, 2))));
    int hour = number(9, 2), minute = number(11, 2), second = number(13, 2);
    if (!day.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return std::nullopt;
    return Timestamp(sys_days(day)) + hours(hour) + minutes(minute) + seconds(second);
}

std::string amz_date(Timestamp time) {
    auto text = format_rfc3339(time);  // 2015-08-30T12:36:00.000Z
    std::string out;
    for (char c : text.substr(0, 19)) {
        if (c != '-' && c != ':') out += c;
    }
    return out + 'Z';
}

AuthFailure failure(AuthFailure::Kind kind, std::string message) {
    return {kind, std::move(message)};
}

std::optional<AuthFailure> clock_failure(std::string_view signed_at_text, Timestamp signed_at, Timestamp now) {
    using Kind = AuthFailure::Kind;
    if (signed_at < now - kMaxSkew)
        return failure(Kind::wrong_clock, fmt::format("Signature expired: {} is now earlier than {} ({} - 5 min.)",
                                                      signed_at_text, amz_date(now - kMaxSkew), amz_date(now)));
    if (signed_at > now + kMaxSkew)
        return failure(Kind::wrong_clock,
                       fmt::format("Signature not yet current: {} is still later than {} ({} + 5 min.)", signed_at_text,
                                   amz_date(now + kMaxSkew), amz_date(now)));
    return std::nullopt;
}

}  // namespace

std::string_view signing_service(std::string_view authorization) {
    auto parsed = parse_authorization(authorization);
    return parsed ? parsed->service : std::string_view();
}

auth::SigV4Signer& SignatureCheck::signer(std::size_t shard, std::string_view region, std::string_view service,
                                          std::string_view key) {
    std::lock_guard lock(mutex_);
    if (signers_.size() > kMaxSigners) {
        // Only this shard's: another may be using its own at this moment.
        std::erase_if(signers_, [&](const auto& entry) { return std::get<0>(entry.first) == shard; });
    }
    auto& slot = signers_[{shard, std::string(region), std::string(service), std::string(key)}];
    if (!slot) slot = std::make_unique<auth::SigV4Signer>(std::string(region), std::string(service));
    return *slot;
}

boost::system::result<Caller, AuthFailure> SignatureCheck::check(const http::Request& request, std::string_view service,
                                                                 Timestamp now) {
    using Kind = AuthFailure::Kind;
    auto header = request.headers.get("authorization");
    if (header.empty()) return failure(Kind::missing_token, "Request is missing Authentication Token");
    auto authorization = parse_authorization(header);
    auto date_text = request.headers.get("x-amz-date");
    auto signed_at = parse_amz_date(date_text);
    if (!authorization || !signed_at || date_text.substr(0, 8) != authorization->date)
        return failure(
            Kind::incomplete_signature,
            "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters, and a matching "
            "'X-Amz-Date' header");

    auto credentials = keys_.find(authorization->key_id);
    auto token = request.headers.get("x-amz-security-token");
    if (!credentials || !(credentials->session_token == Secret(std::string(token))))
        return failure(Kind::unknown_key, "The security token included in the request is invalid.");
    if (auto skewed = clock_failure(date_text, *signed_at, now)) return *skewed;
    if (credentials->expires && *credentials->expires <= now)
        return failure(Kind::expired_session, "The security token included in the request is expired");
    if (authorization->service != service)
        return failure(Kind::wrong_signature,
                       fmt::format("Credential should be scoped to correct service: '{}'. ", service));

    // The signer adds date and token by itself; everything else the caller signed is taken from what was received.
    auth::SigV4Signer::Request to_sign;
    to_sign.method = request.method;
    to_sign.path = request.path;
    to_sign.query = request.query;
    bool token_is_signed = false;
    bool host_is_signed = false;
    for (auto name : split(authorization->signed_headers, ';')) {
        if (name == "x-amz-date") continue;
        if (name == "x-amz-security-token") {
            token_is_signed = true;
            continue;
        }
        host_is_signed |= name == "host";
        for (const auto& [field, value] : request.headers.all()) {
            bool same =
                field.size() == name.size() && std::equal(field.begin(), field.end(), name.begin(), [](char a, char b) {
                    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
                });
            if (same) to_sign.headers.emplace_back(name, value);
        }
    }
    if (!host_is_signed)
        return failure(Kind::wrong_signature, "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    auto payload_hash = hex_lower(as_view(sha256(request.body)));
    to_sign.payload_sha256_hex = payload_hash;
    // What a client that signs its token late (after signing) sends: the token is checked above, but not part of what
    // was signed.
    if (!token_is_signed) credentials->session_token = Secret();

    auto& own = signer(request.shard, authorization->region, service, authorization->key_id);
    auto expected = own.sign(to_sign, *credentials, *signed_at);
    std::string_view signature(expected.authorization);
    signature.remove_prefix(
        std::min(signature.size(), signature.rfind("Signature=") + std::string_view("Signature=").size()));
    if (!constant_time_equal(signature, authorization->signature))
        return failure(
            Kind::wrong_signature,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.");
    return Caller{std::string(authorization->key_id), std::string(authorization->region)};
}

}  // namespace sluice::sandbox
