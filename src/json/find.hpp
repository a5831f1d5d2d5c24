#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::json {

/// All functions here take text that was validated before (json/validate.hpp) and minified; they do not check it again.
/// To walk members without a callback see json/cursor.hpp.

/// The raw bytes of the value at `path` (member names, unescaped); of duplicate names the last counts. nullopt when
/// absent or when something on the way is not an object.
std::optional<std::string_view> find_path(std::string_view object, std::span<const std::string> path);
std::optional<std::string_view> find_member(std::string_view object, std::string_view name);

/// Calls `visit(raw name with quotes, raw value)` for each member in order; return false to stop.
void for_each_member(std::string_view object, const std::function<bool(std::string_view, std::string_view)>& visit);
void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit);

/// The value of a raw JSON string with its quotes, escapes decoded to UTF-8.
std::string unescape(std::string_view quoted);
void append_unescaped(std::string& out, std::string_view quoted);
/// Appends `text` (UTF-8) as a JSON string with quotes; escapes `"`, `\` and control characters only.
void append_quoted(std::string& out, std::string_view utf8);
std::string quoted(std::string_view utf8);

/// Text for a template: a string's value, a number or boolean as it stands; nullopt for null, arrays and objects.
std::optional<std::string> scalar_text(std::string_view raw_value);
/// Appends instead; false, with `out` as it was, where scalar_text has none.
bool append_scalar_text(std::string& out, std::string_view raw_value);

/// The value without the members at `paths`, everything else byte for byte. Each path is a list of names; of duplicate
/// names all go, and on its way a path goes through arrays, also nested ones, to each of their elements.
std::string remove_paths(std::string_view value, std::span<const std::vector<std::string>> paths);

/// The same, appended to `out`.
void remove_paths_to(std::string& out, std::string_view value, std::span<const std::vector<std::string>> paths);

bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace sluice::json
