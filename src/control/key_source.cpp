#include "control/key_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {
namespace {

constexpr mode_t kOwnerOnly = 0600;

std::string why() {
    return std::generic_category().message(errno);
}

/// Closes when destroyed.
struct File {
    explicit File(int opened) : descriptor(opened) {}
    ~File() {
        if (descriptor >= 0) ::close(descriptor);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int descriptor;
};

bool write_all(int descriptor, const std::string& text) {
    return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
           ::fsync(descriptor) == 0;
}

bool sync_folder_of(const std::string& path) {
    auto folder = std::filesystem::path(path).parent_path().string();
    File opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.descriptor >= 0 && ::fsync(opened.descriptor) == 0;
}

class KeyFile final : public KeySource {
  public:
    KeyFile(std::string path, bool create) : path_(std::move(path)), create_(create) {}

    Result<Sealer> read() const override {
        if (create_ && ::access(path_.c_str(), F_OK) != 0)
            if (auto made = make(); !made) return made.error();
        if (auto guarded = check_permissions(); !guarded) return guarded.error();
        std::ifstream in(path_, std::ios::binary);
        if (!in) return make_error(Errc::not_found, "cannot read the key for secrets from " + path_);
        std::ostringstream text;
        text << in.rdbuf();
        auto keys = Sealer::from_key_text(text.str());
        if (!keys) return make_error(keys.error().code, path_ + ": " + keys.error().message, keys.error().hint);
        return keys;
    }

    Result<void> write(const Sealer& keys) override {
        // What a link leads to is replaced, not the link.
        std::error_code ignored;
        auto real = std::filesystem::canonical(path_, ignored).string();
        if (real.empty()) real = path_;
        struct stat before {};
        bool was_there = ::stat(real.c_str(), &before) == 0;
        const auto fresh = real + ".new";
        const Secret text(keys.key_text());
        {
            ::unlink(fresh.c_str());  // of an attempt that was cut short
            File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
            if (file.descriptor < 0) return write_error(fresh);
            // Who could read the old one can read the new one: a group that the operator chose, root's file for a user.
            bool guarded = !was_there || ((before.st_uid == ::geteuid() && before.st_gid == ::getegid()) ||
                                          ::fchown(file.descriptor, before.st_uid, before.st_gid) == 0);
            guarded = guarded && (!was_there || ::fchmod(file.descriptor, before.st_mode & 07777) == 0);
            if (!guarded || !write_all(file.descriptor, text.reveal())) return write_error(fresh);
        }
        if (::rename(fresh.c_str(), real.c_str()) != 0 || !sync_folder_of(real)) return write_error(real);
        return {};
    }

    bool is_ours_to_write() const noexcept override { return true; }
    std::string name() const override { return path_; }

    std::optional<std::string> warning() const override {
        if (!check_permissions()) return std::nullopt;  // refused, which says more
        auto others = also_readable_by(path_);
        if (!others) return std::nullopt;
        return fmt::format("the key for secrets in {} can be read by {}; chmod 600 {} unless that is meant", path_,
                           *others, path_);
    }

  private:
    static Error write_error(const std::string& path) {
        return make_error(Errc::io, fmt::format("cannot write the key for secrets to {}: {}", path, why()),
                          "nothing was changed; may this user write there? A file that is mounted read-only is changed "
                          "where it comes from: the new key as its first line, the old one below, then rotate again");
    }

    Result<void> make() const {
        File file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
        const Secret text(hex_lower(random_bytes(32)) + "\n");
        bool written = file.descriptor >= 0 && write_all(file.descriptor, text.reveal()) && sync_folder_of(path_);
        if (written) return {};
        return make_error(Errc::io, fmt::format("cannot write the key for secrets to {}: {}", path_, why()));
    }

    Result<void> check_permissions() const {
        struct stat status {};
        if (::stat(path_.c_str(), &status) != 0) return {};  // told when it is read
        const char* who = (status.st_mode & S_IROTH) != 0   ? "be read by everybody"
                          : (status.st_mode & S_IWOTH) != 0 ? "be changed by everybody"
                          : (status.st_mode & S_IWGRP) != 0 ? "be changed by its group"
                                                            : nullptr;
        if (who == nullptr) return {};
        return make_error(Errc::forbidden,
                          fmt::format("the key for secrets in {} can {} (mode {:o})", path_, who,
                                      static_cast<unsigned>(status.st_mode & 0777)),
                          fmt::format("chmod 600 {}; where a container platform mounts it: mode 0400", path_));
    }

    const std::string path_;
    const bool create_;
};

class EnvironmentKey final : public KeySource {
  public:
    explicit EnvironmentKey(Secret text) : text_(std::move(text)) {}
    Result<Sealer> read() const override {
        auto keys = Sealer::from_key_text(text_.reveal());
        if (!keys) return make_error(keys.error().code, name() + ": " + keys.error().message, keys.error().hint);
        return keys;
    }
    Result<void> write(const Sealer&) override {
        return make_error(
            Errc::unsupported, "the key for secrets comes from SLUICE_SECRETS_KEY, which cannot be changed from here",
            "put a new key in front of the old one (SLUICE_SECRETS_KEY=NEW,OLD; openssl rand -hex 32 makes "
            "one), restart, and rotate again");
    }
    bool is_ours_to_write() const noexcept override { return false; }
    std::string name() const override { return "SLUICE_SECRETS_KEY"; }

  private:
    const Secret text_;
};

}  // namespace

std::optional<std::string> also_readable_by(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    if ((status.st_mode & S_IROTH) != 0) return "everybody";
    if ((status.st_mode & S_IRGRP) != 0) return "its group";
    return std::nullopt;
}

std::unique_ptr<KeySource> key_file(std::string path, bool create) {
    return std::make_unique<KeyFile>(std::move(path), create);
}

std::unique_ptr<KeySource> key_of_environment(Secret text) {
    return std::make_unique<EnvironmentKey>(std::move(text));
}

}  // namespace sluice
