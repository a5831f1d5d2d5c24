#include "base/ids.hpp"

#include <openssl/rand.h>

#include <cstring>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace sluice {
namespace {

constexpr std::uint64_t kCounterBits = 24;
constexpr std::uint64_t kCounterMask = (std::uint64_t{1} << kCounterBits) - 1;

bool is_alnum(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Calls `part` for each piece between dots; false as soon as one call is.
template <class F>
bool each_part(std::string_view text, F part) {
    for (;;) {
        auto dot = text.find('.');
        if (!part(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_valid_part(std::string_view part) noexcept {
    if (part.empty() || !is_alnum(part.front()) || !is_alnum(part.back())) return false;
    for (char c : part)
        if (!is_alnum(c) && c != '_' && c != '-') return false;
    return true;
}

std::string_view take_part(std::string_view& rest) {
    auto dot = rest.find('.');
    auto part = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    return part;
}

}  // namespace

ObjectIdGenerator::ObjectIdGenerator() {
    auto bytes = random_bytes(process_.size());
    std::memcpy(process_.data(), bytes.data(), process_.size());
}

void ObjectIdGenerator::next_to(Timestamp now, char* out) noexcept {
    auto seconds = static_cast<std::uint64_t>(to_epoch_ms(now) / 1000);
    std::uint64_t seen = last_.load(std::memory_order_relaxed);
    std::uint64_t mine = 0;
    do {
        // A new second starts its count at 0; a clock that stepped back goes on counting in the later second.
        mine = seconds > (seen >> kCounterBits) ? seconds << kCounterBits : seen + 1;
    } while (!last_.compare_exchange_weak(seen, mine, std::memory_order_relaxed));
    unsigned char raw[12];
    auto stamp = static_cast<std::uint32_t>(mine >> kCounterBits);
    auto count = static_cast<std::uint32_t>(mine & kCounterMask);
    for (int i = 0; i < 4; ++i) raw[i] = static_cast<unsigned char>(stamp >> (24 - 8 * i));
    std::memcpy(raw + 4, process_.data(), process_.size());
    for (int i = 0; i < 3; ++i) raw[9 + i] = static_cast<unsigned char>(count >> (16 - 8 * i));
    constexpr char kDigits[] = "0123456789abcdef";
    for (int i = 0; i < 12; ++i) {
        out[2 * i] = kDigits[raw[i] >> 4];
        out[2 * i + 1] = kDigits[raw[i] & 15];
    }
}

std::string ObjectIdGenerator::next(Timestamp now) {
    std::string out(24, '\0');
    next_to(now, out.data());
    return out;
}

bool is_valid_object_id(std::string_view text) noexcept {
    if (text.empty() || text.size() > 128 || !is_alnum(text.front())) return false;
    for (char c : text)
        if (!is_alnum(c) && c != '.' && c != '_' && c != ':' && c != '-') return false;
    return true;
}

bool is_valid_rec_type(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 128 && each_part(text, is_valid_part);
}

bool is_valid_integration_id(std::string_view text) noexcept {
    auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (text.empty() || text.size() > 63 || !fits(text.front())) return false;
    for (char c : text)
        if (!fits(c) && c != '-') return false;
    return true;
}

bool is_valid_tag(std::string_view text) noexcept {
    if (text.empty() || text.size() > 64) return false;
    for (char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/') return false;
    return is_valid_utf8(text);
}

bool is_valid_pattern(std::string_view pattern) noexcept {
    return !pattern.empty() && pattern.size() <= 256 &&
           each_part(pattern, [](std::string_view part) { return part == "*" || part == "**" || is_valid_part(part); });
}

bool matches_pattern(std::string_view pattern, std::string_view rec_type) noexcept {
    // Greedy with one point to come back to: enough, as `**` only ever has to be widened at its last place.
    bool pattern_done = pattern.empty();
    bool text_done = rec_type.empty();
    std::string_view back_pattern, back_text;
    bool can_go_back = false;
    bool back_text_done = false;
    while (!text_done || !pattern_done) {
        if (!pattern_done) {
            auto rest = pattern;
            auto part = take_part(rest);
            if (part == "**") {
                back_pattern = rest;
                back_text = rec_type;
                back_text_done = text_done;
                can_go_back = true;
                pattern = rest;
                pattern_done = rest.empty();
                continue;
            }
            if (!text_done) {
                auto text_rest = rec_type;
                auto text_part = take_part(text_rest);
                if (part == "*" || part == text_part) {
                    pattern = rest;
                    pattern_done = rest.empty();
                    rec_type = text_rest;
                    text_done = text_rest.empty();
                    continue;
                }
            }
        }
        if (!can_go_back || back_text_done) return false;
        take_part(back_text);
        back_text_done = back_text.empty();
        rec_type = back_text;
        text_done = back_text_done;
        pattern = back_pattern;
        pattern_done = pattern.empty();
    }
    return true;
}

std::string random_bytes(std::size_t bytes) {
    std::string out(bytes, '\0');
    int filled = RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(bytes));
    SLUICE_ASSERT(filled == 1, "the random generator must work");
    return out;
}

}  // namespace sluice
