#include "json/scalar_validator.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "json/nesting.hpp"

namespace sluice::json::internal {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Length of the well-formed UTF-8 sequence at the start of `text` (Unicode, table 3-7), 0 if there is none.
std::size_t utf8_sequence(std::string_view text) {
    auto byte = [&](std::size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
    };
    unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        unsigned low = lead == 0xE0 ? 0xA0 : 0x80;   // no overlong forms
        unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
        return continues(1, low, high) && continues(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        unsigned low = lead == 0xF0 ? 0x90 : 0x80;
        unsigned high = lead == 0xF4 ? 0x8F : 0xBF;  // nothing beyond U+10FFFF
        return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::size_t first_invalid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = utf8_sequence(text.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

class ScalarValidator {
  public:
    ScalarValidator(std::string_view text, const JsonLimits& limits, std::string* out)
        : text_(text), limits_(limits), out_(out) {}

    bool run() {
        if (!simdjson::validate_utf8(text_.data(), text_.size())) {
            return fail(first_invalid_utf8(text_), "these bytes are not UTF-8");
        }
        if (text_.starts_with("\xEF\xBB\xBF"))
            return fail(0, "the text starts with a byte order mark; send it without one");
        skip_space();
        if (at_end()) return fail(at_, "the text is empty; a JSON value is expected");
        if (!document()) return false;
        flush(at_);
        return true;
    }
    JsonError take_error() { return std::move(error_); }

  private:
    bool at_end() const { return at_ == text_.size(); }
    /// The byte at hand; NUL at the end, which no rule expects.
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    /// One round a value, or what follows a value. No recursion: depth is the caller's to choose.
    bool document() {
        bool value_is_next = true;
        for (;;) {
            skip_space();
            if (value_is_next) {
                bool opened = peek() == '{' || peek() == '[';
                if (!(opened ? opening(value_is_next) : scalar())) return false;
                if (!opened) value_is_next = false;
            } else if (nesting_.empty()) {
                return at_end() || fail(at_, "there is more text after the JSON value; one value is expected");
            } else if (!after_value(value_is_next)) {
                return false;
            }
        }
    }

    /// An opening bracket with, in an object, the first name, or with the closing bracket when it is empty.
    bool opening(bool& value_is_next) {
        bool is_object = peek() == '{';
        if (nesting_.depth() >= limits_.max_depth) {
            error_.too_deep = true;
            return fail(at_, fmt::format("nested deeper than {} levels", limits_.max_depth));
        }
        nesting_.open(is_object);
        ++at_;
        skip_space();
        value_is_next = true;
        if (peek() == (is_object ? '}' : ']')) {
            ++at_;
            nesting_.close();
            value_is_next = false;
            return true;
        }
        return !is_object || name("expected a member name in double quotes or '}'");
    }

    bool after_value(bool& value_is_next) {
        bool in_object = nesting_.in_object();
        char c = peek();
        if (c == ',') {
            ++at_;
            skip_space();
            value_is_next = true;
            return !in_object || name("expected a member name in double quotes");
        }
        if (c == (in_object ? '}' : ']')) {
            ++at_;
            nesting_.close();
            return true;
        }
        return expected(in_object ? "expected ',' or '}' after a member" : "expected ',' or ']' after an element");
    }

    bool name(std::string_view message) {
        if (peek() != '"') return expected(message);
        if (!string()) return false;
        skip_space();
        if (peek() != ':') return expected("expected ':' after a member name");
        ++at_;
        return true;
    }

    bool scalar() {
        char c = peek();
        if (c == '"') return string();
        if (c == '-' || is_digit(c)) return number();
        if (is_word(c)) return word();
        return expected("expected a value");
    }

    bool word() {
        std::size_t end = at_;
        while (end < text_.size() && is_word(text_[end])) ++end;
        std::string_view found = text_.substr(at_, end - at_);
        if (found != "true" && found != "false" && found != "null") {
            return fail(at_, "expected a value; the only words that are values are true, false and null");
        }
        at_ = end;
        return true;
    }

    bool number() {
        if (peek() == '-') ++at_;
        if (peek() == '0') {
            ++at_;
            if (is_digit(peek())) return fail(at_, "a number must not start with 0 before other digits");
        } else if (!digits("expected a digit after '-'")) {
            return false;
        }
        if (peek() == '.') {
            ++at_;
            if (!digits("expected a digit after the decimal point")) return false;
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!digits("expected a digit in the exponent")) return false;
        }
        return true;
    }

    bool digits(std::string_view message) {
        if (!is_digit(peek())) return expected(message);
        while (is_digit(peek())) ++at_;
        return true;
    }

    bool string() {
        ++at_;
        while (!at_end()) {
            char c = peek();
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c == '\\') {
                if (!escape()) return false;
            } else if (static_cast<unsigned char>(c) < 0x20) {
                return fail(at_, fmt::format("control character 0x{:02X} in a string; write it as an escape", c));
            } else {
                ++at_;
            }
        }
        return fail(at_, "the text ends inside a string");
    }

    bool escape() {
        std::size_t start = at_;
        if (peek(1) != 'u') {
            if (at_ + 1 == text_.size()) return fail(at_ + 1, "the text ends inside a string");
            if (std::string_view("\"\\/bfnrt").find(peek(1)) == std::string_view::npos) {
                return fail(start, "unknown escape in a string; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u");
            }
            at_ += 2;
            return true;
        }
        int code = code_unit();
        if (code < 0) return fail(start, "\\u must be followed by four hexadecimal digits");
        at_ += 6;
        bool is_low = code >= 0xDC00 && code <= 0xDFFF;
        bool is_high = code >= 0xD800 && code <= 0xDBFF;
        if (is_high) {
            int low = peek() == '\\' && peek(1) == 'u' ? code_unit() : -1;
            if (low >= 0xDC00 && low <= 0xDFFF) {
                at_ += 6;
                return true;
            }
        }
        if (is_low || is_high) {
            return fail(start, "lone surrogate escape; a character beyond U+FFFF is written as a high and a low one");
        }
        return true;
    }

    /// The four digits of the \u escape at hand, or -1.
    int code_unit() const {
        int code = 0;
        for (std::size_t i = 2; i < 6; ++i) {
            int digit = hex_value(peek(i));
            if (digit < 0) return -1;
            code = code << 4 | digit;
        }
        return code;
    }

    void skip_space() {
        std::size_t from = at_;
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
        if (at_ == from) return;
        flush(from);
        written_ = at_;
    }

    void flush(std::size_t until) {
        if (out_) out_->append(text_.substr(written_, until - written_));
        written_ = until;
    }

    bool expected(std::string_view message) {
        if (at_end()) return fail(at_, fmt::format("{}, but the text ends", message));
        return fail(at_, std::string(message));
    }

    bool fail(std::size_t offset, std::string message) {
        error_.message = std::move(message);
        error_.offset = offset;
        error_.line = 1 + static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + offset, '\n'));
        return false;
    }

    std::string_view text_;
    const JsonLimits& limits_;
    std::string* out_;
    std::size_t at_ = 0;
    std::size_t written_ = 0;  ///< what lies before this was copied to out_, or is white space
    Nesting nesting_;
    JsonError error_;
};

}  // namespace

std::optional<JsonError> check_scalar(std::string_view text, const JsonLimits& limits, std::string* out) {
    std::size_t before = out ? out->size() : 0;
    ScalarValidator validator(text, limits, out);
    if (validator.run()) return std::nullopt;
    if (out) out->resize(before);
    return validator.take_error();
}

}  // namespace sluice::json::internal
