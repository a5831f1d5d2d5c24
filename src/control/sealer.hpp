#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice {

/// Seals what must not be read from the disk: AES-256-GCM (OpenSSL) under the operator's key, with a fresh nonce each
/// time. `context` names what is sealed (`integration/acme-kinesis`): a record copied to another name does not open.
/// Immutable. Thread: any.
class Sealer {
  public:
    /// 64 hex digits or base64 of 32 bytes; white space around it is forgiven.
    static Result<Sealer> from_key_text(std::string_view text);
    /// Reads the key from a file; when `create` and there is none, makes one readable by this user only.
    static Result<Sealer> from_file(const std::string& path, bool create);

    std::string seal(std::string_view plain, std::string_view context) const;
    /// Errc::corrupt when it was not sealed under this key for this context, or was changed.
    Result<std::string> open(std::string_view sealed, std::string_view context) const;

  private:
    explicit Sealer(Secret key) : key_(std::move(key)) {}
    Secret key_;
};

}  // namespace sluice
