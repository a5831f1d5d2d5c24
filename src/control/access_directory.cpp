#include "control/access_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "control/record_kinds.hpp"

namespace sluice {
namespace {

constexpr std::string_view kLastUsed = "last_used";

Principal principal_of(const std::string& id, const TokenRequest& token) {
    return {.token_id = id,
            .token_name = token.name,
            .org = token.org,
            .scopes = token.scopes,
            .is_operator = token.is_operator,
            .is_pipe = token.is_pipe,
            .rec_types = token.rec_types};
}

TokenRequest request_of(const TokenDefinition& definition) {
    TokenRequest token;
    token.name = definition.name;
    token.org = definition.org;
    token.scopes = definition.scopes;
    token.is_pipe = definition.is_pipe;
    token.rec_types = definition.rec_types;
    token.expires = definition.expires;
    token.rate = definition.rate;
    return token;
}

TokenRequest admin_request() {
    TokenRequest token;
    token.name = std::string(kAdminTokenId);
    token.org = "default";
    token.scopes = static_cast<std::uint32_t>(Scope::all);
    token.is_operator = true;
    return token;
}

std::map<std::string, std::int64_t> parse_last_used(const std::optional<std::string>& text) {
    std::map<std::string, std::int64_t> out;
    boost::system::error_code bad;
    auto value = boost::json::parse(text.value_or("{}"), bad);
    // Telling when a token was last used is a courtesy: what cannot be read is left out.
    if (bad || !value.is_object()) return out;
    for (const auto& [id, ms] : value.get_object())
        if (ms.is_int64()) out.emplace(std::string(id), ms.get_int64());
    return out;
}

}  // namespace

std::vector<AccessDirectory::FileToken> AccessDirectory::file_tokens_of(
    const std::vector<TokenDefinition>& definitions) {
    std::vector<FileToken> out;
    std::set<std::string> ids{std::string(kAdminTokenId)};
    for (const auto& definition : definitions) {
        // Its name, which a file may use twice.
        std::string id = definition.name;
        for (int again = 2; !ids.insert(id).second; ++again) id = fmt::format("{}-{}", definition.name, again);
        out.push_back({id, definition, token_digest(definition.token.reveal())});
        // The text has served: from here on only its digest is needed.
        out.back().definition.token = Secret();
    }
    return out;
}

std::shared_ptr<TokenUse> AccessDirectory::use_of(const std::string& id, RateLimit limit) {
    auto& use = uses_[id];
    if (use && use->rate.limit() == RequestRate(limit).limit()) return use;
    auto fresh = std::make_shared<TokenUse>(limit);
    if (use) fresh->last_used_ms = use->last_used_ms.load();
    use = fresh;
    return fresh;
}

std::optional<OrgDefinition> AccessDirectory::definition_of(const std::string& id) const {
    auto in_file = std::find_if(file_.orgs.begin(), file_.orgs.end(), [&](const auto& each) { return each.id == id; });
    if (in_file != file_.orgs.end()) return *in_file;
    auto record = orgs_.find(id);
    if (record != orgs_.end()) return record->second.definition;
    return std::nullopt;
}

std::shared_ptr<RequestRate> AccessDirectory::org_rate_of(const std::string& org) {
    auto definition = definition_of(org);
    RateLimit limit = definition ? definition->limits.requests : RateLimit();
    if (limit.per_second == 0) return nullptr;
    auto& rate = org_rates_[org];
    if (!rate || rate->limit() != RequestRate(limit).limit()) rate = std::make_shared<RequestRate>(limit);
    return rate;
}

Result<std::shared_ptr<const TokenDirectory>> AccessDirectory::make_directory() {
    auto directory = std::make_shared<TokenDirectory>();
    auto add = [&](const std::string& id, const TokenRequest& token, const std::string& sha256,
                   std::optional<Timestamp> rotated_until) {
        KnownToken known;
        known.principal = principal_of(id, token);
        known.until = token.expires;
        if (rotated_until && (!known.until || *rotated_until < *known.until)) {
            known.until = rotated_until;
            known.was_rotated = true;
        }
        known.use = use_of(id, token.rate.value_or(token.is_operator ? RateLimit() : file_.rate));
        if (!token.is_operator) known.org_rate = org_rate_of(token.org);
        return directory->add(sha256, std::move(known));
    };
    if (auto added = add(std::string(kAdminTokenId), admin_request(), admin_.sha256, {}); !added) return added.error();
    for (const auto& token : file_tokens_)
        if (auto added = add(token.id, request_of(token.definition), token.sha256, {}); !added) return added.error();
    for (const auto& [id, record] : records_) {
        if (auto added = add(id, record.token, record.sha256, {}); !added) return added.error();
        for (const auto& previous : record.previous)
            if (auto added = add(id, record.token, previous.sha256, previous.until); !added) return added.error();
    }
    return std::shared_ptr<const TokenDirectory>(std::move(directory));
}

Result<void> AccessDirectory::publish() {
    auto made = make_directory();
    if (!made) return made.error();
    {
        std::lock_guard in_force(in_force_mutex_);
        in_force_ = std::move(*made);
    }
    version_.fetch_add(1, std::memory_order_release);
    // What nothing refers to any more is of tokens that are gone.
    std::erase_if(uses_, [](const auto& each) { return each.second.use_count() == 1; });
    std::erase_if(org_rates_, [](const auto& each) { return each.second.use_count() == 1; });
    return {};
}

Result<void> AccessDirectory::load(FromFile file, AdminToken admin) {
    auto tokens = parts_.store.list(kTokenKind);
    if (!tokens) return tokens.error();
    auto orgs = parts_.store.list(kOrgKind);
    if (!orgs) return orgs.error();
    auto last_used = parts_.store.get(kTokenUseKind, kLastUsed);
    if (!last_used) return last_used.error();

    std::lock_guard lock(mutex_);
    for (const auto& [id, text] : *tokens) {
        auto record = decode_token_record(text);
        if (!record) return record.error();
        records_.emplace(id, std::move(*record));
    }
    for (const auto& [id, text] : *orgs) {
        auto record = decode_org_record(text);
        if (!record) return record.error();
        orgs_.emplace(id, std::move(*record));
    }
    kept_last_used_ = last_used->value_or(std::string());
    for (const auto& [id, ms] : parse_last_used(*last_used)) {
        auto use = std::make_shared<TokenUse>(RateLimit());
        use->last_used_ms = ms;
        uses_.emplace(id, std::move(use));
    }
    admin_ = std::move(admin);
    admin_.to_show.reset();
    file_tokens_ = file_tokens_of(file.tokens);
    file_ = std::move(file);
    file_.tokens.clear();
    return publish();
}

Result<void> AccessDirectory::check_tokens(const std::vector<TokenDefinition>& definitions,
                                           const std::string& admin_sha256) {
    TokenDirectory directory;
    KnownToken admin;
    admin.principal = principal_of(std::string(kAdminTokenId), admin_request());
    if (auto added = directory.add(admin_sha256, std::move(admin)); !added) return added;
    for (const auto& token : file_tokens_of(definitions)) {
        KnownToken known;
        known.principal = principal_of(token.id, request_of(token.definition));
        if (auto added = directory.add(token.sha256, std::move(known)); !added) return added;
    }
    return {};
}

Result<void> AccessDirectory::check(const FromFile& file) const {
    std::lock_guard lock(mutex_);
    return check_tokens(file.tokens, admin_.sha256);
}

void AccessDirectory::apply(FromFile file) {
    {
        std::lock_guard lock(mutex_);
        file_tokens_ = file_tokens_of(file.tokens);
        file_ = std::move(file);
        file_.tokens.clear();
        // check() has said that it is good, and a token made since then cannot be one of the file's.
        (void)publish();
    }
    if (orgs_changed_) orgs_changed_();
}

std::shared_ptr<const TokenDirectory> AccessDirectory::tokens_in_force() const {
    std::lock_guard lock(in_force_mutex_);
    return in_force_;
}

bool AccessDirectory::is_in_force(const std::string& sha256) const {
    auto directory = tokens_in_force();
    const KnownToken* known = directory->find_digest(sha256);
    return known != nullptr && known->is_valid_at(parts_.clock.now());
}

std::map<std::string, std::uint64_t, std::less<>> AccessDirectory::org_backlogs() const {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::uint64_t, std::less<>> out;
    for (const auto& [id, record] : orgs_)
        if (record.definition.limits.backlog) out[id] = *record.definition.limits.backlog;
    for (const auto& org : file_.orgs) {
        out.erase(org.id);
        if (org.limits.backlog) out[org.id] = *org.limits.backlog;
    }
    return out;
}

Result<void> AccessDirectory::keep_last_used() {
    boost::json::object all;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [id, use] : uses_)
            if (auto ms = use->last_used_ms.load(std::memory_order_relaxed); ms != 0) all[id] = ms;
    }
    auto text = boost::json::serialize(all);
    {
        std::lock_guard lock(mutex_);
        if (text == kept_last_used_) return {};
    }
    if (auto put = parts_.store.put(kTokenUseKind, kLastUsed, text); !put) return put;
    std::lock_guard lock(mutex_);
    kept_last_used_ = std::move(text);
    return {};
}

}  // namespace sluice
