#include "control/sealer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {
namespace {

/// Records of before keys had ids: `v1:` and base64. Now: `v2:`, the key's id, `:`, base64.
constexpr std::string_view kUnnamed = "v1:";
constexpr std::string_view kNamed = "v2:";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::string_view kBetweenKeys = " \t\r\n,";

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string encrypt(const Secret& key, std::string_view plain, std::string_view context) {
    std::string out = random_bytes(kNonceBytes);
    out.resize(kNonceBytes + plain.size() + kTagBytes);
    CipherContext cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    bool done =
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.reveal()), bytes_of(out)) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), bytes_of(out) + kNonceBytes, &size, bytes_of(plain),
                          static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), bytes_of(out) + kNonceBytes + size, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                            bytes_of(out) + kNonceBytes + plain.size()) == 1;
    SLUICE_ASSERT(done, "sealing in memory cannot fail");
    return out;
}

std::optional<std::string> decrypt(const Secret& key, std::string bytes, std::string_view context) {
    std::string plain(bytes.size() - kNonceBytes - kTagBytes, '\0');
    CipherContext cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    bool opened =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.reveal()), bytes_of(bytes)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, bytes_of(bytes) + kNonceBytes,
                          static_cast<int>(plain.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                            bytes_of(bytes) + bytes.size() - kTagBytes) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + plain.size(), &size) == 1;
    if (!opened) return std::nullopt;
    return plain;
}

/// The text without lines that begin with #.
std::string without_remarks(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        auto first = line.find_first_not_of(" \t");
        if (first != std::string_view::npos && line[first] == '#') continue;
        out.append(line).append("\n");
    }
    return out;
}

}  // namespace

Sealer::Key Sealer::make_key(std::string bytes) {
    auto id = hex_lower(as_view(sha256("sluice key for secrets:" + bytes))).substr(0, kIdDigits);
    return {Secret(std::move(bytes)), std::move(id)};
}

Result<Sealer> Sealer::from_key_text(std::string_view given) {
    const std::string text = without_remarks(given);
    std::vector<Key> keys;
    bool is_good = true;
    for (std::size_t at = text.find_first_not_of(kBetweenKeys); at != std::string::npos && is_good;) {
        auto end = std::min(text.find_first_of(kBetweenKeys, at), text.size());
        std::string_view one(text.data() + at, end - at);
        auto bytes = one.size() == 2 * kKeyBytes ? hex_decode(one) : base64_decode(one);
        is_good = bytes && bytes->size() == kKeyBytes;
        if (is_good) keys.push_back(make_key(std::move(*bytes)));
        at = text.find_first_not_of(kBetweenKeys, end);
    }
    if (is_good && !keys.empty()) return Sealer(std::move(keys));
    return make_error(Errc::invalid_argument, "the key for secrets is not 32 bytes in hex or base64",
                      "make one with: openssl rand -hex 32");
}

std::string Sealer::seal(std::string_view plain, std::string_view context) const {
    const Key& key = keys_.front();
    return fmt::format("{}{}:{}", kNamed, key.id, base64_encode(encrypt(key.bytes, plain, context)));
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view context) const {
    auto refuse = [&](std::string hint) {
        return make_error(Errc::corrupt, fmt::format("the sealed record {} cannot be opened", context),
                          std::move(hint));
    };
    const std::string usual_hint = "was it sealed under another key? the key file must be the one that was used";
    auto id = key_id_of(sealed);
    bool is_unnamed = sealed.starts_with(kUnnamed);
    if (!is_unnamed && id.empty()) return refuse(usual_hint);
    auto bytes = base64_decode(sealed.substr(is_unnamed ? kUnnamed.size() : kNamed.size() + id.size() + 1));
    if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return refuse(usual_hint);
    for (const Key& key : keys_) {
        if (!is_unnamed && key.id != id) continue;
        if (auto plain = decrypt(key.bytes, *bytes, context)) return std::move(*plain);
    }
    if (is_unnamed || has_key(id)) return refuse(usual_hint);
    return refuse(fmt::format("it was sealed under the key {}, and the keys here are {}: put that key below them", id,
                              fmt::join(key_ids(), ", ")));
}

std::vector<std::string> Sealer::key_ids() const {
    std::vector<std::string> ids;
    for (const Key& key : keys_) ids.push_back(key.id);
    return ids;
}

bool Sealer::has_key(std::string_view id) const noexcept {
    return std::any_of(keys_.begin(), keys_.end(), [id](const Key& key) { return key.id == id; });
}

std::string_view Sealer::key_id_of(std::string_view sealed) noexcept {
    bool is_named = sealed.starts_with(kNamed) && sealed.size() > kNamed.size() + kIdDigits &&
                    sealed[kNamed.size() + kIdDigits] == ':';
    return is_named ? sealed.substr(kNamed.size(), kIdDigits) : std::string_view();
}

Sealer Sealer::with_new_key() const {
    std::vector<Key> keys{make_key(random_bytes(kKeyBytes))};
    keys.insert(keys.end(), keys_.begin(), keys_.end());
    return Sealer(std::move(keys));
}

Sealer Sealer::joined_by(const Sealer& other) const {
    auto keys = keys_;
    for (const Key& key : other.keys_)
        if (!has_key(key.id)) keys.push_back(key);
    return Sealer(std::move(keys));
}

Sealer Sealer::newest_only() const {
    return Sealer({keys_.front()});
}

Secret Sealer::key_text() const {
    std::string text;
    for (const Key& key : keys_) text += hex_lower(key.bytes.reveal()) + "\n";
    return Secret(std::move(text));
}

}  // namespace sluice
