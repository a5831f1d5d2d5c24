#include "auth/strike_out.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kLeastSecretBytes = 4;
constexpr std::string_view kStruckOut = "…";

/// A number of `digits` digits at the front of `text`, or of as many as there are, is `c`: how many bytes it has.
std::size_t is_number(std::string_view text, int base, std::size_t digits, char c) {
    auto given = text.substr(0, digits);
    unsigned value = 0;
    auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value, base);
    if (error != std::errc() || value != static_cast<unsigned char>(c)) return 0;
    return static_cast<std::size_t>(end - given.data());
}

/// `&amp;`, `&#43;`, `&#x2B;`
std::size_t as_html(std::string_view text, char c) {
    constexpr std::array<std::pair<char, std::string_view>, 5> kNamed{
        {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}}};
    for (const auto& [of, written] : kNamed)
        if (of == c && text.starts_with(written)) return written.size();
    constexpr std::size_t kMostDigits = 4;
    const bool is_hex = text.starts_with("&#x") || text.starts_with("&#X");
    if (!is_hex && !text.starts_with("&#")) return 0;
    const std::size_t before = is_hex ? 3 : 2;
    auto size = is_number(text.substr(before), is_hex ? 16 : 10, kMostDigits, c);
    bool is_whole = size != 0 && text.substr(before + size).starts_with(';');
    return is_whole ? before + size + 1 : 0;
}

/// How many bytes at the front of `text` stand for `c`; 0 where others do.
std::size_t written_as(std::string_view text, char c) {
    if (text.empty()) return 0;
    switch (text.front()) {
        case '\\':
            if (text.starts_with("\\u")) {
                if (auto size = is_number(text.substr(2), 16, 4, c); size == 4) return 2 + size;
            }
            if (text.size() > 1 && text[1] == c && (c == '/' || c == '"' || c == '\\')) return 2;
            break;
        case '%':
            if (auto size = is_number(text.substr(1), 16, 2, c); size == 2) return 1 + size;
            break;
        case '&':
            if (auto size = as_html(text, c)) return size;
            break;
        default:
            break;
    }
    return text.front() == c ? 1 : 0;
}

/// How many bytes at the front of `text` stand for `secret`; 0 where others do.
std::size_t quoted(std::string_view text, std::string_view secret) {
    std::size_t size = 0;
    for (char c : secret) {
        auto step = written_as(text.substr(size), c);
        if (step == 0) return 0;
        size += step;
    }
    return size;
}

}  // namespace

std::string struck_out(std::string_view text, std::span<const Secret> secrets, std::size_t enough) {
    std::vector<std::string_view> wanted;
    for (const auto& secret : secrets)
        if (secret.reveal().size() >= kLeastSecretBytes) wanted.emplace_back(secret.reveal());
    // Whole ones before their parts.
    std::sort(wanted.begin(), wanted.end(), [](auto a, auto b) { return a.size() > b.size(); });
    std::string out;
    while (!text.empty() && out.size() < enough) {
        std::size_t size = 0;
        for (auto secret : wanted)
            if ((size = quoted(text, secret)) != 0) break;
        if (size == 0) {
            out += text.front();
            size = 1;
        } else {
            out += kStruckOut;
        }
        text.remove_prefix(size);
    }
    return out;
}

std::vector<Secret> quotable_parts(std::string_view value) {
    std::vector<Secret> parts;
    parts.emplace_back(std::string(value));
    if (auto blank = value.find(' '); blank != std::string_view::npos)
        parts.emplace_back(std::string(value.substr(blank + 1)));
    constexpr std::string_view kSignature = "sig=";
    if (auto at = value.find(kSignature); at != std::string_view::npos) {
        auto signature = value.substr(at + kSignature.size());
        signature = signature.substr(0, signature.find('&'));
        parts.emplace_back(percent_decode(signature).value_or(std::string(signature)));
    }
    return parts;
}

}  // namespace sluice::auth
