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
#include "control/key_source.hpp"
#include "control/record_kinds.hpp"
#include "control/sealed_records.hpp"
#include "log/log_copy.hpp"
#include "log/verify.hpp"
#include "store/control_store.hpp"
#include "store/database.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

Result<void> make_backup_folder(const DataFolder& folder) {
    if (auto failed = make_private_folder(folder.path)) return io_error("make", folder.path, failed);
    auto names = names_in(folder.path);
    if (!names) return names.error();
    if (!names->empty())
        return make_error(Errc::conflict, fmt::format("{} is not empty", folder.path),
                          "name a new folder for the backup; nothing was changed");
    // A folder that was there keeps its rights; what comes into it is every org's.
    for (const auto& part : {folder.log(), folder.database()})
        if (auto failed = make_private_folder(part)) return io_error("make", part, failed);
    return {};
}

/// Whether the copied key opens every secret in the store that is copied.
Result<void> check_copied_key(const DataFolder& to, std::shared_ptr<Database> view) {
    auto store = ControlStore::open(std::move(view));
    if (!store) return store.error();
    auto records = SealedRecords::open(**store, key_file(to.secrets_key(), false));
    if (!records) return records.error();
    for (auto kind : kSealedKinds)
        if (auto opened = (*records)->list(kind); !opened) return opened.error();
    return {};
}

/// The key, when the node keeps it in its data folder.
Result<bool> copy_key(const DataFolder& from, const DataFolder& to, std::shared_ptr<Database> view) {
    auto key = key_in(from);
    if (!key) return key.error();
    if (!*key) return false;
    if (auto copied = write_durably(to.secrets_key(), (*key)->reveal()); !copied) return copied.error();
    auto opens = check_copied_key(to, std::move(view));
    if (opens) return true;
    std::error_code ignored;
    fs::remove(to.secrets_key(), ignored);
    return make_error(
        Errc::conflict,
        fmt::format("{} does not open the store's secrets: {}", from.secrets_key(), opens.error().message),
        "if the key was rotated meanwhile, run it again, into another folder; if the node has its key from elsewhere "
        "(secrets.key_file, SLUICE_SECRETS_KEY), leave out --with-key and keep that key apart");
}

std::string render(const BackupNote& note) {
    return fmt::format(
        "{{\"format\":{},\"sluice\":\"{}\",\"time\":\"{}\",\"oldest\":\"{}\",\"head\":\"{}\",\"segments\":{},"
        "\"bytes\":{},\"with_key\":{}}}\n",
        note.format, note.sluice, format_rfc3339(note.time), note.oldest, note.head, note.segments, note.bytes,
        note.with_key);
}

}  // namespace

Result<BackupNote> read_backup_note(const DataFolder& backup) {
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

Result<std::optional<Secret>> key_in(const DataFolder& folder) {
    const auto path = folder.secrets_key();
    std::error_code failed;
    if (!fs::exists(path, failed) && !failed) return std::optional<Secret>();
    auto text = system_log_files().read_whole(path);
    if (!text) return io_error("read", path, text.error());
    return std::optional<Secret>(std::move(*text));
}

Result<BackupNote> back_up(const DataFolder& from, const std::string& folder, bool with_key) {
    if (auto known = check_data_folder(from); !known) return known.error();
    // Held to the end: a node that is stopped now stays stopped.
    auto use = look_at_use(from);
    if (!use) return use.error();
    DataFolder to{folder};
    if (auto made = make_backup_folder(to); !made) return made.error();

    Progress progress("copying the log");
    auto show = [&progress](std::uint64_t bytes, std::uint64_t of) { progress.update(bytes, of); };
    LogCopy log(from.log(), to.log());
    // The log's old part, then the store, then the rest of the log: whatever the store refers to is there.
    if (auto copied = log.sealed(show); !copied) return copied.error();
    BackupNote note;
    {
        auto view = Database::open_view(from.database());
        if (!view) return view.error();
        if (with_key) {
            // Now, and not after hours of copying: a rotation that ends in between takes the key of this view away.
            auto copied = copy_key(from, to, *view);
            if (!copied) return copied.error();
            note.with_key = *copied;
        }
        Progress records("copying the store");
        auto copied = (*view)->copy_to(to.database(), [&records](std::uint64_t n) { records.update(n, 0, "records"); });
        if (!copied) return copied.error();
    }
    auto extent = log.rest(show);
    if (!extent) return extent.error();
    progress.clear();

    note.sluice = kVersion;
    note.time = SystemClock::instance().now();
    note.oldest = extent->oldest;
    note.head = extent->head;
    note.segments = extent->segments;
    note.bytes = extent->bytes + bytes_in(to.database());
    if (auto marked = mark_data_format(to); !marked) return marked.error();
    if (auto checked = check_copy(to, {note.oldest, note.head}); !checked) return checked.error();
    if (auto written = write_durably(to.backup_note(), render(note)); !written) return written.error();
    return note;
}

}  // namespace sluice::app
