#pragma once

#include <string_view>

namespace sluice::json {

/// Whether a raw name, with its quotes and escapes, is `unescaped`: `"\u0061"` is `a`.
bool stands_for(std::string_view quoted_name, std::string_view unescaped);

/// Walks the members of an object without building anything: views into the text. The text was validated and minified
/// before; nothing is checked again, and nothing is read outside it either way.
///
///   for (MemberCursor member(object); member.next();) use(member.name(), member.value());
class MemberCursor {
  public:
    /// A text that is no object has no members.
    explicit MemberCursor(std::string_view object) noexcept;

    /// On to the next member; false when there is none.
    bool next() noexcept;

    /// The raw name, with its quotes and escapes.
    std::string_view name() const noexcept { return name_; }
    std::string_view value() const noexcept { return value_; }
    bool name_is(std::string_view unescaped) const { return stands_for(name_, unescaped); }

  private:
    const char* at_;
    const char* end_;
    std::string_view name_;
    std::string_view value_;
};

/// The same for the elements of an array.
class ElementCursor {
  public:
    explicit ElementCursor(std::string_view array) noexcept;

    bool next() noexcept;
    std::string_view value() const noexcept { return value_; }

  private:
    const char* at_;
    const char* end_;
    std::string_view value_;
};

}  // namespace sluice::json
