// Walking valid text with cursors gives back every byte of it, and removing members what a slower way gives; walking
// any other bytes stays within them.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "json/cpu.hpp"
#include "json/cursor.hpp"
#include "json/find.hpp"
#include "json/skip.hpp"
#include "json/validate.hpp"

namespace {

using namespace sluice::json;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_skips(std::string_view container) {
    const char* end = container.data() + container.size();
    require(internal::skip_container_scalar(container.data(), end) == end);
    if (internal::has_avx2()) require(internal::skip_container_avx2(container.data(), end) == end);
}

/// The text put together again from what the cursors say.
std::string rebuilt(std::string_view value) {
    std::string out;
    if (value.starts_with('{') || value.starts_with('[')) check_skips(value);
    if (value.starts_with('{')) {
        for (MemberCursor member(value); member.next();) {
            out += out.empty() ? "{" : ",";
            out.append(member.name()).append(":").append(rebuilt(member.value()));
        }
        return out.empty() ? "{}" : out + "}";
    }
    if (value.starts_with('[')) {
        for (ElementCursor element(value); element.next();) {
            out += out.empty() ? "[" : ",";
            out.append(rebuilt(element.value()));
        }
        return out.empty() ? "[]" : out + "]";
    }
    if (!value.starts_with('"')) return std::string(value);
    std::string plain = unescape(value);
    require(unescape(quoted(plain)) == plain && is_valid_utf8(plain));
    return std::string(value);
}

void check_members(std::string_view object) {
    std::map<std::string, std::string_view> last;
    for (MemberCursor member(object); member.next();) {
        std::string name = unescape(member.name());
        require(member.name_is(name));
        last[name] = member.value();
    }
    std::vector<std::vector<std::string>> all;
    for (const auto& [name, value] : last) {
        auto found = find_member(object, name);
        require(found && found->data() == value.data() && found->size() == value.size());
        std::string without = remove_paths(object, std::vector<std::vector<std::string>>{{name}});
        require(!find_member(without, name) && !validate(without, {}));
        all.push_back({name});
    }
    require(remove_paths(object, all) == "{}" || !object.starts_with('{'));
}

using Path = std::vector<std::string>;

/// What remove_paths() should make of it, put together value by value.
std::string without(std::string_view value, std::span<const std::string> path) {
    std::string out;
    if (value.starts_with('{')) {
        for (MemberCursor member(value); member.next();) {
            bool leads_on = member.name_is(path.front());
            if (leads_on && path.size() == 1) continue;
            out += out.empty() ? "{" : ",";
            out.append(member.name()).append(":");
            out += leads_on ? without(member.value(), path.subspan(1)) : std::string(member.value());
        }
        return out.empty() ? "{}" : out + "}";
    }
    if (value.starts_with('[')) {
        for (ElementCursor element(value); element.next();) {
            out += out.empty() ? "[" : ",";
            out += without(element.value(), path);
        }
        return out.empty() ? "[]" : out + "]";
    }
    return std::string(value);
}

/// Paths that lead somewhere: through arrays as much as through objects.
void collect_paths(std::string_view value, Path& so_far, std::vector<Path>& paths) {
    constexpr std::size_t kMostPaths = 16;
    if (paths.size() >= kMostPaths) return;
    for (MemberCursor member(value); member.next() && paths.size() < kMostPaths;) {
        so_far.push_back(unescape(member.name()));
        paths.push_back(so_far);
        collect_paths(member.value(), so_far, paths);
        so_far.pop_back();
    }
    for (ElementCursor element(value); element.next();) collect_paths(element.value(), so_far, paths);
}

void check_removal(std::string_view text) {
    std::vector<Path> paths;
    Path so_far;
    collect_paths(text, so_far, paths);
    std::string all_one_by_one(text);
    for (const Path& path : paths) {
        std::string removed = remove_paths(text, std::vector<Path>{path});
        require(removed == without(text, path) && removed.size() < text.size());
        require(!validate(removed, {}));
        all_one_by_one = without(all_one_by_one, path);
    }
    std::string at_once = "kept";
    remove_paths_to(at_once, text, paths);
    require(at_once == "kept" + all_one_by_one);
}

void walk_anything(std::string_view text) {
    for (MemberCursor member(text); member.next();) {
        unescape(member.name());
        unescape(member.value());
    }
    for (ElementCursor element(text); element.next();) unescape(element.value());
    // It goes as deep as the text is nested, which only validation bounds.
    if (text.size() <= 1024) require(remove_paths(text, std::vector<Path>{{"a"}, {"", "a"}}).size() <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    walk_anything(text);
    std::string minified;
    if (minify_to(minified, text, {})) return 0;
    require(rebuilt(minified) == minified);
    check_members(minified);
    check_removal(minified);
    return 0;
}
