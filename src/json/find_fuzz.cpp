// Walking valid text with cursors gives back every byte of it; walking any other bytes stays within them.
#include <cstdint>
#include <cstdlib>
#include <map>
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

void walk_anything(std::string_view text) {
    for (MemberCursor member(text); member.next();) {
        unescape(member.name());
        unescape(member.value());
    }
    for (ElementCursor element(text); element.next();) unescape(element.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    walk_anything(text);
    std::string minified;
    if (minify_to(minified, text, {})) return 0;
    require(rebuilt(minified) == minified);
    check_members(minified);
    return 0;
}
