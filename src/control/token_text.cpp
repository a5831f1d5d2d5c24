#include "control/token_text.hpp"

#include <algorithm>
#include <string>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "slc_";
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomCharacters = 43;  // 62^43 is more than 2^256
constexpr std::size_t kChecksumCharacters = 6;
/// Bytes from here on would make some characters likelier than others.
constexpr unsigned kFairBytes = 256 / 62 * 62;

std::string checksum_of(std::string_view text) {
    std::uint32_t sum = crc32c(text);
    std::string out(kChecksumCharacters, '0');
    for (auto at = out.rbegin(); at != out.rend(); ++at, sum /= 62) *at = kAlphabet[sum % 62];
    return out;
}

}  // namespace

Secret make_token_text() {
    std::string text(kPrefix);
    text.reserve(kPrefix.size() + kRandomCharacters + kChecksumCharacters);
    while (text.size() < kPrefix.size() + kRandomCharacters) {
        for (char c : random_bytes(kRandomCharacters)) {
            auto byte = static_cast<unsigned char>(c);
            if (byte < kFairBytes && text.size() < kPrefix.size() + kRandomCharacters) text += kAlphabet[byte % 62];
        }
    }
    text += checksum_of(text);
    return Secret(std::move(text));
}

bool is_token_text(std::string_view text) noexcept {
    if (text.size() != kPrefix.size() + kRandomCharacters + kChecksumCharacters || !text.starts_with(kPrefix))
        return false;
    auto body = text.substr(kPrefix.size());
    bool ours = std::all_of(body.begin(), body.end(), [](char c) { return kAlphabet.find(c) != kAlphabet.npos; });
    return ours && checksum_of(text.substr(0, text.size() - kChecksumCharacters)) ==
                       text.substr(text.size() - kChecksumCharacters);
}

std::string without_token_texts(std::string_view path) {
    std::string out;
    for (std::size_t at = 0; at < path.size();) {
        if (!path.substr(at).starts_with(kPrefix)) {
            out += path[at++];
            continue;
        }
        out.append(kPrefix).append("…");
        at = std::min(path.find_first_of("/?", at), path.size());
    }
    return out;
}

bool is_damaged_token_text(std::string_view text) noexcept {
    return text.starts_with(kPrefix) && !is_token_text(text);
}

}  // namespace sluice
