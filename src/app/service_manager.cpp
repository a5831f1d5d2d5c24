#include "app/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace sluice::app {
namespace {

std::optional<std::int64_t> number_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || number <= 0) return std::nullopt;
    return number;
}

/// A message is lines: what is said must stay on its own.
std::string one_line(std::string_view text) {
    std::string out(text);
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

}  // namespace

ServiceManager ServiceManager::of_this_process() {
    ServiceManager manager(process_environment(), ::getpid());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    return manager;
}

ServiceManager::ServiceManager(const Environment& environment, long pid) : pid_(pid) {
    auto socket = environment("NOTIFY_SOCKET");
    // sd_notify(3) also knows vsock addresses, for virtual machines: those are not for a service in one.
    bool is_usable = socket && socket->size() > 1 && (socket->front() == '/' || socket->front() == '@') &&
                     socket->size() < sizeof(sockaddr_un::sun_path);
    if (!is_usable) return;
    socket_ = *socket;
    auto interval = number_of(environment("WATCHDOG_USEC"));
    auto meant = environment("WATCHDOG_PID");
    if (interval && (!meant || number_of(meant) == pid)) watchdog_ = std::chrono::microseconds(*interval);
}

void ServiceManager::status(std::string_view text) const {
    send(fmt::format("STATUS={}", one_line(text)));
}

void ServiceManager::ready(std::string_view text) const {
    send(fmt::format("READY=1\nMAINPID={}\nSTATUS={}", pid_, one_line(text)));
}

void ServiceManager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    auto usec = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=Reading the configuration again", usec));
}

void ServiceManager::stopping(std::string_view text) const {
    send(fmt::format("STOPPING=1\nSTATUS={}", one_line(text)));
}

void ServiceManager::alive() const {
    send("WATCHDOG=1");
}

void ServiceManager::send(const std::string& message) const {
    if (socket_.empty()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    // An abstract socket's name begins with a null byte and has no end but its length.
    if (socket_.front() == '@') address.sun_path[0] = '\0';
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    int file = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file < 0) return;
    (void)::sendto(file, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&address), length);
    ::close(file);
}

}  // namespace sluice::app
