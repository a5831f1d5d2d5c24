#include "control/token_directory.hpp"

#include <algorithm>
#include <cstring>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {
namespace {

constexpr std::string_view kKind = "token";
constexpr std::string_view kAdminName = "admin";

std::string digest_of(std::string_view token) {
    return std::string(as_view(sha256(token)));
}

}  // namespace

std::size_t TokenDirectory::DigestHash::operator()(const std::string& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), std::min(sizeof hash, digest.size()));
    return hash;
}

Result<std::shared_ptr<const TokenDirectory>> TokenDirectory::make(const std::vector<TokenDefinition>& definitions,
                                                                   std::string_view admin_token_sha256) {
    auto directory = std::make_shared<TokenDirectory>();
    directory->by_digest_.emplace(std::string(admin_token_sha256),
                                  Principal{.token_id = std::string(kAdminName),
                                            .token_name = std::string(kAdminName),
                                            .org = "default",
                                            .scopes = static_cast<std::uint32_t>(Scope::all),
                                            .is_operator = true});
    for (const auto& definition : definitions) {
        Principal principal{.token_id = definition.name,
                            .token_name = definition.name,
                            .org = definition.org,
                            .scopes = definition.scopes,
                            .is_operator = definition.is_operator,
                            .is_pipe = definition.is_pipe,
                            .rec_types = definition.rec_types};
        auto [at, fresh] = directory->by_digest_.emplace(digest_of(definition.token.reveal()), std::move(principal));
        if (!fresh)
            return make_error(
                Errc::conflict,
                "the tokens \"" + at->second.token_name + "\" and \"" + definition.name + "\" are the same text",
                "give each its own");
    }
    return std::shared_ptr<const TokenDirectory>(std::move(directory));
}

std::optional<Principal> TokenDirectory::authenticate(std::string_view token) const {
    if (token.empty() || token.size() > 1024) return std::nullopt;
    auto found = by_digest_.find(digest_of(token));
    if (found == by_digest_.end()) return std::nullopt;
    return found->second;
}

Result<AdminToken> admin_token(ControlStore& store, const std::optional<Secret>& given) {
    if (given) return AdminToken{digest_of(given->reveal()), std::nullopt};
    auto kept = store.get(kKind, kAdminName);
    if (!kept) return kept.error();
    if (*kept) {
        auto digest = hex_decode(**kept);
        if (!digest || digest->size() != 32)
            return make_error(Errc::corrupt, "the operator's token in the data folder cannot be read",
                              "set SLUICE_ADMIN_TOKEN to give a new one");
        return AdminToken{std::move(*digest), std::nullopt};
    }
    Secret made("slc_" + hex_lower(random_bytes(24)));
    auto digest = digest_of(made.reveal());
    if (auto stored = store.put(kKind, kAdminName, hex_lower(digest)); !stored) return stored.error();
    return AdminToken{std::move(digest), std::move(made)};
}

}  // namespace sluice
