#include "app/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <map>

#include "store/temporary_folder.hpp"

namespace sluice::app {
namespace {

Environment environment(std::map<std::string, std::string> values) {
    return [values](const std::string& name) -> std::optional<std::string> {
        auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

/// What systemd listens on.
class NotifySocket {
  public:
    /// `name`: a path, or an abstract name after `@`.
    explicit NotifySocket(const std::string& name) : file_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name.front() == '@') address.sun_path[0] = '\0';
        auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        EXPECT_EQ(::bind(file_, reinterpret_cast<sockaddr*>(&address), length), 0) << std::strerror(errno);
    }
    ~NotifySocket() { ::close(file_); }
    /// The next datagram; empty when there is none.
    std::string next() {
        char buffer[4096];
        auto size = ::recv(file_, buffer, sizeof buffer, 0);
        return size < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
    }

  private:
    int file_;
};

TEST(ServiceManager, TellsEachStepOfAServicesLife) {
    TemporaryFolder folder;
    std::string path = folder.path("notify");
    NotifySocket socket(path);
    ServiceManager manager(environment({{"NOTIFY_SOCKET", path}}), 4711);
    manager.status("catching up");
    EXPECT_EQ(socket.next(), "STATUS=catching up");
    manager.ready("listening\non 8080");
    EXPECT_EQ(socket.next(), "READY=1\nMAINPID=4711\nSTATUS=listening on 8080");
    manager.reloading();
    std::string reloading = socket.next();
    EXPECT_EQ(reloading.rfind("RELOADING=1\nMONOTONIC_USEC=", 0), 0u) << reloading;
    manager.stopping("bye");
    EXPECT_EQ(socket.next(), "STOPPING=1\nSTATUS=bye");
    EXPECT_FALSE(manager.watchdog()) << "nobody asked for it";
}

TEST(ServiceManager, SpeaksToAnAbstractSocket) {
    std::string name = "@sluice-test-" + std::to_string(::getpid());
    NotifySocket socket(name);
    ServiceManager(environment({{"NOTIFY_SOCKET", name}}), 1).alive();
    EXPECT_EQ(socket.next(), "WATCHDOG=1");
}

TEST(ServiceManager, IsSilentWhereThereIsNone) {
    ServiceManager none(environment({}), 1);
    EXPECT_FALSE(none.is_there());
    none.ready("nobody hears it");
    EXPECT_FALSE(ServiceManager(environment({{"NOTIFY_SOCKET", "vsock:2:1234"}}), 1).is_there());
    EXPECT_FALSE(ServiceManager(environment({{"NOTIFY_SOCKET", std::string(500, '/')}}), 1).is_there());
    ServiceManager gone(environment({{"NOTIFY_SOCKET", "/nonexistent/notify"}}), 1);
    gone.ready("nor this");
}

TEST(ServiceManager, KnowsTheWatchdogThatIsMeantForThisProcess) {
    auto with = [](std::map<std::string, std::string> more) {
        more["NOTIFY_SOCKET"] = "/run/notify";
        return ServiceManager(environment(std::move(more)), 4711).watchdog();
    };
    EXPECT_EQ(with({{"WATCHDOG_USEC", "30000000"}}), std::chrono::seconds(30));
    EXPECT_EQ(with({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4711"}}), std::chrono::seconds(30));
    EXPECT_EQ(with({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
    EXPECT_EQ(with({{"WATCHDOG_USEC", "soon"}}), std::nullopt);
    EXPECT_EQ(with({}), std::nullopt);
}

}  // namespace
}  // namespace sluice::app
