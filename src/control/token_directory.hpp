#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/principal.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "control/request_rate.hpp"
#include "store/control_store.hpp"

namespace sluice {

/// A token as the configuration names it.
struct TokenDefinition {
    std::string name;
    std::string org;
    std::uint32_t scopes = 0;
    bool is_pipe = false;                ///< may only create, under `rec_types`
    std::vector<std::string> rec_types;  ///< patterns; only for pipe tokens
    std::optional<Timestamp> expires;
    std::optional<RateLimit> rate;  ///< instead of the one for every token
    Secret token;
};

/// How a token is used; goes on when the directory is replaced. Thread: any.
struct TokenUse {
    explicit TokenUse(RateLimit limit) noexcept : rate(limit) {}
    RequestRate rate;
    std::atomic<std::int64_t> last_used_ms{0};  ///< since the epoch; 0: never
};

/// Whom a token stands for, and until when.
struct KnownToken {
    Principal principal;
    std::optional<Timestamp> until;         ///< it is no good from then on
    bool was_rotated = false;               ///< `until` is the end of a rotation's overlap
    std::shared_ptr<TokenUse> use;          ///< never null
    std::shared_ptr<RequestRate> org_rate;  ///< of all the org's tokens together; null: no limit

    bool is_valid_at(Timestamp now) const noexcept { return !until || now < *until; }
};

/// Tokens by their digest. A token is looked up by its SHA-256, so the time that takes says nothing about how much of a
/// guess was right, and what is kept is of no use to whoever reads it (ADR 0100). Immutable once shared; replaced as a
/// whole by each change. Thread: any.
class TokenDirectory {
  public:
    /// Errc::conflict when a token of that digest is there; the message names both, never the token.
    Result<void> add(std::string sha256, KnownToken known);
    /// Null when unknown; else there as long as the directory is.
    const KnownToken* find(std::string_view token) const;
    const KnownToken* find_digest(const std::string& sha256) const;

  private:
    struct DigestHash {
        std::size_t operator()(const std::string& digest) const noexcept;
    };
    std::unordered_map<std::string, KnownToken, DigestHash> by_digest_;
};

/// The SHA-256 of a token, as 32 raw bytes.
std::string token_digest(std::string_view token);

inline constexpr std::string_view kAdminTokenId = "admin";

/// The operator's token. Given by the environment, or else made at the first start and kept as a digest in the control
/// store.
struct AdminToken {
    std::string sha256;             ///< 32 raw bytes
    bool is_given = false;          ///< by the environment: it is changed there
    std::optional<Secret> to_show;  ///< set only when it was made just now: shown once, kept nowhere
};
Result<AdminToken> admin_token(ControlStore& store, const std::optional<Secret>& given);
/// Another one in place of the one that was made at the first start, from now on.
Result<AdminToken> new_admin_token(ControlStore& store);

}  // namespace sluice
