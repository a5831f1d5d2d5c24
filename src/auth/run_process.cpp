#include "auth/run_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

extern char** environ;

namespace sluice::auth {
namespace {

/// A file descriptor that is closed when it goes.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    int get() const noexcept { return fd_; }
    void close() noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

  private:
    int fd_;
};

/// A running child, in a process group of its own; killed and waited for when it goes.
class Child {
  public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        wait();
    }
    int wait() noexcept {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return status;
    }
    /// Nothing while it is running.
    std::optional<int> poll() noexcept {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
        pid_ = 0;
        return status;
    }

  private:
    pid_t pid_;
};

Error system_error(std::string_view what, int number) {
    return make_error(number == ENOENT ? Errc::not_found : Errc::io,
                      fmt::format("{}: {}", what, std::strerror(number)));
}

Result<pid_t> start(const std::vector<std::string>& command, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    // The server's own signal handling is not the child's.
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = 0;
    int failed = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) return system_error("cannot run " + command.front(), failed);
    return pid;
}

/// Milliseconds for poll(), rounded up, at most a minute at a time.
int poll_timeout(Deadline deadline) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Deadline::Clock::duration>(deadline.remaining(), std::chrono::minutes(1)));
    return static_cast<int>(left.count());
}

Error ran_out_of_time(const std::string& program) {
    return make_error(Errc::timeout, program + " did not finish in time and was killed");
}

Result<std::string> read_all(int fd, const std::string& program, Deadline deadline, std::size_t max_output) {
    std::string output;
    std::array<char, 4096> buffer;
    for (;;) {
        pollfd waiting{fd, POLLIN, 0};
        int ready = ::poll(&waiting, 1, poll_timeout(deadline));
        if (ready < 0 && errno != EINTR) return system_error("cannot wait for " + program, errno);
        if (deadline.passed()) return ran_out_of_time(program);
        if (ready <= 0) continue;
        auto got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error("cannot read from " + program, errno);
        if (got == 0) return output;
        output.append(buffer.data(), static_cast<std::size_t>(got));
        if (output.size() > max_output) {
            return make_error(Errc::too_large, fmt::format("{} wrote more than {} bytes", program, max_output));
        }
    }
}

/// It has closed its output and should be gone in a moment.
Result<int> wait_for_end(Child& child, const std::string& program, Deadline deadline) {
    for (;;) {
        if (auto status = child.poll()) return *status;
        if (deadline.passed()) return ran_out_of_time(program);
        ::poll(nullptr, 0, std::min(poll_timeout(deadline), 10));
    }
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < command.size(); ++i) {
        char c = command[i];
        bool is_escape = c == '\\' && quote != '\'' && i + 1 < command.size();
        if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (is_escape) {
            words.back() += command[++i];
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else {
            words.back() += c;
        }
    }
    if (quote != 0) return make_error(Errc::invalid_argument, "the command has a quote that is not closed");
    if (words.empty()) return make_error(Errc::invalid_argument, "the command is empty");
    return words;
}

Result<std::string> run_process(const std::vector<std::string>& command, Deadline deadline, std::size_t max_output) {
    const auto& program = command.front();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    auto pid = start(command, writing.get());
    if (!pid) return pid.error();
    Child child(*pid);
    writing.close();
    auto output = read_all(reading.get(), program, deadline, max_output);
    if (!output) return output.error();
    auto status = wait_for_end(child, program, deadline);
    if (!status) return status.error();
    if (WIFSIGNALED(*status))
        return make_error(Errc::io, fmt::format("{} was ended by signal {}", program, WTERMSIG(*status)));
    if (WEXITSTATUS(*status) != 0) {
        return make_error(Errc::io, fmt::format("{} ended with status {}", program, WEXITSTATUS(*status)));
    }
    return output;
}

}  // namespace sluice::auth
