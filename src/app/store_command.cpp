#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <filesystem>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/data_folder.hpp"
#include "app/progress.hpp"
#include "app/store_backup.hpp"
#include "app/store_check.hpp"
#include "app/store_restore.hpp"
#include "log/log_statistics.hpp"

namespace sluice::app {
namespace {

Result<DataFolder> folder_of(const StoreCommand& command) {
    if (!command.data_dir.empty()) return DataFolder{command.data_dir};
    auto configuration = load_configuration(command.config, process_environment());
    if (!configuration) return configuration.error();
    return DataFolder{configuration->data_dir};
}

std::string quoted(const std::string& text) {
    return boost::json::serialize(boost::json::string(text));
}

std::string json_of(const StoreCheck& check) {
    std::string out = fmt::format(
        R"({{"sound":{},"live":{},"oldest":"{}","head":"{}","index_watermark":"{}","objects":{},"problems":[)",
        check.sound(), check.live, check.extent.oldest, check.extent.head, check.store.index_watermark,
        check.store.objects);
    for (const Error& problem : check.problems) {
        if (out.back() != '[') out += ',';
        out += fmt::format(R"({{"message":{},"hint":{}}})", quoted(problem.message), quoted(problem.hint));
    }
    return out + "]}";
}

void print_check(const StoreCheck& check) {
    std::uint64_t events = 0, used = 0, size = 0;
    for (const SegmentReport& segment : check.log.segments) {
        events += segment.events;
        used += segment.used_bytes;
        size += segment.file_bytes;
    }
    fmt::print("{}log      {} events ({} to {}) in {} segments, {} of {}\n", check.live ? "a node is running\n" : "",
               events, check.extent.oldest, check.extent.head, check.log.segments.size(), about(used), about(size));
    for (const SegmentReport& segment : check.log.segments) {
        std::string_view index = segment.index == SegmentReport::Index::good      ? "index good"
                                 : segment.index == SegmentReport::Index::missing ? "index missing (made again)"
                                                                                  : "index damaged (made again)";
        fmt::print("  {}  {} to {}, {} frames, {}, {}{}\n", std::filesystem::path(segment.path).filename().string(),
                   segment.first, segment.last, segment.frames, about(segment.used_bytes), index,
                   segment.torn_tail ? ", ends in a write that was cut off and never acknowledged" : "");
    }
    const StoreInspection& store = check.store;
    fmt::print("index    {} objects ({} kept beyond the log), caught up to {}; {} idempotency keys\n", store.objects,
               store.rescued_objects, store.index_watermark, store.idempotency_keys);
    fmt::print("cursors  {} integrations, {} control records\n", store.integrations.size(), store.control_records);
    for (const IntegrationInspection& integration : store.integrations)
        for (const Cursor& cursor : integration.cursors)
            fmt::print("  {:<28} at {}, {} ranges beyond; {} delivered, {} dead letters, {} discarded, {} lost\n",
                       integration.id, cursor.position.sequence, cursor.settled_beyond.size(), cursor.ledger.delivered,
                       integration.dead_letters.count, cursor.ledger.discarded, cursor.ledger.lost);
    for (const std::string& note : store.notes) fmt::print("note     {}\n", note);
    if (check.sound()) {
        fmt::print("sound\n");
        return;
    }
    std::fflush(stdout);
    fmt::print(stderr, "{} problems:\n", check.problems.size());
    for (const Error& problem : check.problems) {
        fmt::print(stderr, "  {}\n", problem.message);
        if (!problem.hint.empty()) fmt::print(stderr, "    {}\n", problem.hint);
    }
}

int verify(const StoreCommand& command, const DataFolder& folder) {
    auto check = check_store(folder);
    if (!check) return fail(check.error());
    if (command.json)
        fmt::print("{}\n", json_of(*check));
    else
        print_check(*check);
    return check->sound() ? 0 : 1;
}

void print_statistics(const LogStatistics& log, std::uint64_t database_bytes, std::size_t top) {
    fmt::print("events   {} ({} to {})\n", log.events, log.oldest, log.head);
    if (log.oldest_time) fmt::print("oldest   {}\n", format_rfc3339(*log.oldest_time));
    if (log.newest_time) fmt::print("newest   {}\n", format_rfc3339(*log.newest_time));
    fmt::print("log      {} used of {} in {} segments, {} spare files; {} of records\n", about(log.used_bytes),
               about(log.file_bytes), log.segments, log.spare_files, about(log.record_bytes));
    fmt::print("store    {}\n", about(database_bytes));
    if (log.streams.empty()) return;
    fmt::print("\n{:<24} {:<44} {:>12} {:>12} {:>6}\n", "ORG", "RECTYPE", "EVENTS", "BYTES", "SHARE");
    for (std::size_t i = 0; i < std::min(top, log.streams.size()); ++i) {
        const StreamStatistics& stream = log.streams[i];
        auto share = log.record_bytes == 0
                         ? 0.0
                         : 100.0 * static_cast<double>(stream.bytes) / static_cast<double>(log.record_bytes);
        fmt::print("{:<24} {:<44} {:>12} {:>12} {:>5.1f}%\n", stream.org, stream.rec_type, stream.events,
                   about(stream.bytes), share);
    }
    if (log.streams.size() > top) fmt::print("and {} more (--top)\n", log.streams.size() - top);
}

std::string json_of(const LogStatistics& log, std::uint64_t database_bytes) {
    auto time = [](const std::optional<Timestamp>& at) { return at ? quoted(format_rfc3339(*at)) : "null"; };
    std::string out = fmt::format(
        R"({{"events":{},"oldest":"{}","head":"{}","oldest_time":{},"newest_time":{},"segments":{},"spare_files":{},)"
        R"("record_bytes":{},"log_bytes":{},"log_file_bytes":{},"store_bytes":{},"streams":[)",
        log.events, log.oldest, log.head, time(log.oldest_time), time(log.newest_time), log.segments, log.spare_files,
        log.record_bytes, log.used_bytes, log.file_bytes, database_bytes);
    for (const StreamStatistics& stream : log.streams) {
        if (out.back() != '[') out += ',';
        out += fmt::format(R"({{"org":{},"recType":{},"events":{},"bytes":{}}})", quoted(stream.org),
                           quoted(stream.rec_type), stream.events, stream.bytes);
    }
    return out + "]}";
}

int statistics(const StoreCommand& command, const DataFolder& folder) {
    if (auto known = check_data_folder(folder); !known) return fail(known.error());
    if (auto use = look_at_use(folder); !use) return fail(use.error());
    Progress progress("reading the log");
    auto log =
        log_statistics(folder.log(), [&](std::uint64_t at, std::uint64_t of) { progress.update(at, of, "segments"); });
    progress.clear();
    if (!log) return fail(log.error());
    auto view = Database::open_view(folder.database());
    if (!view) return fail(view.error());
    if (command.json)
        fmt::print("{}\n", json_of(*log, (*view)->bytes_on_disk()));
    else
        print_statistics(*log, (*view)->bytes_on_disk(), command.top);
    return 0;
}

int make_backup(const StoreCommand& command, const DataFolder& folder) {
    auto note = back_up(folder, command.folder, command.with_key);
    if (!note) return fail(note.error());
    fmt::print("{} holds events {} to {}, {}\n", command.folder, note->oldest, note->head, about(note->bytes));
    if (note->with_key)
        fmt::print("and the key that opens its secrets: guard it like one\n");
    else
        fmt::print(
            "its secrets are sealed; keep the key apart: secrets.key of the data folder, or what secrets.key_file "
            "names\n");
    return 0;
}

int restore_backup(const StoreCommand& command, const DataFolder& folder) {
    auto note = restore(command.folder, folder);
    if (!note) return fail(note.error());
    fmt::print("{} holds events {} to {}\n", folder.path, note->oldest, note->head);
    if (!note->with_key)
        fmt::print(
            "put the key that its secrets were sealed with back before you start it: {}, or what "
            "secrets.key_file names\n",
            folder.secrets_key());
    return 0;
}

}  // namespace

int run_store(const StoreCommand& command) {
    auto folder = folder_of(command);
    if (!folder) return fail(folder.error());
    if (command.action == "verify") return verify(command, *folder);
    if (command.action == "stats") return statistics(command, *folder);
    if (command.action == "backup") return make_backup(command, *folder);
    return restore_backup(command, *folder);
}

}  // namespace sluice::app
