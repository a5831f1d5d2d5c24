#include "net/resolve.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/address.hpp>
#include <condition_variable>
#include <mutex>

#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

using Addresses = std::vector<asio::ip::address>;

constexpr std::chrono::seconds kLong{20};

/// A zone whose name servers are silent, until the test is over: who asks for a name of it is not answered. Another
/// answers at once.
class SilentZone {
  public:
    ~SilentZone() { answer(); }

    Result<Addresses> look_up(const std::string& host) {
        std::unique_lock lock(mutex_);
        if (host.ends_with(".silent.example")) {
            if (refusing_) return make_error(Errc::unavailable, "no name server answered");
            ++asked_;
            changed_.notify_all();
            changed_.wait(lock, [this] { return answering_; });
        }
        return Addresses{asio::ip::make_address("198.51.100.1")};
    }
    /// Told at once that no server answers, instead of after a while.
    void refuse(bool refusing) {
        std::lock_guard lock(mutex_);
        refusing_ = refusing;
    }
    void answer() {
        std::lock_guard lock(mutex_);
        answering_ = true;
        changed_.notify_all();
    }
    void wait_until_asked(int times) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_ >= times; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool refusing_ = false;
    bool answering_ = false;
    int asked_ = 0;
};

class ResolveTest : public testing::Test {
  protected:
    static asio::awaitable<void> ask(std::string host, int* unanswered) {
        auto addresses = co_await resolve(std::move(host), Deadline::after(kLong));
        if (!addresses) ++*unanswered;
    }
    /// Asks for a hundred names of the silent zone, and comes back while the callers wait.
    void ask_silent_names() {
        for (int i = 0; i < 100; ++i) {
            callers_.spawn(ask(fmt::format("{}-{}.silent.example", round_, i), &unanswered_));
        }
        io_.restart();
        io_.poll();
    }
    Result<Addresses> resolve_now(std::string host) {
        return run_for_test(io_, resolve(std::move(host), Deadline::after(kLong)));
    }
    void TearDown() override {
        zone_.answer();
        run_for_test(io_, callers_.join());
    }

    /// The process remembers how a name was answered: each test has names of its own.
    inline static int rounds_ = 0;
    int round_ = ++rounds_;
    SilentZone zone_;
    NamesForTest names_{[this](const std::string& host) { return zone_.look_up(host); }};
    asio::io_context io_;
    TaskGroup callers_{io_};
    int unanswered_ = 0;
};

TEST_F(ResolveTest, NamesOfASilentZoneDoNotHoldUpTheOthers) {
    zone_.refuse(true);
    ask_silent_names();
    run_for_test(io_, callers_.join());
    EXPECT_EQ(unanswered_, 100);
    zone_.refuse(false);
    ask_silent_names();
    zone_.wait_until_asked(4);
    auto addresses = resolve_now("hooks.example");
    ASSERT_TRUE(addresses) << addresses.error().message;
    EXPECT_EQ(addresses->front().to_string(), "198.51.100.1");
}

TEST_F(ResolveTest, NamesNeverAskedForBeforeDoNotHoldUpOneThatWasAnswered) {
    ASSERT_TRUE(resolve_now("known.example"));
    ask_silent_names();
    zone_.wait_until_asked(16);
    auto addresses = resolve_now("known.example");
    ASSERT_TRUE(addresses) << addresses.error().message;
}

}  // namespace
}  // namespace sluice
