#pragma once

#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>

namespace sluice {

/// A folder of a test's own, gone with it. In memory where there is such a place: these tests open databases by the
/// dozen, and each would wait for the disk.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        for (const std::filesystem::path& place :
             {std::filesystem::path("/dev/shm"), std::filesystem::temp_directory_path()}) {
            std::string name = (place / "sluice-store-XXXXXX").string();
            if (::mkdtemp(name.data())) {
                path_ = name;
                return;
            }
        }
        throw std::runtime_error("no temporary folder can be made");
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string path(std::string_view name) const { return (path_ / name).string(); }

    /// What a crash of the process would leave of `from`: its files as the operating system has them at one moment.
    /// Files come and go while a live folder is copied, so it is copied again until none did.
    std::string copy(std::string_view from, std::string_view to) const {
        for (;;) {
            std::filesystem::remove_all(path_ / to);
            const auto before = names_in(path_ / from);
            std::error_code vanished;
            std::filesystem::copy(path_ / from, path_ / to, std::filesystem::copy_options::recursive, vanished);
            if (!vanished && names_in(path_ / from) == before) return path(to);
        }
    }

  private:
    static std::set<std::string> names_in(const std::filesystem::path& folder) {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
            names.insert(entry.path().string());
        return names;
    }

    std::filesystem::path path_;
};

}  // namespace sluice
