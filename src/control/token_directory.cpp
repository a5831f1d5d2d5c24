#include "control/token_directory.hpp"

#include <algorithm>
#include <cstring>

#include "base/encoding.hpp"
#include "control/record_kinds.hpp"
#include "control/token_text.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxTokenBytes = 1024;

}  // namespace

std::string token_digest(std::string_view token) {
    return std::string(as_view(sha256(token)));
}

std::size_t TokenDirectory::DigestHash::operator()(const std::string& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), std::min(sizeof hash, digest.size()));
    return hash;
}

Result<void> TokenDirectory::add(std::string sha256, KnownToken known) {
    auto name = known.principal.token_name;
    auto [at, fresh] = by_digest_.emplace(std::move(sha256), std::move(known));
    if (fresh) return {};
    return make_error(Errc::conflict,
                      "the tokens \"" + at->second.principal.token_name + "\" and \"" + name + "\" are the same text",
                      "give each its own");
}

const KnownToken* TokenDirectory::find(std::string_view token) const {
    if (token.empty() || token.size() > kMaxTokenBytes) return nullptr;
    return find_digest(token_digest(token));
}

const KnownToken* TokenDirectory::find_digest(const std::string& sha256) const {
    auto found = by_digest_.find(sha256);
    return found == by_digest_.end() ? nullptr : &found->second;
}

Result<AdminToken> admin_token(ControlStore& store, const std::optional<Secret>& given) {
    if (given) return AdminToken{token_digest(given->reveal()), true, std::nullopt};
    auto kept = store.get(kAdminTokenKind, kAdminTokenId);
    if (!kept) return kept.error();
    if (!*kept) return new_admin_token(store);
    auto digest = hex_decode(**kept);
    if (!digest || digest->size() != 32)
        return make_error(Errc::corrupt, "the operator's token in the data folder cannot be read",
                          "set SLUICE_ADMIN_TOKEN to give a new one");
    return AdminToken{std::move(*digest), false, std::nullopt};
}

Result<AdminToken> new_admin_token(ControlStore& store) {
    Secret made = make_token_text();
    auto digest = token_digest(made.reveal());
    if (auto stored = store.put(kAdminTokenKind, kAdminTokenId, hex_lower(digest)); !stored) return stored.error();
    return AdminToken{std::move(digest), false, std::move(made)};
}

}  // namespace sluice
