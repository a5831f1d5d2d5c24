#include "destinations/file/destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "destinations/file/line_file.hpp"
#include "net/signal_event.hpp"

namespace sluice::file_destination {
namespace {

constexpr std::size_t kMaxEvents = 5'000;
constexpr std::size_t kMaxBytes = 16 << 20;
constexpr std::size_t kMaxMessageBytes = 64 << 20;
/// Paths remembered as ended with a line of ours. One forgotten is taken as after a crash.
constexpr std::size_t kMaxEnded = 1'024;
/// For how long, and how often, the lock is asked for that another process holds while it appends.
constexpr auto kLockWait = std::chrono::seconds(1);
constexpr auto kLockPause = std::chrono::milliseconds(5);

using Appended = boost::system::result<void, FileError>;

Appended append_to(const std::string& path, std::span<const std::string_view> lines, TornLine torn) {
    auto file = LineFile::open(path, torn);
    if (!file) return file.error();
    return file->append(lines);
}

class FileDestination final : public Destination {
  public:
    FileDestination(FileConfig config, std::shared_ptr<BlockingPool> blocking, std::shared_ptr<PathTurns> turns)
        : config_(std::move(config)), blocking_(std::move(blocking)), turns_(std::move(turns)) {}

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

    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages,
                                                         Deadline deadline) override {
        std::string path(messages.front().target);
        std::vector<std::string_view> lines;
        lines.reserve(messages.size());
        for (const auto& message : messages) lines.push_back(message.body);
        Appended done = co_await append(path, lines, deadline);
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
        auto look = [path = config_.path.source()] { return LineFile::refusal(path); };
        int refused = co_await blocking_->run(std::move(look));
        if (refused == 0) {
            report.steps.push_back({"target", ProbeStep::Outcome::ok, config_.path.source() + " can be written", ""});
        } else {
            auto failure = failure_of(refused, "open", config_.path.source());
            report.steps.push_back({"target", ProbeStep::Outcome::failed, failure.message, failure.hint});
        }
        co_return report;
    }

    boost::asio::awaitable<void> close() override { co_return; }  // nothing is open between two batches

  private:
    boost::asio::awaitable<Appended> append(const std::string& path, std::span<const std::string_view> lines,
                                            Deadline deadline) {
        auto give_up = deadline.earlier(kLockWait);
        auto turn = turns_->of(path);
        auto hold = co_await turn->take();
        if (!hold) co_return FileError{EWOULDBLOCK, "lock"};
        // A line torn at the first append was torn by a crash, or by our own write that could not be taken back; else
        // somebody else wrote it.
        auto torn = ended_.contains(path) ? TornLine::end : TornLine::cut;
        SignalEvent pause(co_await boost::asio::this_coro::executor);
        for (;;) {
            // Not cut short by the deadline: a write that was begun is waited for, so that its outcome is known.
            Appended done = co_await blocking_->run([&path, lines, torn] { return append_to(path, lines, torn); });
            bool locked = !done && done.error().errno_value == EWOULDBLOCK && done.error().step == "lock";
            auto cancelled = (co_await boost::asio::this_coro::cancellation_state).cancelled();
            if (locked && !give_up.passed() && cancelled == boost::asio::cancellation_type::none) {
                co_await pause.wait(Deadline::after(kLockPause).earlier(give_up.remaining()));
                continue;
            }
            if (done) remember_ended(path);
            if (!done && done.error().maybe_written) ended_.erase(path);
            co_return done;
        }
    }

    void remember_ended(const std::string& path) {
        if (ended_.size() >= kMaxEnded && !ended_.contains(path)) ended_.clear();
        ended_.insert(path);
    }

    const FileConfig config_;
    std::shared_ptr<BlockingPool> blocking_;
    std::shared_ptr<PathTurns> turns_;
    std::unordered_set<std::string> ended_;  ///< whose last line was ours, whole
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
        case EWOULDBLOCK:
            failure.error_class = ErrorClass::transient;
            failure.code = "file_in_use";
            failure.message = fmt::format("{} is in use: another process keeps it locked", path);
            failure.hint =
                "delivery goes on once it is let go; if another Sluice writes to it too, give each its own path, for "
                "instance in a folder of its own";
            break;
        case ESTALE:
            failure.error_class = ErrorClass::transient;
            failure.code = "file_taken_away";
            failure.message = fmt::format("{} was taken away while lines were written to it", path);
            failure.hint =
                "they are written again, to a new file; whoever takes the file away may hold its lock (flock)";
            break;
        default:
            failure.error_class = ErrorClass::transient;
            failure.code = "io_error";
            failure.hint = "look at the disk and the system's log";
    }
    return failure;
}

std::unique_ptr<Destination> make_destination(FileConfig config, std::shared_ptr<BlockingPool> blocking,
                                              std::shared_ptr<PathTurns> turns) {
    return std::make_unique<FileDestination>(std::move(config), std::move(blocking), std::move(turns));
}

}  // namespace sluice::file_destination
