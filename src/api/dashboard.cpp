#include "api/dashboard.hpp"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <string>

#include "http/access.hpp"

namespace sluice::api {
namespace {

constexpr std::string_view kMethods = "GET, HEAD, OPTIONS";

std::string_view trimmed(std::string_view text) noexcept {
    auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The next element of a comma-separated list, cut off `list`.
std::string_view next_element(std::string_view& list) noexcept {
    auto comma = list.find(',');
    auto element = trimmed(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    return element;
}

/// `;q=0`, `;q=0.0`…: not acceptable. Other weights do not matter: the smallest answer is the best one here.
bool is_refused(std::string_view parameters) noexcept {
    auto q = trimmed(parameters);
    if (q.size() < 3 || (q[0] != 'q' && q[0] != 'Q') || q[1] != '=') return false;
    return q.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

bool matches(std::string_view if_none_match, std::string_view tag) noexcept {
    while (!if_none_match.empty()) {
        auto one = next_element(if_none_match);
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == "*" || one == tag) return true;
    }
    return false;
}

void add_security_headers(http::Response& response) {
    // No inline script or style, and nothing from or to another host: what a customer's text may hold cannot run.
    response.headers.set("Content-Security-Policy",
                         "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
                         "form-action 'none'; frame-ancestors 'none'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
    response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
    response.headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
}

}  // namespace

ContentCoding accepted_coding(std::string_view accept_encoding) noexcept {
    bool brotli = false, gzip = false;
    while (!accept_encoding.empty()) {
        auto element = next_element(accept_encoding);
        auto semicolon = element.find(';');
        auto name = trimmed(element.substr(0, semicolon));
        if (semicolon != std::string_view::npos && is_refused(element.substr(semicolon + 1))) continue;
        // `*` admits whatever is not named: gzip is what every client that sends it can read.
        if (boost::algorithm::iequals(name, "br"))
            brotli = true;
        else if (boost::algorithm::iequals(name, "gzip") || name == "*")
            gzip = true;
    }
    return brotli ? ContentCoding::brotli : gzip ? ContentCoding::gzip : ContentCoding::identity;
}

bool Dashboard::is_path(std::string_view path) noexcept {
    return path == "/" || path == "/favicon.svg" || path.starts_with("/assets/");
}

std::optional<http::Response> Dashboard::check_head(const http::Request& request) const {
    if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") return std::nullopt;
    return http::method_not_allowed(request.method, kMethods);
}

http::Response Dashboard::handle(const http::Request& request) const {
    if (auto refused = check_head(request)) return std::move(*refused);
    http::Response response;
    if (request.method == "OPTIONS") {
        response.status = 204;
        response.headers.set("Allow", std::string(kMethods));
        return response;
    }
    auto file = std::find_if(files_.begin(), files_.end(),
                             [&](const DashboardFile& each) { return each.path == request.path; });
    if (file == files_.end()) {
        if (files_.empty())
            return http::plain_problem(404, "no_dashboard", "this build of Sluice has no dashboard; /v1/… is there");
        return http::unknown_path();
    }
    add_security_headers(response);
    // A page left open over an update must not mix old and new: the entry is asked for again each time.
    response.headers.set("Cache-Control", file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    response.headers.set("Vary", "Accept-Encoding");

    auto coding = accepted_coding(request.headers.get("Accept-Encoding"));
    auto body = file->identity;
    std::string tag = "\"" + std::string(file->entity_tag);
    if (coding == ContentCoding::brotli && !file->brotli.empty()) {
        body = file->brotli;
        response.headers.set("Content-Encoding", "br");
        tag += "-br";
    } else if (coding != ContentCoding::identity && !file->gzip.empty()) {
        body = file->gzip;
        response.headers.set("Content-Encoding", "gzip");
        tag += "-gz";
    }
    tag += '"';
    response.headers.set("ETag", tag);
    if (matches(request.headers.get("If-None-Match"), tag)) {
        response.status = 304;
        return response;
    }
    response.headers.set("Content-Type", std::string(file->content_type));
    response.body = std::string(body);
    return response;
}

}  // namespace sluice::api
