#include "control/sealer.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {
namespace {

constexpr std::string_view kVersion = "v1:";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

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

}  // namespace

Result<Sealer> Sealer::from_key_text(std::string_view text) {
    auto first = text.find_first_not_of(" \t\r\n");
    auto last = text.find_last_not_of(" \t\r\n");
    if (first != std::string_view::npos) {
        text = text.substr(first, last - first + 1);
        auto key = text.size() == 2 * kKeyBytes ? hex_decode(text) : base64_decode(text);
        if (key && key->size() == kKeyBytes) return Sealer(Secret(std::move(*key)));
    }
    return make_error(Errc::invalid_argument, "the key for secrets is not 32 bytes in hex or base64",
                      "make one with: openssl rand -hex 32");
}

Result<Sealer> Sealer::from_file(const std::string& path, bool create) {
    if (create && ::access(path.c_str(), F_OK) != 0) {
        auto text = hex_lower(random_bytes(kKeyBytes)) + "\n";
        int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file) == 0;
        int why = errno;
        if (file >= 0) ::close(file);
        if (!written)
            return make_error(Errc::io, "cannot write the key for secrets to " + path + ": " + std::strerror(why));
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) return make_error(Errc::not_found, "cannot read the key for secrets from " + path);
    std::ostringstream text;
    text << in.rdbuf();
    auto sealer = from_key_text(text.str());
    if (!sealer) return make_error(sealer.error().code, path + ": " + sealer.error().message, sealer.error().hint);
    return sealer;
}

std::string Sealer::seal(std::string_view plain, std::string_view context) const {
    std::string out = random_bytes(kNonceBytes);
    out.resize(kNonceBytes + plain.size() + kTagBytes);
    CipherContext cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    bool done =
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key_.reveal()), bytes_of(out)) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), bytes_of(out) + kNonceBytes, &size, bytes_of(plain),
                          static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), bytes_of(out) + kNonceBytes + size, &size) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                            bytes_of(out) + kNonceBytes + plain.size()) == 1;
    SLUICE_ASSERT(done, "sealing in memory cannot fail");
    return std::string(kVersion) + base64_encode(out);
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view context) const {
    auto refuse = [&] {
        return make_error(Errc::corrupt, "the sealed record " + std::string(context) + " cannot be opened",
                          "was it sealed under another key? the key file must be the one that was used");
    };
    if (!sealed.starts_with(kVersion)) return refuse();
    auto bytes = base64_decode(sealed.substr(kVersion.size()));
    if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return refuse();
    std::string plain(bytes->size() - kNonceBytes - kTagBytes, '\0');
    CipherContext cipher(EVP_CIPHER_CTX_new());
    int size = 0;
    bool opened =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key_.reveal()), bytes_of(*bytes)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, bytes_of(*bytes) + kNonceBytes,
                          static_cast<int>(plain.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                            bytes_of(*bytes) + bytes->size() - kTagBytes) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + plain.size(), &size) == 1;
    if (!opened) return refuse();
    return plain;
}

}  // namespace sluice
