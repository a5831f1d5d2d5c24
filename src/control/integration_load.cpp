// What a start does: every integration of the file and of the store is begun again where it was.
#include <fmt/format.h>

#include "control/integration_directory.hpp"
#include "control/integration_record.hpp"
#include "control/record_kinds.hpp"
#include "control/replay_record.hpp"

namespace sluice {
namespace {

std::optional<std::string> paused_reason(const std::map<std::string, std::string>& paused, const std::string& id) {
    auto found = paused.find(id);
    if (found == paused.end()) return std::nullopt;
    return found->second;
}

}  // namespace

/// What was accepted once must not keep the node from starting, whatever became of it since.
boost::asio::awaitable<Result<void>> IntegrationDirectory::start_kept(Entry entry, IntegrationConfig config,
                                                                      std::optional<std::string> paused_reason) {
    Result<void> started = co_await start(entry, config, paused_reason);
    if (started || config.unusable || !is_about_settings(started.error())) co_return started;
    config.unusable = started.error();
    co_return co_await start(std::move(entry), std::move(config), std::move(paused_reason));
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::load(std::vector<boost::json::object> file_integrations,
                                                                Locate locate) {
    Result<std::vector<IntegrationConfig>> from_file = check(file_integrations, parts_.registry, locate);
    if (!from_file) co_return from_file.error();
    auto kept = parts_.sealed.list(kIntegrationKind);
    if (!kept) co_return kept.error();
    std::set<std::string> present;
    for (const auto& config : *from_file) present.insert(config.id);
    for (const auto& [id, text] : *kept) {
        if (!present.insert(id).second)
            co_return make_error(
                Errc::conflict,
                fmt::format("the integration \"{}\" stands in the file and was also made through the API", id),
                "rename the one in the file, or delete the other through the API first");
    }
    if (auto forgotten = forget_long_gone(present); !forgotten) co_return forgotten.error();
    std::vector<std::pair<std::string, std::string>> of_file;
    for (const auto& config : *from_file) of_file.emplace_back(config.id, config.org);
    if (auto taken = take_for_the_file(of_file); !taken) co_return taken.error();
    auto paused_list = parts_.store.list(kPausedKind);
    if (!paused_list) co_return paused_list.error();
    std::map<std::string, std::string> paused(paused_list->begin(), paused_list->end());

    for (std::size_t i = 0; i < from_file->size(); ++i) {
        std::string id = (*from_file)[i].id;
        Entry entry = make_entry((*from_file)[i], true, std::move(file_integrations[i]));
        std::optional<std::string> reason = paused_reason(paused, id);
        Result<void> started = co_await start(std::move(entry), std::move((*from_file)[i]), std::move(reason));
        if (!started)
            co_return locate(make_error(started.error().code,
                                        fmt::format("integrations[{}] ({}): {}", i, id, started.error().message),
                                        started.error().hint));
    }
    for (const auto& [id, text] : *kept) {
        auto record = parse_integration_record(text);
        if (!record)
            co_return make_error(record.error().code,
                                 fmt::format("the kept integration \"{}\": {}", id, record.error().message));
        // Whose it may be was decided when it was made.
        IntegrationOrigin origin;
        origin.default_org = record->org();
        origin.operator_owned = record->operator_owned;
        origin.allow_loopback = allow_loopback_;
        auto config = parse_kept_integration(record->settings, parts_.registry, origin);
        if (!config)
            co_return make_error(config.error().code,
                                 fmt::format("the kept integration \"{}\": {}", id, config.error().message),
                                 config.error().hint);
        Entry entry = make_entry(*config, false, std::move(record->settings));
        if (!record->revision.empty()) entry.revision = std::move(record->revision);
        std::optional<std::string> reason = paused_reason(paused, id);
        Result<void> started = co_await start_kept(std::move(entry), std::move(*config), std::move(reason));
        if (!started) co_return started.error();
    }
    co_return co_await tell_of_ended_replays();
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::tell_of_ended_replays() {
    auto records = parts_.store.list(kReplayKind);
    if (!records) co_return records.error();
    for (const auto& [id, text] : *records) {
        std::optional<ReplayStatus> replay = parse_replay_record(text);
        Result<void> told = make_error(Errc::not_found, "it cannot be read");
        if (replay) told = co_await parts_.engine.note_replay(id, std::move(*replay));
        // Of an integration that is gone, or not to be read.
        if (told) continue;
        if (auto erased = parts_.store.erase(kReplayKind, id); !erased) co_return erased.error();
    }
    co_return Result<void>();
}

}  // namespace sluice
