#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/principal.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/control_store.hpp"

namespace sluice {

/// A token as the configuration names it.
struct TokenDefinition {
    std::string name;
    std::string org;
    std::uint32_t scopes = 0;
    bool is_operator = false;            ///< every org
    bool is_pipe = false;                ///< may only create, under `rec_types`
    std::vector<std::string> rec_types;  ///< patterns; only for pipe tokens
    Secret token;
};

/// Who a token stands for. Holds digests only: a token is looked up by its SHA-256, so the time that takes says nothing
/// about how much of a guess was right. Immutable once made; replaced as a whole on reload. Thread: any.
class TokenDirectory {
  public:
    /// Errc::conflict when two definitions share a token or a name; the message names them, never the token.
    static Result<std::shared_ptr<const TokenDirectory>> make(const std::vector<TokenDefinition>& definitions,
                                                              std::string_view admin_token_sha256);

    /// Whom a token stands for, be it an ordinary or a pipe token (`Principal::is_pipe`); nullopt when unknown.
    std::optional<Principal> authenticate(std::string_view token) const;

  private:
    struct DigestHash {
        std::size_t operator()(const std::string& digest) const noexcept;
    };
    std::unordered_map<std::string, Principal, DigestHash> by_digest_;
};

/// The operator's token. Given by the environment, or else made at the first start and kept as a digest in the control
/// store.
struct AdminToken {
    std::string sha256;             ///< 32 raw bytes
    std::optional<Secret> to_show;  ///< set only when it was made just now: shown once, kept nowhere
};
Result<AdminToken> admin_token(ControlStore& store, const std::optional<Secret>& given);

}  // namespace sluice
