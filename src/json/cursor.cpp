#include "json/cursor.hpp"

#include <cstddef>

#include "json/find.hpp"
#include "json/skip.hpp"

namespace sluice::json {

namespace {

std::string_view view(const char* from, const char* to) noexcept {
    return {from, static_cast<std::size_t>(to - from)};
}

/// Where the first member or element starts; the end when the text is not such a container.
const char* first_inside(std::string_view text, char opening) noexcept {
    return !text.empty() && text.front() == opening ? text.data() + 1 : text.data() + text.size();
}

}  // namespace

bool stands_for(std::string_view quoted_name, std::string_view unescaped) {
    if (quoted_name.size() < 2) return false;
    std::string_view inside = quoted_name.substr(1, quoted_name.size() - 2);
    if (inside == unescaped) return inside.find('\\') == std::string_view::npos;
    // An escape is never shorter than what it stands for.
    return inside.size() > unescaped.size() && inside.find('\\') != std::string_view::npos &&
           unescape(quoted_name) == unescaped;
}

MemberCursor::MemberCursor(std::string_view object) noexcept
    : at_(first_inside(object, '{')), end_(object.data() + object.size()) {}

bool MemberCursor::next() noexcept {
    if (at_ < end_ && *at_ == ',') ++at_;
    if (at_ >= end_ || *at_ != '"') return false;
    const char* name_end = internal::skip_string(at_, end_);
    name_ = view(at_, name_end);
    const char* value = name_end < end_ ? name_end + 1 : end_;
    at_ = internal::skip_value(value, end_);
    value_ = view(value, at_);
    return true;
}

ElementCursor::ElementCursor(std::string_view array) noexcept
    : at_(first_inside(array, '[')), end_(array.data() + array.size()) {}

bool ElementCursor::next() noexcept {
    if (at_ < end_ && *at_ == ',') ++at_;
    if (at_ >= end_ || *at_ == ']') return false;
    const char* value = at_;
    at_ = internal::skip_value(value, end_);
    value_ = view(value, at_);
    return at_ != value;  // no text that was validated has an empty value; any other must end as well
}

}  // namespace sluice::json
