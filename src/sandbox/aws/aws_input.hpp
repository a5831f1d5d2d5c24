#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/aws/aws_error.hpp"

namespace sluice::sandbox {

/// A JSON body as an object. SerializationException when it is none; an empty body is an empty object.
AwsResult<boost::json::object> parse_input(std::string_view body);
/// Members of an input, absent when missing, null or of another type.
std::optional<std::string> text_member(const boost::json::object& input, std::string_view name);
std::optional<std::int64_t> integer_member(const boost::json::object& input, std::string_view name);
const boost::json::object* object_member(const boost::json::object& input, std::string_view name);

}  // namespace sluice::sandbox
