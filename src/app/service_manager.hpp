#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/configuration.hpp"
#include "base/result.hpp"

namespace sluice::app {

/// Tells the service manager that started this process how it is doing: sd_notify(3), a datagram to the socket that
/// `NOTIFY_SOCKET` names. Says nothing where there is none: a shell, a container. What cannot be sent is let go: the
/// service manager's own time limits tell.
/// Thread: any. Lifecycle: made first thing, before there are threads.
class ServiceManager {
  public:
    /// Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the process's environment, so that no child of ours
    /// speaks for us.
    static ServiceManager of_this_process();
    ServiceManager(const Environment& environment, long pid);

    bool is_there() const noexcept { return !socket_.empty(); }

    /// What it is busy with, for `systemctl status`.
    void status(std::string_view text) const;
    /// Start-up, or a reload, is over.
    void ready(std::string_view text) const;
    void reloading() const;
    void stopping(std::string_view text) const;

    /// How often alive() is to be called at least; nullopt when nobody waits for it.
    std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }
    void alive() const;

  private:
    void send(const std::string& message) const;

    std::string socket_;  ///< a path, or an abstract name after `@`; empty: none
    long pid_;
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace sluice::app
