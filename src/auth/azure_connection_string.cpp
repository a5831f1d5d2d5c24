#include "auth/azure_connection_string.hpp"

#include <fmt/format.h>

#include "base/pasted_text.hpp"
#include "http/ascii.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kMostStringBytes = 8 << 10;
constexpr std::size_t kMostMembers = 32;
constexpr std::string_view kShape = "paste the whole connection string as the portal shows it: Name=value;Name=value;…";

/// Without what comes along when text is copied.
std::string pasted(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    text = trimmed(text);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back()) {
        text = trimmed(text.substr(1, text.size() - 2));
    }
    std::string kept;
    kept.reserve(text.size());
    for (char c : text) {
        if (c != '\r' && c != '\n') kept += c;
    }
    return kept;
}

Error wrong(std::string message) {
    return make_error(Errc::invalid_argument, std::move(message), std::string(kShape));
}

}  // namespace

bool names_azure_member(std::string_view text, std::string_view name) noexcept {
    bool at_start = true;
    for (std::size_t i = 0; i + name.size() < text.size(); ++i) {
        if (at_start && text[i + name.size()] == '=' && http::equal_ignoring_case(text.substr(i, name.size()), name))
            return true;
        constexpr std::string_view kBefore = "; \t\r\n\"'\xbf";
        at_start = kBefore.find(text[i]) != std::string_view::npos;
    }
    return false;
}

Result<AzureConnectionString> AzureConnectionString::parse(std::string_view text) {
    if (text.size() > kMostStringBytes) return wrong("is longer than a connection string can be (8 KiB)");
    const std::string all = pasted(text);
    if (all.empty()) return wrong("is empty");

    AzureConnectionString made;
    std::string_view rest = all;
    for (std::size_t place = 1; !rest.empty(); ++place) {
        std::size_t end = rest.find(';');
        std::string_view part = trimmed(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (part.empty()) continue;
        std::size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return wrong(fmt::format("has no Name=value in its part {}", place));
        }
        std::string_view name = trimmed(part.substr(0, equals));
        std::string_view value = trimmed(part.substr(equals + 1));
        // What stands before the first `=` is shown only where it looks like a name: it may be half of a key.
        bool is_name = name.size() <= 32;
        for (char c : name) is_name = is_name && ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
        is_name = is_name || http::equal_ignoring_case(name, "x509");  // the one name that has digits
        if (!is_name) return wrong(fmt::format("has no Name=value in its part {}", place));
        if (value.empty()) return wrong(fmt::format("has no value for {}", name));
        if (made.has(name)) return wrong(fmt::format("gives {} twice", name));
        if (made.members_.size() == kMostMembers) return wrong("has more than 32 members");
        made.members_.emplace_back(std::string(name), Secret(std::string(value)));
    }
    return made;
}

const Secret* AzureConnectionString::find(std::string_view name) const noexcept {
    for (const auto& [known, value] : members_) {
        if (http::equal_ignoring_case(known, name)) return &value;
    }
    return nullptr;
}

std::string AzureConnectionString::text(std::string_view name) const {
    const Secret* value = find(name);
    return value ? value->reveal() : std::string();
}

std::vector<std::string> AzureConnectionString::names() const {
    std::vector<std::string> all;
    for (const auto& member : members_) all.push_back(member.first);
    return all;
}

}  // namespace sluice::auth
