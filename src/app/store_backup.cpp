#include "app/store_backup.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/progress.hpp"
#include "app/store_check.hpp"
#include "app/version.hpp"
#include "log/log_copy.hpp"
#include "log/verify.hpp"
#include "store/database.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

Result<void> make_empty(const std::string& folder, std::string_view option) {
    std::error_code failed = make_private_folder(folder);
    if (!failed && !fs::is_empty(folder, failed) && !failed)
        return make_error(Errc::conflict, fmt::format("{} is not empty", folder),
                          fmt::format("name a new folder for {}; nothing was changed", option));
    if (failed) return io_error("make", folder, failed);
    return {};
}

std::string render(const BackupNote& note) {
    return fmt::format(
        "{{\"format\":{},\"sluice\":\"{}\",\"time\":\"{}\",\"oldest\":\"{}\",\"head\":\"{}\",\"segments\":{},"
        "\"bytes\":{},\"with_key\":{}}}\n",
        note.format, note.sluice, format_rfc3339(note.time), note.oldest, note.head, note.segments, note.bytes,
        note.with_key);
}

Result<BackupNote> read_note(const DataFolder& backup) {
    std::ifstream in(backup.backup_note(), std::ios::binary);
    if (!in)
        return make_error(Errc::not_found, fmt::format("{} is no finished backup: it has no backup.json", backup.path),
                          "name the folder that `sluice store backup` made; one that was interrupted is of no use");
    std::ostringstream text;
    text << in.rdbuf();
    BackupNote note;
    try {
        auto parsed = boost::json::parse(text.str());
        const auto& object = parsed.as_object();
        note.format = static_cast<std::uint32_t>(object.at("format").as_int64());
        note.sluice = std::string(object.at("sluice").as_string());
        note.oldest = std::stoull(std::string(object.at("oldest").as_string()));
        note.head = std::stoull(std::string(object.at("head").as_string()));
        note.segments = object.at("segments").to_number<std::uint64_t>();
        note.bytes = object.at("bytes").to_number<std::uint64_t>();
        note.with_key = object.at("with_key").as_bool();
    } catch (const std::exception&) {
        return make_error(Errc::corrupt, fmt::format("{} cannot be read", backup.backup_note()),
                          "take another backup; this one is damaged");
    }
    return note;
}

/// The key, when the node keeps it in its data folder.
Result<bool> copy_key(const DataFolder& from, const DataFolder& to) {
    std::ifstream in(from.secrets_key(), std::ios::binary);
    if (!in) return false;
    std::ostringstream text;
    text << in.rdbuf();
    auto written = write_durably(to.secrets_key(), text.str(), 0600);
    if (!written) return written.error();
    return true;
}

/// Every file of a folder, with room for all of each: a restored log must not find the disk full while it writes.
Result<void> copy_folder(const std::string& from, const std::string& to, std::uint64_t& done, std::uint64_t total,
                         Progress& progress) {
    std::error_code failed;
    fs::create_directories(to, failed);
    if (failed) return io_error("make", to, failed);
    for (fs::directory_iterator at(from, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code gone;
        if (!at->is_regular_file(gone)) continue;
        auto name = at->path().filename().string();
        if (name == "LOCK") continue;
        auto size = at->file_size(gone);
        if (auto copied = copy_file_durably(at->path().string(), to + "/" + name, size, size, true); !copied)
            return copied;
        done += size;
        progress.update(done, total);
    }
    if (failed) return io_error("list", from, failed);
    if (auto code = system_log_files().sync_folder(to)) return io_error("sync", to, code);
    return {};
}

std::uint64_t bytes_in(const std::string& folder) {
    std::error_code failed;
    std::uint64_t bytes = 0;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code gone;
        auto size = at->file_size(gone);
        if (!gone) bytes += size;
    }
    return bytes;
}

}  // namespace

Result<BackupNote> back_up(const DataFolder& from, const std::string& folder, bool with_key) {
    if (auto known = check_data_format(from); !known) return known.error();
    // Held to the end: a node that is stopped now stays stopped.
    auto use = look_at_use(from);
    if (!use) return use.error();
    DataFolder to{folder};
    if (auto empty = make_empty(to.path, "the backup"); !empty) return empty.error();

    Progress progress("copying the log");
    auto show = [&progress](std::uint64_t bytes, std::uint64_t of) { progress.update(bytes, of); };
    LogCopy log(from.log(), to.log());
    // The log's old part, then the store, then the rest of the log: whatever the store refers to is there.
    if (auto copied = log.sealed(show); !copied) return copied.error();
    {
        auto view = Database::open_view(from.database());
        if (!view) return view.error();
        Progress records("copying the store");
        auto copied = (*view)->copy_to(to.database(), [&records](std::uint64_t n) { records.update(n, 0, "records"); });
        if (!copied) return copied.error();
    }
    auto extent = log.rest(show);
    if (!extent) return extent.error();
    progress.clear();

    BackupNote note;
    note.sluice = kVersion;
    note.time = SystemClock::instance().now();
    note.oldest = extent->oldest;
    note.head = extent->head;
    note.segments = extent->segments;
    note.bytes = extent->bytes + bytes_in(to.database());
    if (with_key) {
        auto copied = copy_key(from, to);
        if (!copied) return copied.error();
        note.with_key = *copied;
    }
    if (auto marked = mark_data_format(to); !marked) return marked.error();
    if (auto checked = check_copy(to, {note.oldest, note.head}); !checked) return checked.error();
    if (auto written = write_durably(to.backup_note(), render(note)); !written) return written.error();
    return note;
}

Result<BackupNote> restore(const std::string& backup, const DataFolder& to) {
    DataFolder from{backup};
    auto note = read_note(from);
    if (!note) return note;
    if (auto known = check_data_format(from); !known) return known.error();
    if (auto checked = check_copy(from, {note->oldest, note->head}); !checked) return checked.error();
    if (auto empty = make_empty(to.path, "--data-dir"); !empty) return empty.error();
    // Under another name until it is whole: no node may open the half of it.
    std::error_code failed;
    auto whole_path = fs::absolute(to.path, failed).lexically_normal();
    if (whole_path.filename().empty()) whole_path = whole_path.parent_path();  // a slash at the end
    DataFolder made{whole_path.string() + ".restoring"};
    fs::remove_all(made.path, failed);
    Progress progress("restoring");
    std::uint64_t done = 0;
    std::uint64_t total = bytes_in(from.log()) + bytes_in(from.database());
    for (auto part : {&DataFolder::log, &DataFolder::database})
        if (auto copied = copy_folder((from.*part)(), (made.*part)(), done, total, progress); !copied)
            return copied.error();
    if (note->with_key)
        if (auto copied = copy_key(from, made); !copied) return copied.error();
    if (auto marked = mark_data_format(made); !marked) return marked.error();
    fs::rename(made.path, to.path, failed);
    if (failed) return io_error("rename", made.path, failed);
    auto parent = whole_path.parent_path().string();
    if (auto code = system_log_files().sync_folder(parent)) return io_error("sync", parent, code);
    return note;
}

}  // namespace sluice::app
