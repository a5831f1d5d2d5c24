#include "http/message.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "http/ascii.hpp"
#include "http/json_text.hpp"

namespace sluice::http {

void Headers::set(std::string_view name, std::string value) {
    std::erase_if(fields_, [name](const Header& field) { return equal_ignoring_case(field.first, name); });
    fields_.emplace_back(std::string(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const noexcept {
    for (const auto& [field, value] : fields_) {
        if (equal_ignoring_case(field, name)) return value;
    }
    return {};
}

bool Headers::has(std::string_view name) const noexcept {
    for (const auto& field : fields_) {
        if (equal_ignoring_case(field.first, name)) return true;
    }
    return false;
}

std::optional<std::vector<std::string>> Request::path_segments() const {
    std::vector<std::string> segments;
    std::string_view rest = path;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    if (rest.empty()) return segments;
    while (true) {
        auto slash = rest.find('/');
        auto decoded = percent_decode(rest.substr(0, slash));
        // Decoded, these would mean something else to whoever joins the segments again.
        if (!decoded || decoded->find('/') != std::string::npos || decoded->find('\0') != std::string::npos) {
            return std::nullopt;
        }
        segments.push_back(std::move(*decoded));
        if (slash == std::string_view::npos) return segments;
        rest.remove_prefix(slash + 1);
    }
}

std::vector<std::pair<std::string, std::string>> Request::query_parameters() const {
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string_view rest = query;
    while (!rest.empty()) {
        auto end = rest.find('&');
        auto pair = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (pair.empty()) continue;
        auto equals = pair.find('=');
        auto name = pair.substr(0, equals);
        auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        // As browsers do: what is not a valid escape stands for itself.
        auto decode = [](std::string_view text) {
            return percent_decode(text, /*plus_is_space=*/true).value_or(std::string(text));
        };
        parameters.emplace_back(decode(name), decode(value));
    }
    return parameters;
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
    for (auto& [found, value] : query_parameters()) {
        if (found == name) return std::move(value);
    }
    return std::nullopt;
}

Response Response::json(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

Response Response::text(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(body);
    return response;
}

Response problem(int status, std::string_view code, std::string_view title, std::string_view detail,
                 const std::vector<std::pair<std::string, std::string>>& extra_json) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/problem+json");
    auto& body = response.body;
    body = fmt::format(R"({{"type":"about:blank","title":)");
    append_json_string(body, title);
    body += fmt::format(R"(,"status":{},"code":)", status);
    append_json_string(body, code);
    if (!detail.empty()) {
        body += R"(,"detail":)";
        append_json_string(body, detail);
    }
    for (const auto& [name, json] : extra_json) {
        body += ',';
        append_json_string(body, name);
        body += ':';
        body += json;
    }
    body += '}';
    return response;
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 207:
            return "Multi-Status";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 407:
            return "Proxy Authentication Required";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 425:
            return "Too Early";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return status < 400 ? "Status" : "Error";
    }
}

}  // namespace sluice::http
