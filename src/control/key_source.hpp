#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "control/sealer.hpp"

namespace sluice {

/// Where the operator keeps the keys that seal secrets. Blocking. Thread: any, one at a time.
class KeySource {
  public:
    virtual ~KeySource() = default;
    /// The keys as they stand there now; the first seals.
    virtual Result<Sealer> read() const = 0;
    /// These keys in place of those there, durably, whole or not at all. Errc::unsupported where that is not ours to
    /// do; the hint then says what the operator does.
    virtual Result<void> write(const Sealer& keys) = 0;
    /// Whether write() is of any use: a new key can be made here.
    virtual bool is_ours_to_write() const noexcept = 0;
    /// For people: `/var/lib/sluice/secrets.key`, `SLUICE_SECRETS_KEY`.
    virtual std::string name() const = 0;
    /// What an operator should know of it (who else may read the file); nothing when all is well.
    virtual std::optional<std::string> warning() const { return std::nullopt; }
};

/// A file: one key a line, remarks behind #. `create`: made at the first read, readable by this user only. A file that
/// everybody may read, or that somebody else may write, is refused; one that its group may read has a warning.
std::unique_ptr<KeySource> key_file(std::string path, bool create);

/// The environment's SLUICE_SECRETS_KEY: one key or, with commas between, several.
std::unique_ptr<KeySource> key_of_environment(Secret text);

/// Who besides its owner may read a file that should be for its owner only, in plain words: `everybody`, `its group`;
/// nothing when nobody may, or the file is not there.
std::optional<std::string> also_readable_by(const std::string& path);

}  // namespace sluice
