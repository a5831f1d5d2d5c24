#include "net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace sluice {

namespace {

constexpr std::string_view kHint = "write it as https://host or http://host:port";

Error bad_endpoint(std::string what) {
    // The text itself is left out: it may hold a password.
    return make_error(Errc::invalid_argument, std::move(what), std::string(kHint));
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return result;
}

bool is_host_name(std::string_view host) {
    constexpr std::size_t kMaxName = 253;  // RFC 1035
    if (host.empty() || host.size() > kMaxName || host.front() == '.') return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

std::uint16_t scheme_port(bool tls) {
    return tls ? 443 : 80;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
    auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed) {
        auto separator = text.find("://");
        if (separator == std::string_view::npos) return bad_endpoint("an endpoint begins with https:// or http://");
        return bad_endpoint("the endpoint is not a URL: " + parsed.error().message());
    }
    const boost::urls::url_view& url = *parsed;
    Endpoint endpoint;
    auto scheme = lower({url.scheme().data(), url.scheme().size()});
    if (scheme != "https" && scheme != "http") {
        return bad_endpoint(fmt::format("an endpoint begins with https:// or http://, not {}:", scheme));
    }
    if (!url.has_authority()) return bad_endpoint("an endpoint begins with https:// or http://: the // is missing");
    endpoint.tls = scheme == "https";
    if (url.has_userinfo()) return bad_endpoint("an endpoint has no user or password: remove what is before the @");
    if (url.has_query()) return bad_endpoint("an endpoint has no query: remove the ? and what follows");
    if (url.has_fragment()) return bad_endpoint("an endpoint has no fragment: remove the # and what follows");
    auto path = url.encoded_path();
    // Boost.URL reads `host:x` as an empty port and the path `x`.
    if (!path.empty() && path.front() != '/') return bad_endpoint("the endpoint's port is not a number");
    if (!path.empty() && path != "/") {
        return bad_endpoint("an endpoint has no path: remove what follows the host and port");
    }
    if (url.host_type() == boost::urls::host_type::ipv6) {
        auto address = url.host_address();
        endpoint.host = lower(address);
    } else {
        endpoint.host = lower(url.host());
        if (endpoint.host.empty()) return bad_endpoint("the endpoint has no host");
        if (!is_host_name(endpoint.host)) return bad_endpoint("the endpoint's host is not a name or an address");
    }
    endpoint.port = scheme_port(endpoint.tls);
    if (url.has_port() && !url.port().empty()) {
        // Not port_number(): Boost.URL takes some numbers that are too big modulo 65536.
        const std::string_view digits(url.port().data(), url.port().size());
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
        if (error != std::errc() || end != digits.data() + digits.size() || endpoint.port == 0)
            return bad_endpoint(fmt::format("{} is not a port: it is between 1 and 65535", digits));
    }
    return endpoint;
}

std::string Endpoint::host_header() const {
    bool bracketed = host.find(':') != std::string::npos;
    auto result = bracketed ? "[" + host + "]" : host;
    if (port != scheme_port(tls)) result += ":" + std::to_string(port);
    return result;
}

std::string Endpoint::to_url() const {
    return (tls ? "https://" : "http://") + host_header();
}

}  // namespace sluice
