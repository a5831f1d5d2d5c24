// Tokens: who sees which, and what becomes of them.
#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "control/access_directory.hpp"
#include "control/record_kinds.hpp"
#include "control/token_text.hpp"

namespace sluice {
namespace {

constexpr std::size_t kMaxTokensOfOrg = 1000;
/// How many rotated tokens may be in force beside the newest.
constexpr std::size_t kMaxPrevious = 4;

/// What is named may be a token's text, by mistake: it is told nobody.
Error unknown_token(const std::string& id) {
    if (without_token_texts(id) != id)
        return make_error(Errc::not_found, "that is a token's text, or a part of one, not its id",
                          "find the id with: sluice tokens list (GET /v1/tokens)");
    return make_error(Errc::not_found, fmt::format("there is no token \"{}\"", id), "see GET /v1/tokens");
}

bool may_see(const Principal& caller, const TokenRequest& token) {
    // An org's own people manage its tokens, and never one that reaches beyond the org.
    return caller.is_operator || (!token.is_operator && token.org == caller.org);
}

}  // namespace

std::optional<Timestamp> AccessDirectory::last_used_of(const std::string& id) const {
    auto use = uses_.find(id);
    if (use == uses_.end()) return std::nullopt;
    auto ms = use->second->last_used_ms.load(std::memory_order_relaxed);
    return ms == 0 ? std::nullopt : std::optional(from_epoch_ms(ms));
}

AccessDirectory::TokenItem AccessDirectory::item_of(const FileToken& token) const {
    TokenItem item;
    item.id = token.id;
    item.source = "file";
    item.token.name = token.definition.name;
    item.token.org = token.definition.org;
    item.token.scopes = token.definition.scopes;
    item.token.is_pipe = token.definition.is_pipe;
    item.token.rec_types = token.definition.rec_types;
    item.token.expires = token.definition.expires;
    item.token.rate = token.definition.rate;
    item.last_used = last_used_of(token.id);
    return item;
}

AccessDirectory::TokenItem AccessDirectory::item_of(const TokenRecord& record) const {
    TokenItem item;
    item.id = record.id;
    item.source = "api";
    item.token = record.token;
    item.created = record.created;
    item.created_by = record.created_by;
    item.last_used = last_used_of(record.id);
    auto now = parts_.clock.now();
    for (const auto& previous : record.previous)
        if (previous.until > now) item.previous_until = std::max(item.previous_until.value_or(now), previous.until);
    return item;
}

AccessDirectory::TokenItem AccessDirectory::admin_item() const {
    TokenItem item;
    item.id = std::string(kAdminTokenId);
    item.source = admin_.is_given ? "environment" : "start";
    item.token.name = item.id;
    item.token.org = "default";
    item.token.scopes = static_cast<std::uint32_t>(Scope::all);
    item.token.is_operator = true;
    item.last_used = last_used_of(item.id);
    return item;
}

std::map<std::string, AccessDirectory::TokenItem> AccessDirectory::visible_tokens(const Principal& caller) const {
    std::map<std::string, TokenItem> out;
    if (caller.is_operator) out.emplace(kAdminTokenId, admin_item());
    for (const auto& token : file_tokens_)
        if (auto item = item_of(token); may_see(caller, item.token)) out.emplace(token.id, std::move(item));
    for (const auto& [id, record] : records_)
        if (may_see(caller, record.token)) out.emplace(id, item_of(record));
    return out;
}

std::vector<AccessDirectory::TokenItem> AccessDirectory::tokens(const Principal& caller, const std::string& org,
                                                                const std::string& after, std::size_t limit) const {
    std::lock_guard lock(mutex_);
    auto all = visible_tokens(caller);
    std::vector<TokenItem> out;
    for (auto at = all.upper_bound(after); at != all.end() && out.size() < limit; ++at)
        if (org.empty() || at->second.token.org == org) out.push_back(std::move(at->second));
    return out;
}

Result<AccessDirectory::TokenItem> AccessDirectory::token(const Principal& caller, const std::string& id) const {
    std::lock_guard lock(mutex_);
    if (caller.is_operator && id == kAdminTokenId) return admin_item();
    for (const auto& token : file_tokens_)
        if (token.id == id && (caller.is_operator || token.definition.org == caller.org)) return item_of(token);
    auto found = records_.find(id);
    // Another org's is as unknown as one that is not there.
    if (found == records_.end() || !may_see(caller, found->second.token)) return unknown_token(id);
    return item_of(found->second);
}

Result<TokenRecord> AccessDirectory::changeable(const Principal& caller, const std::string& id) const {
    std::lock_guard lock(mutex_);
    if (caller.is_operator && id == kAdminTokenId)
        return make_error(Errc::conflict, "the operator's own token cannot be revoked",
                          admin_.is_given ? "SLUICE_ADMIN_TOKEN gives it: change it there"
                                          : "rotate it, or set SLUICE_ADMIN_TOKEN to give another");
    for (const auto& token : file_tokens_)
        if (token.id == id && may_see(caller, item_of(token).token))
            return make_error(Errc::conflict, fmt::format("the token \"{}\" stands in the configuration file", id),
                              "change it there and reload");
    auto found = records_.find(id);
    // Another org's is as unknown as one that is not there.
    if (found == records_.end() || !may_see(caller, found->second.token)) return unknown_token(id);
    return found->second;
}

Result<void> AccessDirectory::keep(const TokenRecord& record) {
    if (auto put = parts_.store.put(kTokenKind, record.id, encode(record)); !put) return put;
    std::lock_guard lock(mutex_);
    records_.insert_or_assign(record.id, record);
    return publish();
}

Result<AccessDirectory::Issued> AccessDirectory::create_now(const Principal& caller, TokenRequest wanted) {
    // Checked here too, where the token is made: whoever calls.
    if (!caller.is_operator && wanted.org != caller.org)
        return make_error(Errc::forbidden, "org names another org", "a token may only make tokens of its own org");
    if (!caller.is_operator && wanted.is_operator)
        return make_error(Errc::forbidden, "operator is for the operator's tokens only", "leave it out");
    if ((wanted.scopes & ~caller.scopes) != 0)
        return make_error(Errc::forbidden, "scopes names scopes that the caller does not have", "leave them out");
    TokenRecord record;
    record.id = "tok_" + hex_lower(random_bytes(8));
    record.token = std::move(wanted);
    record.created = parts_.clock.now();
    record.created_by = caller.token_name;
    Secret text = make_token_text();
    record.sha256 = token_digest(text.reveal());
    {
        std::lock_guard lock(mutex_);
        auto of_org = std::count_if(records_.begin(), records_.end(),
                                    [&](const auto& each) { return each.second.token.org == record.token.org; });
        if (static_cast<std::size_t>(of_org) >= kMaxTokensOfOrg)
            return make_error(Errc::conflict, fmt::format("the org has {} tokens, and may not have more", of_org),
                              "revoke those that are not used");
    }
    if (auto kept = keep(record); !kept) return kept.error();
    std::lock_guard lock(mutex_);
    return Issued{item_of(record), std::move(text)};
}

Result<AccessDirectory::Issued> AccessDirectory::rotate_admin_now(std::chrono::milliseconds overlap) {
    {
        std::lock_guard lock(mutex_);
        if (admin_.is_given)
            return make_error(Errc::conflict, "SLUICE_ADMIN_TOKEN gives the operator's token",
                              "change it there and restart");
    }
    if (overlap.count() != 0)
        return make_error(Errc::invalid_argument, "overlap is not for the operator's own token",
                          "leave it out: the one before stops at once");
    auto made = new_admin_token(parts_.store);
    if (!made) return made.error();
    std::lock_guard lock(mutex_);
    admin_.sha256 = made->sha256;
    if (auto published = publish(); !published) return published.error();
    return Issued{admin_item(), std::move(*made->to_show)};
}

Result<AccessDirectory::Issued> AccessDirectory::rotate_now(const Principal& caller, const std::string& id,
                                                            std::chrono::milliseconds overlap) {
    if (caller.is_operator && id == kAdminTokenId) return rotate_admin_now(overlap);
    auto record = changeable(caller, id);
    if (!record) return record.error();
    auto now = parts_.clock.now();
    if (record->token.expires && *record->token.expires <= now)
        return make_error(Errc::conflict,
                          fmt::format("the token \"{}\" expired at {}, and another text for it would be no good either",
                                      id, format_rfc3339(*record->token.expires)),
                          "make another token");
    std::erase_if(record->previous, [&](const auto& each) { return each.until <= now; });
    if (overlap.count() > 0) {
        if (record->previous.size() >= kMaxPrevious)
            return make_error(Errc::conflict,
                              fmt::format("{} earlier texts of this token are in force still", kMaxPrevious),
                              "wait for the first to end, or rotate without overlap to end them all");
        record->previous.push_back({record->sha256, now + overlap});
    } else {
        record->previous.clear();
    }
    Secret text = make_token_text();
    record->sha256 = token_digest(text.reveal());
    if (auto kept = keep(*record); !kept) return kept.error();
    std::lock_guard lock(mutex_);
    return Issued{item_of(*record), std::move(text)};
}

Result<void> AccessDirectory::revoke_now(const Principal& caller, const std::string& id) {
    auto record = changeable(caller, id);
    if (!record) return record.error();
    if (auto erased = parts_.store.erase(kTokenKind, id); !erased) return erased;
    std::lock_guard lock(mutex_);
    records_.erase(id);
    return publish();
}

boost::asio::awaitable<Result<AccessDirectory::Issued>> AccessDirectory::create_token(Principal caller,
                                                                                      TokenRequest wanted) {
    auto step = [this, caller = std::move(caller), wanted = std::move(wanted)] { return create_now(caller, wanted); };
    co_return co_await parts_.blocking.run(std::move(step));
}

boost::asio::awaitable<Result<AccessDirectory::Issued>> AccessDirectory::rotate_token(
    Principal caller, std::string id, std::chrono::milliseconds overlap) {
    auto step = [this, caller = std::move(caller), id = std::move(id), overlap] {
        return rotate_now(caller, id, overlap);
    };
    co_return co_await parts_.blocking.run(std::move(step));
}

boost::asio::awaitable<Result<void>> AccessDirectory::revoke_token(Principal caller, std::string id) {
    auto step = [this, caller = std::move(caller), id = std::move(id)] { return revoke_now(caller, id); };
    co_return co_await parts_.blocking.run(std::move(step));
}

}  // namespace sluice
