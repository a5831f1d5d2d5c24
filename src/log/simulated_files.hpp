#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/assert.hpp"
#include "log/log_files.hpp"

namespace sluice {

/// A disk in memory whose power can be cut, for tests. What was not synced when that happens survives in any mixture:
/// each sector written since the last sync of its file is as it was, as it was to be, or garbage; of the names changed
/// since the last sync of the folder the first few are changed. It holds direct writes to their alignment. Thread: any.
class SimulatedFiles final : public LogFiles {
  public:
    static constexpr std::size_t kSector = 512;

    explicit SimulatedFiles(std::uint32_t block_bytes = 512) : block_bytes_(block_bytes) {}

    // The test's side.

    /// The power goes during the `operation`th change from now on (1 is the next): it and all later ones fail.
    void cut_power_at(std::uint64_t operation) { cut_at_ = operations_ + operation; }
    std::uint64_t operations() const {
        return locked([&] { return operations_; });
    }
    /// What a machine finds when its power is back.
    std::unique_ptr<SimulatedFiles> after_power_cut(std::uint32_t seed) const;
    /// What a process finds that is started after another was killed: everything, and the unsynced may still be lost.
    std::unique_ptr<SimulatedFiles> after_kill() const;

    void set_free_bytes(std::uint64_t bytes) {
        locked([&] { return free_bytes_ = bytes; });
    }
    void fail_syncs(bool fail) {
        locked([&] { return fail_syncs_ = fail; });
    }
    void fail_folder_syncs(bool fail) {
        locked([&] { return fail_folder_syncs_ = fail; });
    }
    void fail_writes(bool fail) {
        locked([&] { return fail_writes_ = fail; });
    }
    /// How often a spare file was put to use again.
    std::uint64_t reuses() const {
        return locked([&] { return reuses_; });
    }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        std::lock_guard lock(mutex_);
        for (const auto& [path, file] : names_) names.push_back(path);
        return names;
    }
    bool exists(const std::string& path) const {
        return locked([&] { return names_.contains(path); });
    }
    /// The content of a file, to damage it. Not while a log has it open.
    std::string& content(const std::string& path) { return names_.at(path)->content; }
    void put(const std::string& path, std::string bytes) {
        auto file = std::make_shared<Inode>();
        file->content = file->durable = std::move(bytes);
        names_[path] = durable_names_[path] = std::move(file);
    }
    void erase(const std::string& path) {
        names_.erase(path);
        durable_names_.erase(path);
    }

    // The log's side.

    std::error_code make_folder(const std::string&) override { return {}; }
    Result<std::unique_ptr<FolderLock>> lock(const std::string& folder, LockMode) override {
        std::lock_guard lock(mutex_);
        if (*locked_) return make_error(Errc::conflict, "the log in " + folder + " is in use");
        return std::unique_ptr<FolderLock>(std::make_unique<Lock>(locked_));
    }
    IoResult<std::vector<std::string>> list(const std::string& folder) override {
        std::lock_guard lock(mutex_);
        std::vector<std::string> names;
        for (const auto& [path, file] : names_) {
            if (path.starts_with(folder + "/")) names.push_back(path.substr(folder.size() + 1));
        }
        return names;
    }
    IoResult<std::uint64_t> free_bytes(const std::string&) override {
        return locked([&] { return free_bytes_; });
    }
    IoResult<std::unique_ptr<LogFile>> open(const std::string& path, Access) override {
        std::lock_guard lock(mutex_);
        auto found = names_.find(path);
        if (found == names_.end()) return error(ENOENT);
        return std::unique_ptr<LogFile>(std::make_unique<File>(*this, path, found->second));
    }
    std::error_code create(const std::string& path, std::uint64_t bytes) override {
        return change([&](bool) -> std::error_code {
            if (names_.contains(path)) return error(EEXIST);
            if (bytes > free_bytes_) return error(ENOSPC);
            free_bytes_ -= bytes;
            auto file = std::make_shared<Inode>();
            file->content.resize(bytes);
            name_changed([path, file](Names& names) { names[path] = file; });
            return {};
        });
    }
    std::error_code rename(const std::string& from, const std::string& to) override {
        return change([&](bool) -> std::error_code {
            if (!names_.contains(from)) return error(ENOENT);
            if (from.ends_with(".spare")) ++reuses_;
            name_changed([from, to](Names& names) {
                auto found = names.find(from);
                if (found == names.end()) return;
                names[to] = found->second;
                names.erase(from);
            });
            return {};
        });
    }
    std::error_code remove(const std::string& path) override {
        return change([&](bool) -> std::error_code {
            auto found = names_.find(path);
            if (found == names_.end()) return error(ENOENT);
            free_bytes_ += found->second->content.size();
            name_changed([path](Names& names) { names.erase(path); });
            return {};
        });
    }
    std::error_code sync_folder(const std::string&) override {
        return change([&](bool cut) -> std::error_code {
            if (cut) return {};
            if (fail_folder_syncs_) return error(EIO);
            durable_names_ = names_;
            pending_names_.clear();
            return {};
        });
    }
    IoResult<std::string> read_whole(const std::string& path) override {
        std::lock_guard lock(mutex_);
        auto found = names_.find(path);
        if (found == names_.end()) return error(ENOENT);
        return found->second->content;
    }
    std::error_code write_whole(const std::string& path, std::string_view bytes) override {
        return change([&](bool) -> std::error_code {
            auto file = std::make_shared<Inode>();
            file->content = bytes;
            file->unsynced_size = true;
            name_changed([path, file](Names& names) { names[path] = file; });
            return {};
        });
    }

  private:
    struct Inode {
        std::string content;             ///< as programs see it
        std::string durable;             ///< as of the last sync
        std::set<std::size_t> unsynced;  ///< sectors
        bool unsynced_size = false;      ///< after a power cut its end may be anywhere
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    class File final : public LogFile {
      public:
        File(SimulatedFiles& disk, std::string path, std::shared_ptr<Inode> inode)
            : LogFile(std::move(path)), disk_(disk), inode_(std::move(inode)) {}

        IoResult<std::uint64_t> size() const override {
            return disk_.locked([&] { return std::uint64_t(inode_->content.size()); });
        }
        std::uint32_t block_bytes() const noexcept override { return disk_.block_bytes_; }
        std::error_code write(std::uint64_t offset, std::string_view bytes) override {
            std::size_t mask = disk_.block_bytes_ - 1;
            SLUICE_ASSERT(((offset | bytes.size() | reinterpret_cast<std::uintptr_t>(bytes.data())) & mask) == 0,
                          "a direct write is aligned");
            return disk_.change([&](bool) -> std::error_code {
                if (disk_.fail_writes_) return error(EIO);
                SLUICE_ASSERT(offset + bytes.size() <= inode_->content.size(), "writes stay within what was allocated");
                bytes.copy(inode_->content.data() + offset, bytes.size());
                for (std::size_t at = offset; at < offset + bytes.size(); at += kSector)
                    inode_->unsynced.insert(at / kSector);
                return {};
            });
        }
        std::error_code sync() override {
            return disk_.change([&](bool cut) -> std::error_code {
                if (disk_.fail_syncs_) return error(EIO);
                if (cut) return {};
                inode_->durable = inode_->content;
                inode_->unsynced.clear();
                inode_->unsynced_size = false;
                return {};
            });
        }
        IoResult<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) const override {
            return disk_.locked([&] {
                if (offset >= inode_->content.size()) return std::size_t(0);
                return inode_->content.copy(into, bytes, offset);
            });
        }
        void forget_cached() const override {}

      private:
        SimulatedFiles& disk_;
        std::shared_ptr<Inode> inode_;
    };

    class Lock final : public FolderLock {
      public:
        explicit Lock(std::shared_ptr<bool> held) : held_(std::move(held)) { *held_ = true; }
        ~Lock() override { *held_ = false; }

      private:
        std::shared_ptr<bool> held_;
    };

    static std::error_code error(int code) { return {code, std::generic_category()}; }

    template <class F>
    std::invoke_result_t<F> locked(F&& f) const {
        std::lock_guard lock(mutex_);
        return f();
    }
    /// `apply` is told when the power goes while it is under way.
    template <class F>
    std::error_code change(F&& apply) {
        std::lock_guard lock(mutex_);
        ++operations_;
        if (operations_ > cut_at_) return error(EIO);
        bool cut = operations_ == cut_at_;
        std::error_code code = apply(cut);
        return cut ? error(EIO) : code;
    }
    template <class F>
    void name_changed(F&& f) {
        f(names_);
        pending_names_.push_back(std::forward<F>(f));
    }
    static std::shared_ptr<Inode> survivor(const Inode& file, std::mt19937& random);

    const std::uint32_t block_bytes_;
    mutable std::mutex mutex_;
    Names names_;
    Names durable_names_;
    std::vector<std::function<void(Names&)>> pending_names_;
    std::shared_ptr<bool> locked_ = std::make_shared<bool>(false);
    std::uint64_t operations_ = 0;
    std::uint64_t cut_at_ = ~std::uint64_t(0);
    std::uint64_t free_bytes_ = std::uint64_t(1) << 40;
    std::uint64_t reuses_ = 0;
    bool fail_syncs_ = false;
    bool fail_writes_ = false;
    bool fail_folder_syncs_ = false;
};

inline std::shared_ptr<SimulatedFiles::Inode> SimulatedFiles::survivor(const Inode& file, std::mt19937& random) {
    auto found = std::make_shared<Inode>();
    found->content = file.durable;
    found->content.resize(file.content.size());
    // Sectors never synced are a mixture; a seed decides how bad it is, so that "all", "none" and "nearly all" are
    // tried.
    unsigned kept_of_8 = random() % 9;
    for (std::size_t sector : file.unsynced) {
        std::size_t at = sector * kSector;
        std::size_t size = std::min(kSector, file.content.size() - at);
        unsigned fate = random() % 8;
        if (fate < kept_of_8) {
            file.content.copy(found->content.data() + at, size, at);
        } else if (random() % 2 == 0) {  // torn: some of it, then anything
            std::size_t whole = random() % (size + 1);
            file.content.copy(found->content.data() + at, whole, at);
            for (std::size_t i = at + whole; i < at + size; ++i) found->content[i] = static_cast<char>(random());
        }
    }
    if (file.unsynced_size) {
        found->content =
            file.content.substr(0, random() % 3 == 0 ? file.content.size() : random() % (file.content.size() + 1));
    }
    found->durable = found->content;
    return found;
}

inline std::unique_ptr<SimulatedFiles> SimulatedFiles::after_power_cut(std::uint32_t seed) const {
    std::lock_guard lock(mutex_);
    std::mt19937 random(seed);
    Names names = durable_names_;
    std::size_t settled = random() % (pending_names_.size() + 1);
    for (std::size_t i = 0; i < settled; ++i) pending_names_[i](names);
    auto found = std::make_unique<SimulatedFiles>(block_bytes_);
    found->free_bytes_ = free_bytes_;
    for (const auto& [path, file] : names) found->names_[path] = survivor(*file, random);
    found->durable_names_ = found->names_;
    return found;
}

inline std::unique_ptr<SimulatedFiles> SimulatedFiles::after_kill() const {
    std::lock_guard lock(mutex_);
    auto found = std::make_unique<SimulatedFiles>(block_bytes_);
    found->free_bytes_ = free_bytes_;
    for (const auto& [path, file] : names_) found->names_[path] = std::make_shared<Inode>(*file);
    for (const auto& [path, file] : durable_names_) {
        auto now =
            std::find_if(names_.begin(), names_.end(), [&, &inode = file](const auto& n) { return n.second == inode; });
        found->durable_names_[path] = now != names_.end() ? found->names_[now->first] : std::make_shared<Inode>(*file);
    }
    return found;
}

}  // namespace sluice
