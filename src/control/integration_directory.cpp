#include "control/integration_directory.hpp"

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "control/integration_record.hpp"
#include "control/named_files.hpp"
#include "control/record_kinds.hpp"
#include "control/replay_record.hpp"
#include "control/settings_trial.hpp"

#include <fmt/format.h>

namespace sluice {
namespace {

/// How long whoever changes settings waits for the provider's word on them.
constexpr auto kTrialLimit = std::chrono::seconds(20);

std::string new_revision() {
    return hex_lower(random_bytes(8));
}

Error unknown_integration(const std::string& id) {
    return make_error(Errc::not_found, fmt::format("there is no integration \"{}\"", id));
}

Error changed_meanwhile(const std::string& id) {
    return make_error(Errc::conflict, fmt::format("the integration \"{}\" was changed meanwhile", id),
                      "read it again and repeat the change");
}

std::string text_member(const boost::json::object& object, std::string_view name) {
    const auto* member = object.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

/// What people look for an integration by: its names and those of its targets. Never a secret: a webhook's URL, whose
/// path may be one, is not shown by the list and is looked at by its host only.
std::string searched_text(const IntegrationConfig& config, const boost::json::object& settings) {
    std::string out = config.id + '\n' + config.org;
    const auto* destination = settings.if_contains("destination");
    if (destination == nullptr || !destination->is_object()) return lower_case(out);
    for (std::string_view name : {"stream", "stream_arn", "queue_url", "hub", "topic", "project", "path", "endpoint"})
        if (auto text = text_member(destination->get_object(), name); !text.empty()) out += '\n' + text;
    std::string url = text_member(destination->get_object(), "url");
    if (auto host = url.find("://"); host != std::string::npos)
        out += '\n' + url.substr(0, url.find_first_of("/?#", host + 3));
    return lower_case(out);
}

}  // namespace

IntegrationDirectory::Change::Change(IntegrationDirectory& directory, std::string id)
    : directory_(directory), id_(std::move(id)) {
    std::lock_guard lock(directory_.mutex_);
    held_ = directory_.changing_.insert(id_).second;
}

IntegrationDirectory::Change::~Change() {
    if (!held_) return;
    std::lock_guard lock(directory_.mutex_);
    directory_.changing_.erase(id_);
}

Result<void> IntegrationDirectory::Change::held() const {
    if (held_) return {};
    return make_error(Errc::conflict, fmt::format("the integration \"{}\" is being changed by another request", id_),
                      "try again in a moment");
}

IntegrationDirectory::IntegrationDirectory(Parts parts, bool allow_loopback_to_tenants)
    : parts_(parts), allow_loopback_(allow_loopback_to_tenants) {}

Result<std::vector<IntegrationConfig>> IntegrationDirectory::check(
    const std::vector<boost::json::object>& file_integrations, const DestinationRegistry& registry,
    const Locate& locate) {
    std::vector<IntegrationConfig> out;
    std::map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < file_integrations.size(); ++i) {
        auto path = fmt::format("integrations[{}]", i);
        auto parsed = parse_integration(file_integrations[i], registry, {.path = path});
        if (!parsed) return locate(parsed.error());
        auto [first, fresh] = seen.emplace(parsed->id, i);
        if (!fresh)
            return locate(make_error(Errc::conflict, fmt::format("{}.id is \"{}\", as integrations[{}] has already",
                                                                 path, parsed->id, first->second)));
        out.push_back(std::move(*parsed));
    }
    return out;
}

/// Told apart from what the store or the log has: with that, no integration could start.
bool IntegrationDirectory::is_about_settings(const Error& error) {
    return error.code == Errc::invalid_argument || error.code == Errc::forbidden || error.code == Errc::not_found ||
           error.code == Errc::unauthenticated;
}

IntegrationDirectory::Entry IntegrationDirectory::make_entry(const IntegrationConfig& config, bool from_file,
                                                             boost::json::object settings) {
    Entry entry;
    entry.org = config.org;
    entry.from_file = from_file;
    entry.operator_owned = config.operator_owned;
    entry.of_other_orgs = config.filter.orgs != std::vector<std::string>{config.org};
    entry.revision = new_revision();
    if (from_file) entry.files = digest_of_named_files(settings);
    entry.searched = searched_text(config, settings);
    entry.settings = std::move(settings);
    return entry;
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::start(Entry entry, IntegrationConfig config,
                                                                 std::optional<std::string> paused_reason) {
    std::string id = config.id;
    const bool paused = paused_reason.has_value();
    Result<void> added = co_await parts_.engine.add(std::move(config), paused);
    if (!added) co_return added.error();
    if (paused) {
        // Tells the engine why; it was never running.
        Result<void> told = co_await parts_.engine.pause(id, std::move(*paused_reason));
        if (!told) co_return told.error();
    }
    std::lock_guard lock(mutex_);
    entries_.insert_or_assign(std::move(id), std::move(entry));
    co_return Result<void>();
}

bool IntegrationDirectory::may_see(const Principal& caller, const Entry& entry) {
    return caller.is_operator || (entry.org == caller.org && !entry.of_other_orgs);
}

Result<IntegrationDirectory::Entry> IntegrationDirectory::visible(const Principal& caller,
                                                                  const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(id);
    // Another org's is as unknown as one that is not there.
    if (found == entries_.end() || !may_see(caller, found->second)) return unknown_integration(id);
    return found->second;
}

Error IntegrationDirectory::id_in_use(const std::string& id) {
    return make_error(Errc::conflict, fmt::format("id \"{}\" is in use", id), "choose another id");
}

IntegrationDirectory::Item IntegrationDirectory::item_of(const std::string& id, const Entry& entry,
                                                         IntegrationStatus status) const {
    return {id,
            entry.org,
            entry.from_file,
            redact_settings(entry.settings, parts_.registry),
            entry.revision,
            std::move(status)};
}

boost::asio::awaitable<IntegrationDirectory::Page> IntegrationDirectory::list(Principal caller,
                                                                              IntegrationSelection selection,
                                                                              bool details) {
    std::vector<IntegrationStatus> all = co_await parts_.engine.list();
    Page page;
    std::lock_guard lock(mutex_);
    std::vector<const IntegrationStatus*> wanted;
    for (const auto& status : all) {
        auto found = entries_.find(status.id);
        if (found == entries_.end() || !may_see(caller, found->second)) continue;
        if (selection.wants(status, found->second.searched)) wanted.push_back(&status);
    }
    IntegrationChoice choice = choose(std::move(wanted), selection);
    for (const auto* status : choice.items) {
        const Entry& entry = entries_.find(status->id)->second;
        page.items.push_back(details ? item_of(status->id, entry, *status)
                                     : Item{status->id, entry.org, entry.from_file, {}, {}, *status});
    }
    if (choice.next) page.next = selection.to_text(*choice.next);
    page.total = choice.total;
    page.states = choice.states;
    co_return page;
}

boost::asio::awaitable<Result<IntegrationDirectory::Item>> IntegrationDirectory::get(Principal caller, std::string id) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<IntegrationStatus> status = co_await parts_.engine.status(id);
    if (!status) co_return status.error();
    co_return item_of(id, *entry, std::move(*status));
}

boost::asio::awaitable<Result<IntegrationDirectory::Item>> IntegrationDirectory::create(Principal caller,
                                                                                        boost::json::object settings) {
    auto config = parse_integration(
        settings, parts_.registry,
        {.default_org = caller.org, .operator_owned = caller.is_operator, .allow_loopback = allow_loopback_});
    if (!config) co_return config.error();
    std::string id = config->id;
    // What was left to a default is kept as it was decided now.
    settings["org"] = config->org;
    Change change(*this, id);
    if (auto held = change.held(); !held) co_return held.error();
    {
        std::lock_guard lock(mutex_);
        if (entries_.contains(id)) co_return id_in_use(id);
    }
    auto take = [this, id] { return take_for_the_api(id); };
    Result<void> taken = co_await parts_.blocking.run(std::move(take));
    if (!taken) co_return taken.error();
    Entry entry = make_entry(*config, false, settings);
    Result<void> added = co_await start(entry, std::move(*config), std::nullopt);
    if (!added) co_return added.error();

    Result<void> kept = co_await keep(id, entry);
    if (!kept) {
        {
            std::lock_guard lock(mutex_);
            entries_.erase(id);
        }
        Result<void> removed = co_await parts_.engine.remove(id, false);
        co_return removed ? kept.error() : removed.error();
    }
    Result<IntegrationStatus> status = co_await parts_.engine.status(id);
    if (!status) co_return status.error();
    co_return item_of(id, entry, std::move(*status));
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::keep(std::string id, Entry entry) {
    auto text = integration_record({std::move(entry.settings), entry.operator_owned, std::move(entry.revision)});
    auto put = [this, id, text = std::move(text)] { return parts_.sealed.put(kIntegrationKind, id, text); };
    co_return co_await parts_.blocking.run(std::move(put));
}

Result<IntegrationConfig> IntegrationDirectory::parse_kept(const Entry& entry) const {
    IntegrationOrigin origin;
    origin.default_org = entry.org;
    origin.operator_owned = entry.operator_owned;
    origin.allow_loopback = entry.from_file || allow_loopback_;
    return parse_integration(entry.settings, parts_.registry, origin);
}

Result<std::string> IntegrationDirectory::revision(const Principal& caller, const std::string& id) const {
    Result<Entry> entry = visible(caller, id);
    if (!entry) return entry.error();
    return entry->revision;
}

std::map<std::string, std::size_t> IntegrationDirectory::count_by_org() const {
    std::map<std::string, std::size_t> out;
    std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) ++out[entry.org];
    return out;
}

std::optional<std::string> IntegrationDirectory::org_of(const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(id);
    return found == entries_.end() ? std::nullopt : std::optional(found->second.org);
}

/// What could not be made sure; empty when all is well.
boost::asio::awaitable<Result<std::string>> IntegrationDirectory::try_out(Entry before, Entry after) {
    if (!needs_trial(before.settings, after.settings)) co_return std::string();
    Result<IntegrationConfig> config = parse_kept(after);
    if (!config) co_return config.error();
    Result<ProbeReport> report = co_await parts_.engine.probe(std::move(*config), Deadline::after(kTrialLimit));
    if (!report) co_return report.error();
    Trial trial = judge_trial(*report);
    if (trial.refused) co_return *trial.refused;
    co_return trial.warning;
}

/// What was read may be sent back whole; a patch that means to pause or resume must not seem to have done so.
boost::asio::awaitable<Result<void>> IntegrationDirectory::check_patched_state(std::string id,
                                                                               const boost::json::object& patch) {
    const auto* state = patch.if_contains("state");
    if (state == nullptr || !state->is_string()) co_return Result<void>();
    Result<IntegrationStatus> status = co_await parts_.engine.status(id);
    if (!status) co_return status.error();
    const bool is_paused = status->state == IntegrationState::paused;
    if ((state->get_string() == "paused") == is_paused) co_return Result<void>();
    co_return make_error(Errc::invalid_argument, "the state is not a setting",
                         fmt::format("POST /v1/integrations/{}/{}", id, is_paused ? "resume" : "pause"));
}

boost::asio::awaitable<Result<IntegrationDirectory::Item>> IntegrationDirectory::change(Principal caller,
                                                                                        std::string id,
                                                                                        SettingsChange wanted) {
    boost::json::object settings = std::move(wanted.settings);
    const bool merge = wanted.merge;
    if (Result<Entry> seen = visible(caller, id); !seen) co_return seen.error();
    Change change(*this, id);
    if (auto held = change.held(); !held) co_return held.error();
    Result<Entry> before = visible(caller, id);
    if (!before) co_return before.error();
    if (before->from_file)
        co_return make_error(Errc::conflict, fmt::format("the integration \"{}\" stands in the configuration file", id),
                             "change it there and reload");
    if (!wanted.revision.empty() && wanted.revision != before->revision) co_return changed_meanwhile(id);
    if (merge) {
        Result<void> checked = co_await check_patched_state(id, settings);
        if (!checked) co_return checked.error();
    }
    // The path names it; a body may, and cannot name another.
    if (!settings.contains("id") && !merge) settings["id"] = id;
    if (!settings.contains("org") && !merge) settings["org"] = before->org;
    Result<boost::json::object> made = merge
                                           ? patched_settings(before->settings, std::move(settings), parts_.registry)
                                           : replaced_settings(before->settings, std::move(settings), parts_.registry);
    if (!made) co_return made.error();
    Entry after = *before;
    after.settings = std::move(*made);
    after.revision = new_revision();
    // Whoever changes it answers for what it may reach: a tenant cannot take over what only the operator may set.
    after.operator_owned = caller.is_operator;
    Result<IntegrationConfig> config = parse_kept(after);
    if (!config) co_return config.error();
    after.searched = searched_text(*config, after.settings);
    if (config->id != id || config->org != before->org)
        co_return make_error(Errc::invalid_argument, "an integration's id and org cannot be changed",
                             "make another integration, and delete this one");
    std::string warning;
    if (!wanted.force) {
        Result<std::string> tried = co_await try_out(*before, after);
        if (!tried) co_return tried.error();
        warning = std::move(*tried);
    }
    Result<void> replaced = co_await parts_.engine.replace(std::move(*config));
    if (!replaced) co_return replaced.error();
    Result<void> kept = co_await keep(id, after);
    if (!kept) {
        // What the store has is what runs.
        Result<IntegrationConfig> old = parse_kept(*before);
        if (old) replaced = co_await parts_.engine.replace(std::move(*old));
        co_return kept.error();
    }
    {
        std::lock_guard lock(mutex_);
        entries_.insert_or_assign(id, after);
    }
    Result<IntegrationStatus> status = co_await parts_.engine.status(id);
    if (!status) co_return status.error();
    Item item = item_of(id, after, std::move(*status));
    item.warning = std::move(warning);
    co_return item;
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::erase(Principal caller, std::string id,
                                                                 std::string revision) {
    if (Result<Entry> seen = visible(caller, id); !seen) co_return seen.error();
    Change change(*this, id);
    if (auto held = change.held(); !held) co_return held.error();
    // Only now nobody else can take the id.
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    if (entry->from_file)
        co_return make_error(Errc::conflict, fmt::format("the integration \"{}\" stands in the configuration file", id),
                             "remove it there and reload");
    if (!revision.empty() && revision != entry->revision) co_return changed_meanwhile(id);
    // Forgotten durably first: a crash in between must not bring it back.
    auto forget = [this, id]() -> Result<void> {
        if (auto disowned = disown(id); !disowned) return disowned;
        if (auto erased = parts_.sealed.erase(kIntegrationKind, id); !erased) return erased;
        if (auto erased = parts_.store.erase(kReplayKind, id); !erased) return erased;
        return parts_.store.erase(kPausedKind, id);
    };
    Result<void> forgotten = co_await parts_.blocking.run(std::move(forget));
    if (!forgotten) co_return forgotten.error();
    {
        std::lock_guard lock(mutex_);
        entries_.erase(id);
    }
    Result<void> removed = co_await parts_.engine.remove(id, false);
    if (!removed) co_return removed.error();
    // A failure here leaves a note that nobody owns what is not there.
    auto tidy = [this, id] { return parts_.store.erase(kOwnerKind, id); };
    (void)co_await parts_.blocking.run(std::move(tidy));
    co_return Result<void>();
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::pause(Principal caller, std::string id, std::string reason) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    auto keep = [this, id, reason] { return parts_.store.put(kPausedKind, id, reason); };
    Result<void> kept = co_await parts_.blocking.run(std::move(keep));
    if (!kept) co_return kept.error();
    Result<void> paused = co_await parts_.engine.pause(id, std::move(reason));
    co_return paused;
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::resume(Principal caller, std::string id) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    auto forget = [this, id]() -> Result<std::optional<std::string>> {
        auto reason = parts_.store.get(kPausedKind, id);
        if (!reason) return reason;
        if (auto erased = parts_.store.erase(kPausedKind, id); !erased) return erased.error();
        return reason;
    };
    Result<std::optional<std::string>> reason = co_await parts_.blocking.run(std::move(forget));
    if (!reason) co_return reason.error();
    Result<void> resumed = co_await parts_.engine.resume(id);
    if (resumed || !*reason) co_return resumed;
    // One that is paused still is so after a restart too.
    Result<IntegrationStatus> status = co_await parts_.engine.status(id);
    if (!status || status->state != IntegrationState::paused) co_return resumed;
    auto keep = [this, id, text = **reason] { return parts_.store.put(kPausedKind, id, text); };
    (void)co_await parts_.blocking.run(std::move(keep));
    co_return resumed;
}

boost::asio::awaitable<Result<ProbeReport>> IntegrationDirectory::test(Principal caller, std::string id,
                                                                       Deadline deadline) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<ProbeReport> report = co_await parts_.engine.probe(std::move(id), deadline);
    co_return report;
}

boost::asio::awaitable<Result<DeadLetterPage>> IntegrationDirectory::dead_letters(Principal caller, std::string id,
                                                                                  DeadLetterFilter filter,
                                                                                  LogPosition after,
                                                                                  std::size_t limit) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<DeadLetterPage> page = co_await parts_.engine.dead_letters(std::move(id), std::move(filter), after, limit);
    co_return page;
}

boost::asio::awaitable<Result<DeadLetterPreview>> IntegrationDirectory::dead_letter(Principal caller, std::string id,
                                                                                    LogPosition position) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<DeadLetterPreview> letter = co_await parts_.engine.dead_letter(std::move(id), position);
    co_return letter;
}

boost::asio::awaitable<Result<DeadLetterOutcome>> IntegrationDirectory::redeliver(Principal caller, std::string id,
                                                                                  DeadLetterFilter filter,
                                                                                  Deadline deadline) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<DeadLetterOutcome> outcome = co_await parts_.engine.redeliver(std::move(id), std::move(filter), deadline);
    co_return outcome;
}

boost::asio::awaitable<Result<DeadLetterOutcome>> IntegrationDirectory::discard(Principal caller, std::string id,
                                                                                DeadLetterFilter filter) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<DeadLetterOutcome> outcome = co_await parts_.engine.discard(std::move(id), std::move(filter));
    co_return outcome;
}

boost::asio::awaitable<Result<std::optional<DeliveryError>>> IntegrationDirectory::send_sample(Principal caller,
                                                                                               std::string id,
                                                                                               Deadline deadline) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<std::optional<DeliveryError>> sent = co_await parts_.engine.send_sample(std::move(id), deadline);
    co_return sent;
}

boost::asio::awaitable<Result<ReplayStatus>> IntegrationDirectory::replay(Principal caller, std::string id,
                                                                          ReplayRequest request) {
    Result<Entry> entry = visible(caller, id);
    if (!entry) co_return entry.error();
    Result<ReplayStatus> begun = co_await parts_.engine.replay(std::move(id), std::move(request));
    if (!begun) co_return begun;
    // remember_replay() was called: whoever is told that it began finds it after a crash, too.
    auto after_that = [] { return Result<void>(); };
    (void)co_await parts_.blocking.run(std::move(after_that));
    co_return begun;
}

void IntegrationDirectory::remember_replay(const std::string& id, const ReplayStatus& replay) {
    parts_.blocking.post([&store = parts_.store, id, text = replay_record(replay)] {
        // A failure here costs the note, after a restart, that a replay was ended by it.
        (void)store.put(kReplayKind, id, text);
    });
}

void IntegrationDirectory::remember_paused(const std::string& id, const std::string& reason) {
    parts_.blocking.post([&store = parts_.store, id, reason] {
        // A failure here costs one more dead letter after a restart before it pauses again.
        (void)store.put(kPausedKind, id, reason);
    });
}

}  // namespace sluice
