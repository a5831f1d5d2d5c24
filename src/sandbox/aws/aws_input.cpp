#include "sandbox/aws/aws_input.hpp"

#include <boost/json/parse.hpp>

namespace sluice::sandbox {
namespace {

boost::json::string_view key(std::string_view name) {
    return {name.data(), name.size()};
}

}  // namespace

AwsResult<boost::json::object> parse_input(std::string_view body) {
    if (body.empty()) return boost::json::object();
    boost::system::error_code failure;
    auto document = boost::json::parse(key(body), failure);
    if (failure || !document.is_object())
        return AwsError{400, "SerializationException", "the body is not a JSON object", {}};
    return std::move(document.get_object());
}

std::optional<std::string> text_member(const boost::json::object& input, std::string_view name) {
    const auto* value = input.if_contains(key(name));
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return std::string(value->get_string());
}

std::optional<std::int64_t> integer_member(const boost::json::object& input, std::string_view name) {
    const auto* value = input.if_contains(key(name));
    if (value == nullptr || !value->is_int64()) return std::nullopt;
    return value->get_int64();
}

const boost::json::object* object_member(const boost::json::object& input, std::string_view name) {
    const auto* value = input.if_contains(key(name));
    return value == nullptr ? nullptr : value->if_object();
}

}  // namespace sluice::sandbox
