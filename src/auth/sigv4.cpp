#include "auth/sigv4.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::auth {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

char lower_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Trimmed, with inner runs of spaces collapsed to one.
void append_header_value(std::string& out, std::string_view value) {
    auto start = out.size();
    for (char c : value) {
        bool is_space = c == ' ' || c == '\t';
        if (is_space && (out.size() == start || out.back() == ' ')) continue;
        out += is_space ? ' ' : c;
    }
    if (out.size() > start && out.back() == ' ') out.pop_back();
}

/// `.`, `..` and empty segments are resolved, then each segment is encoded once more than it was sent (all services but
/// S3).
std::string canonical_path(std::string_view path) {
    if (path.empty() || path == "/") return "/";
    std::vector<std::string_view> segments;
    for (std::size_t at = 0; at <= path.size();) {
        auto slash = std::min(path.find('/', at), path.size());
        auto segment = path.substr(at, slash - at);
        if (segment == "..") {
            if (!segments.empty()) segments.pop_back();
        } else if (!segment.empty() && segment != ".") {
            segments.push_back(segment);
        }
        at = slash + 1;
    }
    std::string canonical;
    for (auto segment : segments) canonical += "/" + percent_encode(segment);
    if (canonical.empty() || path.back() == '/') canonical += '/';
    return canonical;
}

/// What is percent-encoded already stays as it is, up to the case of the digits.
std::string encoded_once(std::string_view text) {
    auto decoded = percent_decode(text);
    return percent_encode(decoded ? std::string_view(*decoded) : text);
}

std::string canonical_query(std::string_view query) {
    if (query.empty()) return {};
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t at = 0; at <= query.size();) {
        auto end = std::min(query.find('&', at), query.size());
        auto pair = query.substr(at, end - at);
        at = end + 1;
        if (pair.empty()) continue;
        auto equals = std::min(pair.find('='), pair.size());
        auto value = equals == pair.size() ? std::string_view() : pair.substr(equals + 1);
        pairs.emplace_back(encoded_once(pair.substr(0, equals)), encoded_once(value));
    }
    std::sort(pairs.begin(), pairs.end());
    std::string canonical;
    for (const auto& [name, value] : pairs) {
        if (!canonical.empty()) canonical += '&';
        canonical += name + "=" + value;
    }
    return canonical;
}

}  // namespace

std::string sigv4_date(Timestamp time) {
    auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::string sigv4_canonical_request(const SigV4Signer::Request& request, std::string_view amz_date,
                                    std::string_view security_token, std::string& signed_headers) {
    std::vector<std::pair<std::string, std::string_view>> headers;
    headers.reserve(request.headers.size() + 2);
    auto add = [&headers](std::string_view name, std::string_view value) {
        std::string lowered(name);
        std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower_letter);
        headers.emplace_back(std::move(lowered), value);
    };
    for (const auto& [name, value] : request.headers) add(name, value);
    add("x-amz-date", amz_date);
    if (!security_token.empty()) add("x-amz-security-token", security_token);
    // Values of one name keep their order.
    std::stable_sort(headers.begin(), headers.end(), [](const auto& a, const auto& b) { return a.first < b.first; });

    std::string canonical;
    canonical.reserve(512 + security_token.size());
    canonical += request.method;
    canonical += '\n';
    canonical += canonical_path(request.path);
    canonical += '\n';
    canonical += canonical_query(request.query);
    canonical += '\n';
    signed_headers.clear();
    for (std::size_t i = 0; i < headers.size();) {
        const auto& name = headers[i].first;
        if (!signed_headers.empty()) signed_headers += ';';
        signed_headers += name;
        canonical += name;
        for (char separator = ':'; i < headers.size() && headers[i].first == name; ++i, separator = ',') {
            canonical += separator;
            append_header_value(canonical, headers[i].second);
        }
        canonical += '\n';
    }
    canonical += '\n';
    canonical += signed_headers;
    canonical += '\n';
    canonical += request.payload_sha256_hex;
    return canonical;
}

std::string sigv4_string_to_sign(std::string_view canonical_request, std::string_view amz_date,
                                 std::string_view scope) {
    return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date, scope, hex_lower(as_view(sha256(canonical_request))));
}

SigV4Signer::SigV4Signer(std::string region, std::string service)
    : region_(std::move(region)), service_(std::move(service)) {}

const Digest256& SigV4Signer::key_of(const AwsCredentials& credentials, std::string_view day) {
    if (key_day_ == day && key_secret_ == credentials.secret_access_key) return key_;
    Secret first("AWS4" + credentials.secret_access_key.reveal());
    auto of_day = hmac_sha256(first.reveal(), day);
    auto of_region = hmac_sha256(as_view(of_day), region_);
    auto of_service = hmac_sha256(as_view(of_region), service_);
    key_ = hmac_sha256(as_view(of_service), "aws4_request");
    key_day_ = day;
    key_secret_ = credentials.secret_access_key;
    return key_;
}

SigV4Signer::Signed SigV4Signer::sign(const Request& request, const AwsCredentials& credentials, Timestamp now) {
    Signed out;
    out.amz_date = sigv4_date(now);
    out.security_token = credentials.session_token.reveal();
    auto day = std::string_view(out.amz_date).substr(0, 8);
    auto scope = fmt::format("{}/{}/{}/aws4_request", day, region_, service_);

    std::string signed_headers;
    auto canonical = sigv4_canonical_request(request, out.amz_date, out.security_token, signed_headers);
    auto to_sign = sigv4_string_to_sign(canonical, out.amz_date, scope);
    auto signature = hmac_sha256(as_view(key_of(credentials, day)), to_sign);
    out.authorization = fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                    credentials.access_key_id, scope, signed_headers, hex_lower(as_view(signature)));
    return out;
}

}  // namespace sluice::auth
