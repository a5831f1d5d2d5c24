#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace sluice::auth {

/// A member that is text; empty for any other, and where there is none.
inline std::string text_member(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

}  // namespace sluice::auth
