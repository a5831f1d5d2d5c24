#include "json/find.hpp"

#include <simdjson.h>

#include <cstdint>

#include "json/cursor.hpp"
#include "json/skip.hpp"

namespace sluice::json {

namespace {

/// A set of paths seen from one level of a text: those that lead here, and how many names of each are used up.
using PathSet = std::vector<std::span<const std::string>>;

/// Whether the member is removed itself; else the paths that lead on into its value are in `deeper`.
bool is_removed(std::string_view quoted_name, const PathSet& paths, PathSet& deeper) {
    deeper.clear();
    for (std::span<const std::string> path : paths) {
        if (!stands_for(quoted_name, path.front())) continue;
        if (path.size() == 1) return true;
        deeper.push_back(path.subspan(1));
    }
    return false;
}

/// Copies a text without the members at some paths. One pass, however deep it goes, and what is kept is copied in as
/// long runs as there are: this is done for every event of an integration that redacts.
class Removal {
  public:
    Removal(std::string& out, std::string_view text)
        : out_(out), copied_(text.data()), end_(text.data() + text.size()) {}

    /// To be called once.
    void run(const PathSet& paths) {
        value(copied_, paths);
        out_.append(copied_, end_);
    }

  private:
    /// All of these give what is past the value at `at`.
    const char* value(const char* at, const PathSet& paths) {
        if (at < end_ && *at == '{') return object(at, paths);
        if (at < end_ && *at == '[') return array(at, paths);
        return internal::skip_value(at, end_);
    }

    const char* object(const char* at, const PathSet& paths) {
        PathSet deeper;
        bool is_first = true;  // of those that stay
        for (++at; at < end_ && *at != '}';) {
            const char* separator = at;
            if (*at == ',') ++at;
            if (at >= end_ || *at != '"') return end_;  // no text that was validated; every walk ends
            const char* name = at;
            const char* name_end = internal::skip_string(name, end_);
            const char* inside = name_end < end_ ? name_end + 1 : end_;
            if (is_removed({name, static_cast<std::size_t>(name_end - name)}, paths, deeper)) {
                at = internal::skip_value(inside, end_);
                leave_out(separator, at);
                continue;
            }
            if (is_first) leave_out(separator, name);  // the comma behind members that are gone
            is_first = false;
            at = deeper.empty() ? internal::skip_value(inside, end_) : value(inside, deeper);
        }
        return at < end_ ? at + 1 : end_;
    }

    const char* array(const char* at, const PathSet& paths) {
        for (++at; at < end_ && *at != ']';) {
            if (*at == ',') ++at;
            const char* element = at;
            at = value(element, paths);
            if (at == element) return end_;
        }
        return at < end_ ? at + 1 : end_;
    }

    void leave_out(const char* from, const char* to) {
        if (from == to) return;
        out_.append(copied_, from);
        copied_ = to;
    }

    std::string& out_;
    const char* copied_;  ///< up to here the text is in `out_`, or left out
    const char* end_;
};

unsigned hex_digit(char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/// The code unit of the escape at `at` (the backslash), and past it.
unsigned code_unit(std::string_view text, std::size_t& at) {
    if (at + 6 > text.size()) {
        at = text.size();
        return 0xFFFD;
    }
    unsigned code = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) code = code << 4 | (hex_digit(text[i]) & 0xF);
    at += 6;
    return code;
}

void append_utf8(std::string& out, unsigned code) {
    auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

/// Decodes the escape at `at` of validated text, and moves past it.
void append_escape(std::string& out, std::string_view text, std::size_t& at) {
    char kind = at + 1 < text.size() ? text[at + 1] : '\\';
    if (kind == 'u') {
        unsigned code = code_unit(text, at);
        if (code >= 0xD800 && code <= 0xDBFF) {
            unsigned low = code_unit(text, at);  // validation saw to it that it is there
            code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
        }
        append_utf8(out, code);
        return;
    }
    at += 2;
    switch (kind) {
        case 'b':
            out += '\b';
            break;
        case 'f':
            out += '\f';
            break;
        case 'n':
            out += '\n';
            break;
        case 'r':
            out += '\r';
            break;
        case 't':
            out += '\t';
            break;
        default:
            out += kind;
    }
}

bool needs_escape(char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

void append_escaped(std::string& out, char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\b':
            out += "\\b";
            return;
        case '\f':
            out += "\\f";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            out += "\\u00";
            out += kHex[static_cast<unsigned char>(c) >> 4];
            out += kHex[c & 0xF];
    }
}

}  // namespace

std::optional<std::string_view> find_member(std::string_view object, std::string_view name) {
    std::optional<std::string_view> found;
    for (MemberCursor member(object); member.next();) {
        if (member.name_is(name)) found = member.value();
    }
    return found;
}

std::optional<std::string_view> find_path(std::string_view object, std::span<const std::string> path) {
    std::optional<std::string_view> value = object;
    for (const std::string& name : path) {
        value = find_member(*value, name);
        if (!value) break;
    }
    return value;
}

void for_each_member(std::string_view object, const std::function<bool(std::string_view, std::string_view)>& visit) {
    for (MemberCursor member(object); member.next();) {
        if (!visit(member.name(), member.value())) return;
    }
}

void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit) {
    for (ElementCursor element(array); element.next();) {
        if (!visit(element.value())) return;
    }
}

void append_unescaped(std::string& out, std::string_view quoted) {
    if (quoted.size() < 2) return;
    std::string_view text = quoted.substr(1, quoted.size() - 2);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t backslash = text.find('\\', at);
        if (backslash == std::string_view::npos) backslash = text.size();
        out += text.substr(at, backslash - at);
        at = backslash;
        if (at < text.size()) append_escape(out, text, at);
    }
}

std::string unescape(std::string_view quoted) {
    std::string out;
    append_unescaped(out, quoted);
    return out;
}

void append_quoted(std::string& out, std::string_view utf8) {
    out += '"';
    std::size_t written = 0;
    for (std::size_t at = 0; at < utf8.size(); ++at) {
        if (!needs_escape(utf8[at])) continue;
        out += utf8.substr(written, at - written);
        append_escaped(out, utf8[at]);
        written = at + 1;
    }
    out += utf8.substr(written);
    out += '"';
}

std::string quoted(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size() + 2);
    append_quoted(out, utf8);
    return out;
}

bool append_scalar_text(std::string& out, std::string_view raw_value) {
    if (raw_value.empty()) return false;
    switch (raw_value.front()) {
        case '{':
        case '[':
        case 'n':
            return false;
        case '"':
            append_unescaped(out, raw_value);
            return true;
        default:
            out += raw_value;
            return true;
    }
}

std::optional<std::string> scalar_text(std::string_view raw_value) {
    std::optional<std::string> text(std::in_place);
    if (!append_scalar_text(*text, raw_value)) text.reset();
    return text;
}

void remove_paths_to(std::string& out, std::string_view value, std::span<const std::vector<std::string>> paths) {
    PathSet set;
    for (const std::vector<std::string>& path : paths) {
        if (!path.empty()) set.push_back(path);
    }
    if (set.empty()) {
        out += value;
        return;
    }
    out.reserve(out.size() + value.size());
    Removal(out, value).run(set);
}

std::string remove_paths(std::string_view value, std::span<const std::vector<std::string>> paths) {
    std::string out;
    remove_paths_to(out, value, paths);
    return out;
}

bool is_valid_utf8(std::string_view text) noexcept {
    return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace sluice::json
