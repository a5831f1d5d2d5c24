#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice {

/// Seals what must not be read from the disk: AES-256-GCM (OpenSSL) under the operator's key, with a fresh nonce each
/// time. `context` names what is sealed (`integration/acme-kinesis`): a record copied to another name does not open.
/// Knows one key that seals and, while keys are rotated, older ones that still open; a record says by its key's id
/// which of them it needs. Immutable. Thread: any.
class Sealer {
  public:
    /// Keys of 32 bytes as 64 hex digits or base64, one or several with white space or commas between; the first
    /// seals. A line that begins with # is a remark.
    static Result<Sealer> from_key_text(std::string_view text);

    std::string seal(std::string_view plain, std::string_view context) const;
    /// Errc::corrupt when it was not sealed under one of these keys for this context, or was changed.
    Result<std::string> open(std::string_view sealed, std::string_view context) const;

    /// Names a key without telling anything of it: 12 hex digits of a digest.
    const std::string& key_id() const noexcept { return keys_.front().id; }
    /// Of all keys, the one that seals first.
    std::vector<std::string> key_ids() const;
    bool has_key(std::string_view id) const noexcept;
    /// The id that a sealed record names; empty for those of before there were ids, and for what is no sealed record.
    static std::string_view key_id_of(std::string_view sealed) noexcept;

    /// A fresh key in front of these.
    Sealer with_new_key() const;
    /// The other's keys behind these, those that are not here already.
    Sealer joined_by(const Sealer& other) const;
    /// Without the older keys.
    Sealer newest_only() const;
    /// As from_key_text() reads it.
    Secret key_text() const;

  private:
    struct Key {
        Secret bytes;
        std::string id;
    };
    explicit Sealer(std::vector<Key> keys) : keys_(std::move(keys)) {}
    static Key make_key(std::string bytes);

    std::vector<Key> keys_;  ///< never empty
};

}  // namespace sluice
