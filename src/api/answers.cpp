#include "api/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <cstddef>
#include <iterator>

#include "http/json_text.hpp"

#include "http/ascii.hpp"

namespace sluice::api {
namespace {

constexpr std::size_t kMaxBodyBytes = 1 << 20;

/// Numbers as people write them: boost::json gives 0.0 as `0E0`, which is valid and which nobody likes to read.
void append_json(std::string& out, const boost::json::value& value) {
    if (const auto* object = value.if_object()) {
        out += '{';
        for (const auto& member : *object) {
            if (out.back() != '{') out += ',';
            http::append_json_string(out, member.key());
            out += ':';
            append_json(out, member.value());
        }
        out += '}';
    } else if (const auto* array = value.if_array()) {
        out += '[';
        for (const auto& element : *array) {
            if (&element != array->data()) out += ',';
            append_json(out, element);
        }
        out += ']';
    } else if (const auto* text = value.if_string()) {
        http::append_json_string(out, *text);
    } else if (const auto* number = value.if_double()) {
        fmt::format_to(std::back_inserter(out), "{}", *number);  // the shortest that is read back as the same
    } else {
        out += boost::json::serialize(value);
    }
}

}  // namespace

http::Response json_response(int status, const boost::json::value& value) {
    std::string text;
    append_json(text, value);
    return http::Response::json(status, std::move(text));
}

std::string entity_tag(std::string_view revision) {
    return '"' + std::string(revision) + '"';
}

http::Response revision_response(int status, const boost::json::value& value, std::string_view revision) {
    auto response = json_response(status, value);
    response.headers.set("ETag", entity_tag(revision));
    return response;
}

bool names_entity_tag(std::string_view condition, std::string_view tag) {
    bool named = false;
    http::for_each_element(condition, [&](std::string_view one) {
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one == "*" || one == tag) named = true;
    });
    return named;
}

bool is_merge_patch(const http::Request& request) {
    auto type = request.headers.get("Content-Type");
    type = type.substr(0, type.find_first_of("; "));
    return type.empty() || type == "application/merge-patch+json" || type == "application/json";
}

http::Response not_a_merge_patch() {
    return http::plain_problem(415, "unsupported_media_type",
                               "a PATCH is a merge patch (RFC 7396): application/merge-patch+json");
}

http::Response problem_of(const Error& error, std::string_view not_found) {
    int status = 422;
    std::string_view code = "not_acceptable";
    switch (error.code) {
        case Errc::not_found:
            status = 404, code = not_found;
            break;
        case Errc::conflict:
            status = 409, code = "conflict";
            break;
        case Errc::forbidden:
            status = 403, code = "not_for_tenants";
            break;
        case Errc::unauthenticated:  // of credentials that were tried at a provider
            code = "refused_by_provider";
            break;
        case Errc::too_large:
            status = 413, code = "too_large";
            break;
        case Errc::exhausted:
        case Errc::unavailable:
        case Errc::timeout:
        case Errc::cancelled:
            status = 503, code = "unavailable";
            break;
        case Errc::io:
        case Errc::corrupt:
            status = 500, code = "storage";
            break;
        default:
            break;
    }
    auto detail = error.hint.empty() ? error.message : error.message + ": " + error.hint;
    auto response = http::plain_problem(status, code, detail);
    if (status == 503) response.headers.set("Retry-After", "1");
    return response;
}

std::string problem_code(const http::Response& response) {
    if (response.status < 400) return {};
    boost::json::error_code bad;
    auto problem = boost::json::parse(response.body, bad);
    const auto* object = bad ? nullptr : problem.if_object();
    const auto* code = object == nullptr ? nullptr : object->if_contains("code");
    return code != nullptr && code->is_string() ? std::string(code->get_string()) : std::string();
}

http::OrAnswer<boost::json::object> object_body(const http::Request& request) {
    if (request.body.size() > kMaxBodyBytes)
        return http::plain_problem(413, "too_large", "the body of a management call is at most 1 MiB");
    if (request.body.empty()) return boost::json::object();
    boost::json::error_code bad;
    boost::json::stream_parser parser;
    auto read = parser.write_some(request.body.data(), request.body.size(), bad);
    if (!bad && read < request.body.size()) bad = boost::json::error::extra_data;
    if (!bad) parser.finish(bad);
    if (bad) {
        auto line =
            1 + std::count(request.body.begin(), request.body.begin() + static_cast<std::ptrdiff_t>(read), '\n');
        return http::problem(400, "malformed_json", http::reason_phrase(400),
                             "the body is not valid JSON: " + bad.message(),
                             {{"line", std::to_string(line)}, {"offset", std::to_string(read)}});
    }
    boost::json::value value = parser.release();
    if (!value.is_object()) return http::plain_problem(400, "malformed_json", "the body must be a JSON object");
    return std::move(value.get_object());
}

}  // namespace sluice::api
