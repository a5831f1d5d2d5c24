// Orgs: their records, and what an org without one looks like.
#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "control/access_directory.hpp"
#include "control/record_kinds.hpp"

namespace sluice {
namespace {

Error unknown_org(const std::string& id) {
    return make_error(Errc::not_found, fmt::format("there is no org \"{}\"", id),
                      "see GET /v1/orgs; its record is made with POST /v1/orgs");
}

std::string revision_of(const OrgRecord& record) {
    return hex_lower(as_view(sha256(encode(record))).substr(0, 8));
}

std::size_t count_of(const AccessDirectory::CountByOrg& counts, const std::string& org) {
    auto found = counts.find(org);
    return found == counts.end() ? 0 : found->second;
}

}  // namespace

AccessDirectory::CountByOrg AccessDirectory::tokens_by_org() const {
    CountByOrg out;
    for (const auto& token : file_tokens_) ++out[token.definition.org];
    for (const auto& [id, record] : records_)
        if (!record.token.is_operator) ++out[record.token.org];
    return out;
}

AccessDirectory::OrgItem AccessDirectory::org_item_of(const std::string& id, const CountByOrg& tokens,
                                                      const CountByOrg& integrations) const {
    OrgItem item;
    bool in_file = std::any_of(file_.orgs.begin(), file_.orgs.end(), [&](const auto& each) { return each.id == id; });
    auto record = orgs_.find(id);
    item.source = in_file ? "file" : record != orgs_.end() ? "api" : "none";
    item.definition = definition_of(id).value_or(OrgDefinition());
    item.definition.id = id;
    item.tokens = count_of(tokens, id);
    item.integrations = count_of(integrations, id);
    if (item.source == "api") {
        item.created = record->second.created;
        item.revision = revision_of(record->second);
    }
    return item;
}

std::vector<AccessDirectory::OrgItem> AccessDirectory::orgs(const Principal& caller, const CountByOrg& integrations,
                                                            const std::string& after, std::size_t limit) const {
    std::lock_guard lock(mutex_);
    auto tokens = tokens_by_org();
    // An org's own people see theirs, whether or not anybody wrote it down.
    CountByOrg ids;
    if (caller.is_operator) {
        ids = tokens;
        ids.insert(integrations.begin(), integrations.end());
        for (const auto& org : file_.orgs) ids.emplace(org.id, 0);
        for (const auto& [id, record] : orgs_) ids.emplace(id, 0);
    } else {
        ids.emplace(caller.org, 0);
    }
    std::vector<OrgItem> out;
    for (auto at = ids.upper_bound(after); at != ids.end() && out.size() < limit; ++at)
        out.push_back(org_item_of(at->first, tokens, integrations));
    return out;
}

Result<AccessDirectory::OrgItem> AccessDirectory::org(const Principal& caller, const CountByOrg& integrations,
                                                      const std::string& id) const {
    if (!caller.is_operator && caller.org != id) return unknown_org(id);
    std::lock_guard lock(mutex_);
    auto item = org_item_of(id, tokens_by_org(), integrations);
    bool named = item.source != "none" || item.tokens != 0 || item.integrations != 0 || !caller.is_operator;
    if (!named) return unknown_org(id);
    return item;
}

Result<AccessDirectory::OrgItem> AccessDirectory::put_org_now(OrgDefinition org, bool must_be_new,
                                                              const std::string& revision) {
    OrgRecord record{std::move(org), parts_.clock.now()};
    const std::string id = record.definition.id;
    {
        std::lock_guard lock(mutex_);
        auto before = orgs_.find(id);
        bool in_file =
            std::any_of(file_.orgs.begin(), file_.orgs.end(), [&](const auto& each) { return each.id == id; });
        if (in_file)
            return make_error(Errc::conflict, fmt::format("the org \"{}\" stands in the configuration file", id),
                              "change it there and reload");
        if (must_be_new && before != orgs_.end())
            return make_error(Errc::conflict, fmt::format("the org \"{}\" is there already", id),
                              "change it with PUT or PATCH");
        if (!must_be_new && before == orgs_.end()) return unknown_org(id);
        if (!revision.empty() && revision != revision_of(before->second))
            return make_error(Errc::conflict, fmt::format("the org \"{}\" was changed meanwhile", id),
                              "read it again and repeat the change");
        if (before != orgs_.end()) record.created = before->second.created;
    }
    if (auto put = parts_.store.put(kOrgKind, id, encode(record)); !put) return put.error();
    OrgItem item;
    {
        std::lock_guard lock(mutex_);
        orgs_.insert_or_assign(id, std::move(record));
        if (auto published = publish(); !published) return published.error();
        item = org_item_of(id, tokens_by_org(), {});
    }
    if (orgs_changed_) orgs_changed_();
    return item;
}

Result<void> AccessDirectory::erase_org_now(const std::string& id, const CountByOrg& integrations,
                                            const std::string& revision) {
    {
        std::lock_guard lock(mutex_);
        auto item = org_item_of(id, tokens_by_org(), integrations);
        if (item.source == "file")
            return make_error(Errc::conflict, fmt::format("the org \"{}\" stands in the configuration file", id),
                              "remove it there and reload");
        if (item.source != "api") return unknown_org(id);
        if (!revision.empty() && revision != item.revision)
            return make_error(Errc::conflict, fmt::format("the org \"{}\" was changed meanwhile", id),
                              "read it again and repeat the change");
        if (item.tokens != 0 || item.integrations != 0)
            return make_error(
                Errc::conflict,
                fmt::format("the org \"{}\" has {} tokens and {} integrations", id, item.tokens, item.integrations),
                "revoke and delete them first");
    }
    if (auto erased = parts_.store.erase(kOrgKind, id); !erased) return erased;
    {
        std::lock_guard lock(mutex_);
        orgs_.erase(id);
        if (auto published = publish(); !published) return published;
    }
    if (orgs_changed_) orgs_changed_();
    return {};
}

boost::asio::awaitable<Result<AccessDirectory::OrgItem>> AccessDirectory::create_org(OrgDefinition org) {
    auto step = [this, org = std::move(org)] { return put_org_now(org, true, {}); };
    co_return co_await parts_.blocking.run(std::move(step));
}

boost::asio::awaitable<Result<AccessDirectory::OrgItem>> AccessDirectory::change_org(OrgDefinition org,
                                                                                     std::string revision) {
    auto step = [this, org = std::move(org), revision = std::move(revision)] {
        return put_org_now(org, false, revision);
    };
    co_return co_await parts_.blocking.run(std::move(step));
}

boost::asio::awaitable<Result<void>> AccessDirectory::erase_org(std::string id, CountByOrg integrations,
                                                                std::string revision) {
    auto step = [this, id = std::move(id), integrations = std::move(integrations), revision = std::move(revision)] {
        return erase_org_now(id, integrations, revision);
    };
    co_return co_await parts_.blocking.run(std::move(step));
}

}  // namespace sluice
