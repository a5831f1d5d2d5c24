#include "app/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "app/version.hpp"

namespace sluice::app {
namespace {

Error write_error(const std::string& path) {
    return make_error(Errc::io, fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)),
                      "is there room, and may this user write there?");
}

}  // namespace

Result<void> write_durably(const std::string& path, const std::string& text) {
    std::string fresh = path + ".new";
    int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return write_error(fresh);
    bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    int why = errno;
    ::close(file);
    errno = why;
    if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) return write_error(path);
    auto folder = std::filesystem::path(path).parent_path().string();
    if (auto code = system_log_files().sync_folder(folder.empty() ? "." : folder))
        return io_error("sync", folder, code);
    return {};
}

std::error_code make_private_folder(const std::string& path) {
    std::error_code failed;
    if (std::filesystem::create_directories(path, failed) && !failed)
        std::filesystem::permissions(path, std::filesystem::perms::owner_all, failed);
    return failed;
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
    std::error_code failed;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
        if (auto name = at->path().filename().string(); name != "lost+found") names.push_back(std::move(name));
    if (failed) return io_error("list", folder, failed);
    return names;
}

std::uint64_t bytes_in(const std::string& folder) {
    std::error_code failed;
    std::uint64_t bytes = 0;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        std::error_code gone;
        auto size = at->file_size(gone);
        if (!gone) bytes += size;
    }
    return bytes;
}

Result<void> check_data_folder(const DataFolder& folder) {
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(folder.restoring(), ignored)))
        return make_error(Errc::conflict, fmt::format("a restore into {} has not finished", folder.path),
                          "unless it still runs, run `sluice store restore` into the folder again: it begins anew");
    std::ifstream in(folder.format(), std::ios::binary);
    if (!in) return {};
    std::ostringstream text;
    text << in.rdbuf();
    boost::system::error_code failure;
    auto parsed = boost::json::parse(text.str(), failure);
    const auto* object = failure ? nullptr : parsed.if_object();
    const auto* member = object != nullptr ? object->if_contains("format") : nullptr;
    const auto* format = member != nullptr ? member->if_int64() : nullptr;
    if (format == nullptr || *format < 1)
        return make_error(Errc::corrupt, fmt::format("{} does not say which format the folder has", folder.format()),
                          "nothing was changed; restore the file, or the folder, from a backup");
    if (*format > static_cast<std::int64_t>(kDataFormat)) {
        const auto* by = object->if_contains("written_by");
        return make_error(
            Errc::unsupported,
            fmt::format("the data folder {} has format {}{}; this is Sluice {}, which knows formats up to {}",
                        folder.path, *format,
                        by != nullptr && by->is_string() ? " and was written by Sluice " + std::string(by->get_string())
                                                         : std::string(),
                        kVersion, kDataFormat),
            "nothing was changed; start the newer version again, or restore a backup made before the upgrade");
    }
    return {};
}

Result<void> mark_data_format(const DataFolder& folder) {
    std::error_code ignored;
    if (std::filesystem::exists(folder.format(), ignored)) return {};
    return write_durably(folder.format(),
                         fmt::format("{{\"format\":{},\"written_by\":\"{}\"}}\n", kDataFormat, kVersion));
}

Result<DataFolderUse> look_at_use(const DataFolder& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder.log(), ignored))
        return make_error(Errc::not_found, fmt::format("{} is no data folder: there is no log in it", folder.path),
                          "name one with --data-dir, or the configuration with --config");
    DataFolderUse use;
    auto lock = system_log_files().lock(folder.log(), LogFiles::LockMode::shared);
    if (lock) {
        use.lock = std::move(*lock);
    } else if (lock.error().code == Errc::conflict) {
        use.live = true;
        use.by = lock.error().message;
    } else {
        return lock.error();
    }
    return use;
}

}  // namespace sluice::app
