#include "destinations/file/destination.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <stdexcept>

#include "base/assert.hpp"
#include "destinations/file/line_file.hpp"

namespace sluice::file_destination {
namespace {

constexpr std::size_t kMaxEvents = 5'000;
constexpr std::size_t kMaxBytes = 16 << 20;
constexpr std::size_t kMaxMessageBytes = 64 << 20;
/// Files kept open, by last use.
constexpr std::size_t kMaxOpenFiles = 32;

/// The files in use. Thread: a pool thread, one call at a time (the lane sends one batch at a time).
class OpenFiles {
  public:
    boost::system::result<void, FileError> append(const std::string& path, std::span<const std::string_view> lines) {
        auto at = std::find_if(files_.begin(), files_.end(), [&](const auto& entry) { return entry.first == path; });
        if (at == files_.end()) {
            auto opened = LineFile::open(path);
            if (!opened) return opened.error();
            files_.emplace_front(path, std::move(*opened));
            if (files_.size() > kMaxOpenFiles) files_.pop_back();
        } else {
            files_.splice(files_.begin(), files_, at);
        }
        auto appended = files_.front().second.append(lines);
        if (!appended) files_.pop_front();
        return appended;
    }
    void close() { files_.clear(); }

  private:
    std::list<std::pair<std::string, LineFile>> files_;
};

class FileDestination final : public Destination {
  public:
    FileDestination(FileConfig config, std::shared_ptr<BlockingPool> blocking)
        : config_(std::move(config)), blocking_(std::move(blocking)), files_(std::make_shared<OpenFiles>()) {}

    Limits limits() const override {
        Limits limits;
        limits.max_events = kMaxEvents;
        limits.max_bytes = kMaxBytes;
        limits.max_message_bytes_safe = kMaxMessageBytes;
        limits.max_message_bytes_absolute = kMaxMessageBytes;
        limits.max_concurrent = 1;
        limits.same_key = SameKeyInBatch::in_order;
        limits.fixed_target = config_.path.is_literal();
        return limits;
    }

    Result<void> target_of(const Event& event, std::string& out) const override {
        return append_path(config_, event, out);
    }
    std::size_t size_of(const Message& message) const override { return message.body.size() + 1; }

    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline) override {
        std::string path(messages.front().target);
        std::vector<std::string_view> lines;
        lines.reserve(messages.size());
        for (const auto& message : messages) lines.push_back(message.body);
        // Not cut short by the deadline: a write that was begun is waited for, so that its outcome is known.
        auto write = [files = files_, path, lines = std::move(lines)] { return files->append(path, lines); };
        boost::system::result<void, FileError> done = co_await blocking_->run(std::move(write));
        if (done) co_return std::vector<Verdict>(messages.size(), Verdict::accepted());
        auto failure = std::make_shared<const Failure>(failure_of(done.error().errno_value, done.error().step, path));
        co_return std::vector<Verdict>(messages.size(), Verdict::retry(failure, done.error().maybe_written));
    }

    boost::asio::awaitable<ProbeReport> probe(Deadline) override {
        ProbeReport report;
        if (!config_.path.is_literal()) {
            report.steps.push_back({"target", ProbeStep::Outcome::warning,
                                    "the path depends on the event: " + config_.path.source(),
                                    "the folder must be there and writable"});
            co_return report;
        }
        auto look = [path = config_.path.source()]() -> int {
            auto slash = path.rfind('/');
            auto folder = slash == std::string::npos ? std::string(".")
                          : slash == 0               ? std::string("/")
                                                     : path.substr(0, slash);
            if (::access(path.c_str(), F_OK) == 0) return ::access(path.c_str(), R_OK | W_OK) == 0 ? 0 : errno;
            return ::access(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
        };
        int refused = co_await blocking_->run(std::move(look));
        if (refused == 0) {
            report.steps.push_back({"target", ProbeStep::Outcome::ok, config_.path.source() + " can be written", ""});
        } else {
            auto failure = failure_of(refused, "open", config_.path.source());
            report.steps.push_back({"target", ProbeStep::Outcome::failed, failure.message, failure.hint});
        }
        co_return report;
    }

    boost::asio::awaitable<void> close() override {
        auto close_files = [files = files_] { files->close(); };
        co_await blocking_->run(std::move(close_files));
    }

  private:
    const FileConfig config_;
    std::shared_ptr<BlockingPool> blocking_;
    std::shared_ptr<OpenFiles> files_;
};

}  // namespace

Failure failure_of(int errno_value, const std::string& step, const std::string& path) {
    Failure failure;
    failure.target = path;
    failure.message = fmt::format("{} {}: {}", step, path, std::strerror(errno_value));
    switch (errno_value) {
        case ENOSPC:
        case EDQUOT:
            failure.error_class = ErrorClass::transient;
            failure.code = "disk_full";
            failure.hint = "make room on that disk; delivery goes on by itself";
            break;
        case ENOENT:
        case ENOTDIR:
            failure.error_class = ErrorClass::missing_target;
            failure.code = "no_such_folder";
            failure.hint = "make the folder; delivery goes on by itself";
            break;
        case EACCES:
        case EPERM:
            failure.error_class = ErrorClass::credentials;
            failure.code = "not_permitted";
            failure.hint = "let the user that Sluice runs as write there";
            break;
        case EROFS:
            failure.error_class = ErrorClass::missing_target;
            failure.code = "read_only";
            failure.hint = "the file system is mounted read-only";
            break;
        case EINVAL:
        case EISDIR:
        case ELOOP:
            failure.error_class = ErrorClass::missing_target;
            failure.code = "not_a_file";
            failure.hint = "destination.path must name an ordinary file, not a folder, link or device";
            break;
        default:
            failure.error_class = ErrorClass::transient;
            failure.code = "io_error";
            failure.hint = "look at the disk and the system's log";
    }
    return failure;
}

std::unique_ptr<Destination> make_destination(FileConfig config, std::shared_ptr<BlockingPool> blocking) {
    return std::make_unique<FileDestination>(std::move(config), std::move(blocking));
}

}  // namespace sluice::file_destination
