#include "alerts/alert_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "control/record_kinds.hpp"
#include "control/settings_change.hpp"
#include "destination/secret_files.hpp"

namespace sluice {

using boost::asio::awaitable;
using boost::json::object;

namespace {

/// What of an alert's settings is a webhook's: as `destination: {type: webhook, …}` the rules for an integration's
/// secrets hold for it too.
constexpr std::string_view kWebhookMembers[] = {"url", "secret", "headers", "endpoint", "proxy", "tls"};

object nested(object settings) {
    object destination{{"type", "webhook"}};
    for (std::string_view name : kWebhookMembers) {
        if (const auto* member = settings.if_contains(name)) {
            destination[name] = *member;
            settings.stable_erase(name);
        }
    }
    settings["destination"] = std::move(destination);
    return settings;
}

object flat(object settings) {
    object destination = std::move(settings["destination"].get_object());
    settings.stable_erase("destination");
    destination.stable_erase("type");
    for (auto& [name, member] : destination) settings[name] = std::move(member);
    return settings;
}

/// Its message speaks of `destination.url`, which is just `url` here.
Error flattened(Error error) {
    constexpr std::string_view kPrefix = "destination.";
    for (auto at = error.message.find(kPrefix); at != std::string::npos; at = error.message.find(kPrefix))
        error.message.erase(at, kPrefix.size());
    return error;
}

std::string new_revision() {
    return hex_lower(random_bytes(8));
}

Error unknown_alert(const std::string& id) {
    return make_error(Errc::not_found, fmt::format("there is no alert \"{}\"", id));
}

Error changed_meanwhile(const std::string& id) {
    return make_error(Errc::conflict, fmt::format("the alert \"{}\" was changed meanwhile", id),
                      "read it again and repeat the change");
}

Error files_own(const std::string& id) {
    return make_error(Errc::conflict, fmt::format("the alert \"{}\" stands in the configuration file", id),
                      "change it there and reload");
}

/// As Standard Webhooks recommends: 24 random bytes.
std::string new_secret() {
    return "whsec_" + base64_encode(random_bytes(24));
}

}  // namespace

AlertDirectory::AlertDirectory(Parts parts, bool allow_loopback_to_tenants)
    : parts_(parts), allow_loopback_(allow_loopback_to_tenants) {}

Result<std::vector<AlertDirectory::FileAlert>> AlertDirectory::check(const std::vector<object>& file_alerts,
                                                                     const Locate& locate) {
    std::vector<FileAlert> out;
    for (std::size_t i = 0; i < file_alerts.size(); ++i) {
        AlertOrigin origin;
        origin.path = fmt::format("alerts[{}]", i);
        origin.all_orgs = true;
        static constexpr std::string_view kSecret[] = {"secret"};
        auto whole = with_secret_files(file_alerts[i], kSecret, true);
        if (!whole) {
            Error error = flattened(whole.error());
            error.message = origin.path + "." + error.message;
            return locate(error);
        }
        auto parsed = parse_alert(*whole, origin);
        if (!parsed) return locate(parsed.error());
        for (std::size_t before = 0; before < i; ++before) {
            if (out[before].alert.id == parsed->id)
                return locate(make_error(Errc::conflict, fmt::format("{}.id is \"{}\", as alerts[{}] has already",
                                                                     origin.path, parsed->id, before)));
        }
        out.push_back({std::move(*parsed), file_alerts[i]});
    }
    return out;
}

std::shared_ptr<const Alert> AlertDirectory::nobodys_alert(const std::string& id, const object& settings) {
    auto alert = std::make_shared<Alert>();
    alert->id = id;
    const auto* org = settings.if_contains("org");
    alert->org = org != nullptr && org->is_string() ? org->get_string().c_str() : "default";
    return alert;
}

Result<void> AlertDirectory::load(std::vector<FileAlert> file_alerts) {
    auto kept = parts_.sealed.list(kAlertKind);
    if (!kept) return kept.error();
    for (const auto& [id, text] : *kept) {
        boost::system::error_code failed;
        auto value = boost::json::parse(text, failed);
        if (failed || !value.is_object())
            return make_error(Errc::corrupt, fmt::format("the kept alert \"{}\" is not a JSON object", id));
        object& settings = value.get_object();
        Entry entry;
        entry.operator_owned = settings["_operator"].is_bool() && settings["_operator"].get_bool();
        if (settings["_revision"].is_string()) entry.revision = settings["_revision"].get_string().c_str();
        settings.stable_erase("_operator");
        settings.stable_erase("_revision");
        auto alert = parse(settings, "default", entry.operator_owned);
        if (!alert) entry.unusable = alert.error();
        entry.alert = alert ? std::make_shared<Alert>(std::move(*alert)) : nobodys_alert(id, settings);
        entry.settings = std::move(settings);
        std::lock_guard lock(mutex_);
        entries_[id] = std::move(entry);
    }
    if (auto checked = check_reload(file_alerts); !checked) return checked;
    reload(std::move(file_alerts));
    return {};
}

Result<void> AlertDirectory::check_reload(const std::vector<FileAlert>& file_alerts) const {
    std::lock_guard lock(mutex_);
    for (const FileAlert& each : file_alerts) {
        auto found = entries_.find(each.alert.id);
        if (found != entries_.end() && !found->second.from_file)
            return make_error(
                Errc::conflict,
                fmt::format("the alert \"{}\" stands in the file and was also made through the API", each.alert.id),
                "rename the one in the file, or delete the other through the API first");
    }
    return {};
}

void AlertDirectory::reload(std::vector<FileAlert> file_alerts) {
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const auto& entry) { return entry.second.from_file; });
    for (FileAlert& each : file_alerts) {
        Entry entry;
        entry.from_file = true;
        entry.settings = std::move(each.settings);
        entry.revision = new_revision();
        std::string id = each.alert.id;
        entry.alert = std::make_shared<Alert>(std::move(each.alert));
        entries_[id] = std::move(entry);
    }
}

Result<AlertDirectory::Entry> AlertDirectory::visible(const Principal& caller, const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(id);
    // Another org's is as unknown as one that is not there.
    if (found == entries_.end() || (!caller.is_operator && found->second.alert->org != caller.org))
        return unknown_alert(id);
    // The file's are the operator's own, whatever org they name.
    if (found->second.from_file && !caller.is_operator) return unknown_alert(id);
    return found->second;
}

AlertDirectory::Item AlertDirectory::item_of(const std::string& id, const Entry& entry) const {
    object settings = flat(redact_settings(nested(entry.settings), parts_.registry));
    settings["org"] = entry.alert->org;
    return {id, entry.alert->org, entry.from_file, std::move(settings), entry.revision, entry.unusable};
}

std::vector<AlertDirectory::Item> AlertDirectory::list(const Principal& caller, const std::string& after,
                                                       std::size_t limit) const {
    std::lock_guard lock(mutex_);
    std::vector<Item> out;
    for (auto at = entries_.upper_bound(after); at != entries_.end() && out.size() < limit; ++at) {
        bool its_own = !at->second.from_file && at->second.alert->org == caller.org;
        if (caller.is_operator || its_own) out.push_back(item_of(at->first, at->second));
    }
    return out;
}

Result<AlertDirectory::Item> AlertDirectory::get(const Principal& caller, const std::string& id) const {
    auto entry = visible(caller, id);
    if (!entry) return entry.error();
    return item_of(id, *entry);
}

Result<Alert> AlertDirectory::parse(const object& settings, const std::string& org, bool operator_owned) const {
    AlertOrigin origin;
    origin.default_org = org;
    if (const auto* own = settings.if_contains("org"); own != nullptr && own->is_string() && !operator_owned)
        origin.default_org = own->get_string().c_str();
    origin.operator_owned = operator_owned;
    origin.allow_loopback = allow_loopback_;
    return parse_alert(settings, origin);
}

Result<void> AlertDirectory::keep(const std::string& id, const Entry& entry) {
    object settings = entry.settings;
    settings["_operator"] = entry.operator_owned;
    settings["_revision"] = entry.revision;
    return parts_.sealed.put(kAlertKind, id, boost::json::serialize(settings));
}

awaitable<Result<AlertDirectory::Created>> AlertDirectory::create(Principal caller, object settings) {
    auto work = [this, caller, settings] { return create_now(caller, settings); };
    Result<Created> created = co_await parts_.changes.run(std::move(work));
    co_return created;
}

Result<AlertDirectory::Created> AlertDirectory::create_now(const Principal& caller, object settings) {
    std::optional<Secret> made;
    if (!settings.contains("secret")) {
        made = Secret(new_secret());
        settings["secret"] = made->reveal();
    }
    AlertOrigin origin;
    origin.default_org = caller.org;
    origin.operator_owned = caller.is_operator;
    origin.allow_loopback = allow_loopback_;
    auto alert = parse_alert(settings, origin);
    if (!alert) return alert.error();
    // What was left to a default is kept as it was decided now.
    settings["org"] = alert->org;
    std::string id = alert->id;
    {
        std::lock_guard lock(mutex_);
        if (entries_.contains(id))
            return make_error(Errc::conflict, fmt::format("the id \"{}\" is in use", id), "choose another id");
        auto same_org = std::count_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
            return !entry.second.from_file && entry.second.alert->org == alert->org;
        });
        if (static_cast<std::size_t>(same_org) >= kMostOfOneOrg)
            return make_error(Errc::conflict,
                              fmt::format("the org has {} alerts, which is as many as may be", same_org),
                              "change or delete one of them");
    }
    Entry entry;
    entry.alert = std::make_shared<Alert>(std::move(*alert));
    entry.settings = std::move(settings);
    entry.operator_owned = caller.is_operator;
    entry.revision = new_revision();
    if (auto kept = keep(id, entry); !kept) return kept.error();
    Created created{item_of(id, entry), std::move(made)};
    std::lock_guard lock(mutex_);
    entries_[id] = std::move(entry);
    return created;
}

awaitable<Result<AlertDirectory::Item>> AlertDirectory::change(Principal caller, std::string id, object settings,
                                                               bool merge, std::string revision) {
    auto work = [this, caller, id, settings, merge, revision] {
        return change_now(caller, id, settings, merge, revision);
    };
    Result<Item> changed = co_await parts_.changes.run(std::move(work));
    co_return changed;
}

Result<AlertDirectory::Item> AlertDirectory::change_now(const Principal& caller, const std::string& id, object settings,
                                                        bool merge, const std::string& revision) {
    auto before = visible(caller, id);
    if (!before) return before.error();
    if (before->from_file) return files_own(id);
    if (!revision.empty() && revision != before->revision) return changed_meanwhile(id);
    // The path names it; a body may, and cannot name another.
    if (!settings.contains("id") && !merge) settings["id"] = id;
    if (!settings.contains("org") && !merge) settings["org"] = before->alert->org;
    object kept = nested(before->settings);
    auto made = merge ? patched_settings(kept, nested(std::move(settings)), parts_.registry)
                      : replaced_settings(kept, nested(std::move(settings)), parts_.registry);
    if (!made) return flattened(made.error());
    Entry after = *before;
    after.settings = flat(std::move(*made));
    after.revision = new_revision();
    // Whoever changes it answers for what it may reach.
    after.operator_owned = caller.is_operator;
    auto alert = parse(after.settings, before->alert->org, after.operator_owned);
    if (!alert) return alert.error();
    if (alert->id != id || alert->org != before->alert->org)
        return make_error(Errc::invalid_argument, "an alert's id and org cannot be changed",
                          "make another alert, and delete this one");
    after.alert = std::make_shared<Alert>(std::move(*alert));
    after.unusable.reset();
    if (auto stored = keep(id, after); !stored) return stored.error();
    Item item = item_of(id, after);
    std::lock_guard lock(mutex_);
    entries_[id] = std::move(after);
    return item;
}

awaitable<Result<void>> AlertDirectory::erase(Principal caller, std::string id, std::string revision) {
    auto work = [this, caller, id, revision] { return erase_now(caller, id, revision); };
    co_return co_await parts_.changes.run(std::move(work));
}

Result<void> AlertDirectory::erase_now(const Principal& caller, const std::string& id, const std::string& revision) {
    auto entry = visible(caller, id);
    if (!entry) return entry.error();
    if (entry->from_file) return files_own(id);
    if (!revision.empty() && revision != entry->revision) return changed_meanwhile(id);
    if (auto erased = parts_.sealed.erase(kAlertKind, id); !erased) return erased;
    std::lock_guard lock(mutex_);
    entries_.erase(id);
    return {};
}

std::vector<std::shared_ptr<const Alert>> AlertDirectory::interested(std::string_view org,
                                                                     std::string_view type) const {
    std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<const Alert>> out;
    for (const auto& [id, entry] : entries_)
        if (!entry.unusable && entry.alert->wants(org, type)) out.push_back(entry.alert);
    return out;
}

std::shared_ptr<const Alert> AlertDirectory::find(const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(id);
    return found == entries_.end() || found->second.unusable ? nullptr : found->second.alert;
}

}  // namespace sluice
