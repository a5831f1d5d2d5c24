#include "auth/xml_text.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace sluice::auth {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | code >> 6);
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | code >> 12);
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | code >> 18);
        out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

/// `#65` or `#x41`.
std::optional<std::uint32_t> numeric_entity(std::string_view entity) {
    if (entity.size() < 2 || entity.size() > 8 || entity.front() != '#') return std::nullopt;
    entity.remove_prefix(1);
    std::uint32_t base = 10;
    if (entity.front() == 'x') {
        base = 16;
        entity.remove_prefix(1);
    }
    std::uint32_t code = 0;
    for (char c : entity) {
        std::uint32_t digit = c >= '0' && c <= '9'   ? static_cast<std::uint32_t>(c - '0')
                              : c >= 'a' && c <= 'f' ? static_cast<std::uint32_t>(c - 'a' + 10)
                              : c >= 'A' && c <= 'F' ? static_cast<std::uint32_t>(c - 'A' + 10)
                                                     : 99;
        if (digit >= base) return std::nullopt;
        code = code * base + digit;
    }
    bool is_character = !entity.empty() && code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return is_character ? std::optional(code) : std::nullopt;
}

std::optional<std::string> decoded(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
        {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}}};
    std::string out;
    while (!text.empty()) {
        auto start = text.find('&');
        out += text.substr(0, start);
        if (start == std::string_view::npos) break;
        auto end = text.find(';', start);
        if (end == std::string_view::npos) return std::nullopt;
        auto entity = text.substr(start + 1, end - start - 1);
        text.remove_prefix(end + 1);
        if (auto code = numeric_entity(entity)) {
            append_utf8(out, *code);
            continue;
        }
        bool known = false;
        for (const auto& [name, character] : kEntities) {
            if (entity != name) continue;
            out += character;
            known = true;
        }
        if (!known) return std::nullopt;
    }
    return out;
}

std::string_view local_name(std::string_view tag) {
    auto name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

std::optional<std::string> xml_text(std::string_view document, std::string_view name) {
    for (std::size_t at = 0;;) {
        auto open = document.find('<', at);
        if (open == std::string_view::npos) return std::nullopt;
        auto rest = document.substr(open);
        if (rest.starts_with("<!--") || rest.starts_with("<?")) {
            auto end = rest.starts_with("<?") ? rest.find("?>") : rest.find("-->");
            if (end == std::string_view::npos) return std::nullopt;
            at = open + end;
            continue;
        }
        if (rest.starts_with("<!")) return std::nullopt;
        auto close = document.find('>', open);
        if (close == std::string_view::npos) return std::nullopt;
        auto tag = document.substr(open + 1, close - open - 1);
        at = close + 1;
        if (tag.starts_with('/') || local_name(tag) != name) continue;
        if (tag.ends_with('/')) return std::string();
        auto end = document.find('<', at);
        if (end == std::string_view::npos || !document.substr(end).starts_with("</")) return std::nullopt;
        return decoded(document.substr(at, end - at));
    }
}

}  // namespace sluice::auth
