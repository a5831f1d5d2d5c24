#pragma once

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/access.hpp"
#include "http/message.hpp"

namespace sluice::api {

inline std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

http::Response json_response(int status, const boost::json::value& value);
/// The entity tag of a revision (RFC 9110 §8.8.3).
std::string entity_tag(std::string_view revision);
/// With the revision as its ETag, for If-Match.
http::Response revision_response(int status, const boost::json::value& value, std::string_view revision);
/// Whether a condition (RFC 9110, If-Match and If-None-Match: a list of entity tags, or `*`) names the tag. Weak tags
/// count: what is sent differs by its coding only.
bool names_entity_tag(std::string_view condition, std::string_view tag);
/// Whether a PATCH's Content-Type is one that a merge patch (RFC 7396) comes in; 415 for another.
bool is_merge_patch(const http::Request& request);
http::Response not_a_merge_patch();
/// The problem document of an error of ours; with Retry-After where trying again may help. `not_found`: the code for
/// what is not there.
http::Response problem_of(const Error& error, std::string_view not_found = "unknown_integration");
/// The `code` of a problem document; empty for any other answer.
std::string problem_code(const http::Response& response);
/// The request's body as a JSON object; 413 above 1 MiB, 400 with line and offset for what is not JSON. An empty body
/// is an empty object.
http::OrAnswer<boost::json::object> object_body(const http::Request& request);

}  // namespace sluice::api
