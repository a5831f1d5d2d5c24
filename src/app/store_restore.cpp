#include "app/store_restore.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/progress.hpp"
#include "app/store_check.hpp"
#include "log/log_copy.hpp"

// A restore works within its target, in .restoring: the target may be a mount point, and what is above it another
// user's. The steps, each of which may be the last one:
//
//   1  .restoring is made, durably: from here on nothing opens the folder, and another restore begins anew
//   2  all of the backup is copied into it, durably
//   3  piece after piece is renamed to its place, format.json last
//   4  that is made durable, then .restoring is removed: the folder is a node's
//
// Whatever stands beside .restoring is a restore's own and of no use: .restoring is made in empty folders only, and
// nothing else writes to a folder while it is there. The exception is a key, which an operator may put there at any
// time.

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRestoring = ".restoring";
constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kKeyFile = "secrets.key";
/// What a data folder consists of, in the order in which it comes to its place.
constexpr std::array<std::string_view, 4> kRestoredPieces{"db", "log", kKeyFile, "format.json"};

std::error_code call_error() {
    return {errno, std::generic_category()};
}

Error not_empty_error(const DataFolder& to) {
    return make_error(Errc::conflict, fmt::format("{} is not empty", to.path),
                      "name a new folder with --data-dir; nothing was changed");
}

/// Makes it, and what leads there, so that the copy in it does not hang on a name that a power cut takes away.
Result<void> make_restored_folder(const DataFolder& to) {
    std::error_code failed;
    std::vector<std::string> changed;
    for (auto at = fs::absolute(to.path, failed); !failed && !fs::exists(at, failed); at = at.parent_path())
        changed.push_back(at.parent_path().string());
    if (!failed) failed = make_private_folder(to.path);
    if (failed) return io_error("make", to.path, failed);
    for (const auto& folder : changed)
        if (auto code = system_log_files().sync_folder(folder)) return io_error("sync", folder, code);
    return {};
}

/// .restoring as a restore makes it. Root would follow whatever else stands there to where only root may write.
Result<void> check_own_folder(const std::string& restoring) {
    struct stat status {};
    if (::lstat(restoring.c_str(), &status) != 0) return io_error("look at", restoring, call_error());
    if (!S_ISDIR(status.st_mode))
        return make_error(Errc::conflict, restoring + " is no folder, so no restore made it",
                          "see what it is, and remove it");
    if (status.st_uid != ::geteuid())
        return make_error(Errc::conflict, restoring + " is another user's",
                          "run this as the user who began that restore, or remove it");
    return {};
}

/// An operator's key is not replaced by another.
Result<void> check_operators_key(const DataFolder& to, const std::optional<Secret>& key) {
    auto there = key_in(to);
    if (!there) return there.error();
    if (!key || !*there || **there == *key) return {};
    return make_error(Errc::conflict, fmt::format("{} is not the key in the backup", to.secrets_key()),
                      "put it elsewhere; the backup brings the key that its secrets were sealed with");
}

/// Removes what an interrupted restore left.
Result<void> clear_interrupted(const DataFolder& to) {
    std::error_code failed;
    if (fs::is_directory(to.log(), failed)) {
        auto use = look_at_use(to);
        if (!use) return use.error();
        if (use->live) return make_error(Errc::conflict, use->by, "stop that process, or choose another data folder");
    }
    std::vector<std::string> left;
    for (auto piece : kRestoredPieces)
        if (piece != kKeyFile) left.push_back(fmt::format("{}/{}", to.path, piece));
    auto inside = names_in(to.restoring());
    if (!inside) return inside.error();
    for (const auto& name : *inside)
        if (name != kLockFile) left.push_back(fmt::format("{}/{}", to.restoring(), name));
    for (const auto& path : left)
        if (fs::remove_all(path, failed); failed) return io_error("remove", path, failed);
    return {};
}

/// Step 1. The target is this restore's alone while the lock is held, and nothing but an empty .restoring is in it, and
/// maybe the key.
Result<std::unique_ptr<FolderLock>> begin_restore(const DataFolder& to, const std::optional<Secret>& key) {
    auto names = names_in(to.path);
    if (!names) return names.error();
    bool taken_up = std::find(names->begin(), names->end(), kRestoring) != names->end();
    std::erase(*names, kKeyFile);
    if (!taken_up && !names->empty()) return not_empty_error(to);
    if (auto known = check_operators_key(to, key); !known) return known.error();
    if (!taken_up && ::mkdir(to.restoring().c_str(), 0700) != 0) {
        if (errno != EEXIST) return io_error("make", to.restoring(), call_error());
        taken_up = true;  // by another restore, a moment ago
    }
    if (auto own = check_own_folder(to.restoring()); !own) return own.error();
    auto lock = system_log_files().lock(to.restoring(), LogFiles::LockMode::exclusive);
    if (!lock && lock.error().code == Errc::conflict)
        return make_error(Errc::conflict, fmt::format("another restore into {} is under way", to.path),
                          "wait for its end");
    if (!lock) return lock.error();

    // Once more, now that no other restore changes it: a node may have started meanwhile, which looks for .restoring
    // after it has made its log; or the restore to be taken up has finished, and the lock is of a file that is gone.
    names = names_in(to.path);
    if (!names) return names.error();
    std::error_code failed;
    bool good = fs::exists(fmt::format("{}/{}", to.restoring(), kLockFile), failed);
    for (const auto& name : *names)
        good = good &&
               (name == kRestoring || name == kKeyFile ||
                (taken_up && std::find(kRestoredPieces.begin(), kRestoredPieces.end(), name) != kRestoredPieces.end()));
    if (!good) {
        if (!taken_up) fs::remove_all(to.restoring(), failed);
        return not_empty_error(to);
    }
    if (taken_up)
        if (auto cleared = clear_interrupted(to); !cleared) return cleared.error();
    fs::permissions(to.restoring(), fs::perms::owner_all, failed);
    if (failed) return io_error("guard", to.restoring(), failed);
    if (auto code = system_log_files().sync_folder(to.path)) return io_error("sync", to.path, code);
    return lock;
}

/// Every file of a folder, with room for all of each: a restored log must not find the disk full while it writes.
Result<void> copy_folder(const std::string& from, const std::string& to, std::uint64_t& done, std::uint64_t total,
                         Progress& progress) {
    std::error_code failed = make_private_folder(to);
    if (failed) return io_error("make", to, failed);
    for (fs::directory_iterator at(from, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code gone;
        if (!at->is_regular_file(gone)) continue;
        auto name = at->path().filename().string();
        if (name == kLockFile) continue;
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

Result<void> give_file(const std::string& path, const struct stat& owner) {
    int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat now {};
    bool given = file >= 0 && ::fstat(file, &now) == 0;
    if (given && (now.st_uid != owner.st_uid || now.st_gid != owner.st_gid))
        given = ::fchown(file, owner.st_uid, owner.st_gid) == 0 && ::fsync(file) == 0;
    auto code = call_error();
    if (file >= 0) ::close(file);
    if (given) return {};
    return make_error(Errc::io, fmt::format("cannot give {} to the data folder's owner: {}", path, code.message()),
                      "run this as the user who owns the folder");
}

/// What root made is the target's owner's: a node that runs as that user has to write to it.
Result<void> give_to_owner_of(const DataFolder& to, const std::string& made) {
    if (::geteuid() != 0) return {};
    struct stat owner {};
    if (::stat(to.path.c_str(), &owner) != 0) return io_error("look at", to.path, call_error());
    std::error_code failed;
    for (fs::recursive_directory_iterator at(made, failed), end; !failed && at != end; at.increment(failed))
        if (auto given = give_file(at->path().string(), owner); !given) return given;
    if (failed) return io_error("list", made, failed);
    return {};
}

/// Step 2.
Result<void> copy_backup(const DataFolder& from, const DataFolder& made, const std::optional<Secret>& key) {
    Progress progress("restoring");
    std::uint64_t done = 0;
    std::uint64_t total = bytes_in(from.log()) + bytes_in(from.database());
    for (auto part : {&DataFolder::database, &DataFolder::log})
        if (auto copied = copy_folder((from.*part)(), (made.*part)(), done, total, progress); !copied) return copied;
    if (key)
        if (auto written = write_durably(made.secrets_key(), key->reveal()); !written) return written;
    return mark_data_format(made);
}

/// Steps 3 and 4.
Result<void> finish_restore(const DataFolder& to) {
    for (auto piece : kRestoredPieces) {
        std::error_code failed;
        auto from = fmt::format("{}/{}", to.restoring(), piece);
        if (!fs::exists(from, failed)) continue;
        fs::rename(from, fmt::format("{}/{}", to.path, piece), failed);
        if (failed) return io_error("move to its place", from, failed);
    }
    LogFiles& files = system_log_files();
    if (auto code = files.sync_folder(to.path)) return io_error("sync", to.path, code);
    // Nothing else is in it now, but what another restore may be putting there: that one goes on then.
    std::error_code failed;
    fs::remove(fmt::format("{}/{}", to.restoring(), kLockFile), failed);
    if (fs::remove(to.restoring(), failed); failed) return io_error("remove", to.restoring(), failed);
    if (auto code = files.sync_folder(to.path)) return io_error("sync", to.path, code);
    return {};
}

}  // namespace

Result<BackupNote> restore(const std::string& backup, const DataFolder& to) {
    DataFolder from{backup};
    auto note = read_backup_note(from);
    if (!note) return note;
    if (auto known = check_data_folder(from); !known) return known.error();
    if (auto checked = check_copy(from, {note->oldest, note->head}); !checked) return checked.error();
    std::optional<Secret> key;
    if (note->with_key) {
        auto found = key_in(from);
        if (!found) return found.error();
        if (!*found)
            return make_error(Errc::corrupt, fmt::format("{} was made with the key, which is not there", backup),
                              fmt::format("put it back: {}", from.secrets_key()));
        key = std::move(*found);
    }
    if (auto made = make_restored_folder(to); !made) return made.error();
    auto lock = begin_restore(to, key);
    if (!lock) return lock.error();

    const DataFolder made{to.restoring()};
    auto copied = copy_backup(from, made, key);
    if (copied) copied = give_to_owner_of(to, made.path);
    if (!copied) {
        std::error_code ignored;
        fs::remove_all(made.path, ignored);
        return copied.error();
    }
    if (auto finished = finish_restore(to); !finished) return finished.error();
    return note;
}

}  // namespace sluice::app
