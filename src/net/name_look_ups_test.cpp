#include "net/name_look_ups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

#include "net/run_for_test.hpp"
#include "net/shard.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;

using Addresses = NameLookUps::Addresses;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

Deadline no_hurry() {
    return Deadline::after(std::chrono::seconds(20));
}

/// Stands in for the system's call: it notes who is asked for, and names that are held are answered when they are let
/// go.
class Resolver {
  public:
    ~Resolver() { let_go(); }

    Result<Addresses> look_up(const std::string& host) {
        std::unique_lock lock(mutex_);
        asked_.push_back(host);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_.contains(host); });
        if (host.starts_with("dead")) return make_error(Errc::unavailable, "nobody could be asked");
        return Addresses{asio::ip::make_address("198.51.100.1")};
    }
    void hold(std::set<std::string> hosts) {
        std::lock_guard lock(mutex_);
        held_ = std::move(hosts);
    }
    void let_go() {
        hold({});
        changed_.notify_all();
    }
    void wait_until_asked(std::size_t times) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_.size() >= times; });
    }
    std::vector<std::string> asked() {
        std::lock_guard lock(mutex_);
        return asked_;
    }
    void forget() {
        std::lock_guard lock(mutex_);
        asked_.clear();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> held_;
    std::vector<std::string> asked_;
};

class NameLookUpsTest : public testing::Test {
  protected:
    NameLookUps& look_ups() {
        if (!look_ups_) {
            auto call = [this](const std::string& host) { return resolver_.look_up(host); };
            look_ups_ = std::make_unique<NameLookUps>(call, options_);
        }
        return *look_ups_;
    }

    void TearDown() override {
        resolver_.let_go();
        join();
    }

    static asio::awaitable<void> ask_one(NameLookUps& look_ups, std::string host, Deadline deadline,
                                         std::vector<std::string>& outcomes) {
        auto addresses = co_await look_ups.resolve(host, deadline);
        auto outcome = addresses                                   ? "found"
                       : addresses.error().code == Errc::timeout   ? "timeout"
                       : addresses.error().code == Errc::cancelled ? "cancelled"
                       : addresses.error().code == Errc::exhausted ? "exhausted"
                                                                   : "unavailable";
        outcomes.push_back(host + " " + outcome);
    }
    void ask(std::string host, Deadline deadline = no_hurry()) {
        callers_.spawn(ask_one(look_ups(), std::move(host), deadline, outcomes_));
        io_.restart();
        io_.poll();
    }
    std::vector<std::string> join() {
        run_for_test(io_, callers_.join());
        return std::exchange(outcomes_, {});
    }
    /// Asks and waits for the answer, whoever else still waits.
    void ask_now(std::string host) {
        std::vector<std::string> outcome;
        run_for_test(io_, ask_one(look_ups(), std::move(host), no_hurry(), outcome));
        EXPECT_FALSE(outcome.front().ends_with("timeout")) << outcome.front();
    }

    Resolver resolver_;
    NameLookUps::Options options_{.threads = 4,
                                  .threads_for_unproven = 2,
                                  .threads_for_slow = 1,
                                  .max_waiting = 10,
                                  .slow_after = std::chrono::hours(1)};
    std::unique_ptr<NameLookUps> look_ups_;
    asio::io_context io_;
    TaskGroup callers_{io_};
    std::vector<std::string> outcomes_;
};

TEST_F(NameLookUpsTest, CallersOfOneNameShareALookUp) {
    resolver_.hold({"a"});
    ask("a");
    ask("a");
    resolver_.wait_until_asked(1);
    ask("a");
    resolver_.let_go();
    EXPECT_THAT(join(), ElementsAre("a found", "a found", "a found"));
    EXPECT_THAT(resolver_.asked(), ElementsAre("a"));
    EXPECT_EQ(look_ups().under_way(), 0u);
    ask_now("a");
    EXPECT_THAT(resolver_.asked(), ElementsAre("a", "a")) << "nothing is cached";
}

asio::awaitable<void> ask_on_shard(NameLookUps& look_ups, std::atomic<int>& found) {
    auto addresses = co_await look_ups.resolve("a", no_hurry());
    if (addresses) ++found;
}

TEST_F(NameLookUpsTest, CallersOnSeveralShardsAreAnsweredOnTheirOwn) {
    std::atomic<int> found = 0;
    ShardSet shards(3);
    shards.start();
    resolver_.hold({"a"});
    std::vector<std::future<void>> asked;
    for (std::size_t i = 0; i < 300; ++i) {
        asked.push_back(asio::co_spawn(shards[i % 3].io(), ask_on_shard(look_ups(), found), asio::use_future));
    }
    resolver_.wait_until_asked(1);
    resolver_.let_go();
    for (auto& each : asked) each.get();
    EXPECT_EQ(found, 300);
    EXPECT_EQ(look_ups().under_way(), 0u);
    shards.stop_and_join();
}

TEST_F(NameLookUpsTest, EachCallerGivesUpByItsOwnDeadline) {
    resolver_.hold({"a"});
    ask("a", Deadline::after(std::chrono::milliseconds(1)));
    ask("a");
    resolver_.wait_until_asked(1);
    while (outcomes_.empty()) io_.run_one();
    EXPECT_THAT(outcomes_, ElementsAre("a timeout"));
    resolver_.let_go();
    EXPECT_THAT(join(), ElementsAre("a timeout", "a found"));
}

TEST_F(NameLookUpsTest, ANameThatNobodyWaitsForAnyMoreIsNotLookedUp) {
    resolver_.hold({"a", "b"});
    ask("a");
    ask("b");
    resolver_.wait_until_asked(2);
    ask("given up", Deadline::after(std::chrono::milliseconds(1)));
    ask("cancelled");
    EXPECT_EQ(look_ups().under_way(), 4u);
    while (outcomes_.empty()) io_.run_one();
    EXPECT_EQ(look_ups().under_way(), 3u);
    callers_.cancel();
    EXPECT_THAT(join(), UnorderedElementsAre("given up timeout", "cancelled cancelled", "a cancelled", "b cancelled"));
    EXPECT_EQ(look_ups().under_way(), 2u) << "what runs cannot be ended";
    resolver_.let_go();
    ask_now("c");
    EXPECT_THAT(resolver_.asked(), UnorderedElementsAre("a", "b", "c"));
}

TEST_F(NameLookUpsTest, ACallerWhoseThreadEndsIsNoLongerWaitedFor) {
    {
        asio::io_context ending;
        asio::co_spawn(ending, look_ups().resolve("a", no_hurry()), [](std::exception_ptr, Result<Addresses>) {});
        resolver_.hold({"a"});
        ending.poll();
        resolver_.wait_until_asked(1);
    }
    resolver_.let_go();
    ask_now("b");
    EXPECT_THAT(resolver_.asked(), ElementsAre("a", "b"));
}

TEST_F(NameLookUpsTest, NamesForWhichNobodyCouldBeAskedHoldFewThreadsTogether) {
    for (auto host : {"dead 1", "dead 2", "dead 3"}) ask_now(host);
    resolver_.forget();
    resolver_.hold({"dead 1", "dead 2", "dead 3"});
    for (auto host : {"dead 1", "dead 2", "dead 3"}) ask(host);
    resolver_.wait_until_asked(1);
    ask_now("new 1");
    ask_now("new 2");
    EXPECT_THAT(resolver_.asked(), ElementsAre("dead 1", "new 1", "new 2"));
    resolver_.let_go();
    join();
    EXPECT_THAT(resolver_.asked(), ElementsAre("dead 1", "new 1", "new 2", "dead 2", "dead 3"));
}

TEST_F(NameLookUpsTest, SoDoNamesThatWereSlow) {
    options_.slow_after = std::chrono::milliseconds(0);
    for (auto host : {"slow 1", "slow 2"}) ask_now(host);
    resolver_.forget();
    resolver_.hold({"slow 1", "slow 2"});
    ask("slow 1");
    ask("slow 2");
    resolver_.wait_until_asked(1);
    ask_now("new");
    EXPECT_THAT(resolver_.asked(), ElementsAre("slow 1", "new"));
    resolver_.let_go();
    join();
}

TEST_F(NameLookUpsTest, ANameThatIsAnsweredAgainIsOneLikeTheOthers) {
    options_.threads_for_slow = 0;
    ask_now("dead");
    ask_now("once slow");
    ask("dead");
    ask_now("once slow");
    EXPECT_THAT(resolver_.asked(), ElementsAre("dead", "once slow", "once slow")) << "a slow one has no thread here";
    callers_.cancel();
    join();
}

TEST_F(NameLookUpsTest, NamesNeverAskedForBeforeLeaveThreadsToThoseThatWereAnswered) {
    ask_now("known");
    resolver_.forget();
    resolver_.hold({"new 1", "new 2", "new 3"});
    for (auto host : {"new 1", "new 2", "new 3"}) ask(host);
    resolver_.wait_until_asked(2);
    ask_now("known");
    EXPECT_THAT(resolver_.asked(), UnorderedElementsAre("new 1", "new 2", "known"));
    resolver_.let_go();
    EXPECT_EQ(join().size(), 3u);
}

TEST_F(NameLookUpsTest, OfEachKindOnlySoManyWait) {
    options_.max_waiting = 2;
    ask_now("known");
    resolver_.hold({"a", "b"});
    ask("a");
    ask("b");
    resolver_.wait_until_asked(3);
    ask("c");
    ask("d");
    ask("e");
    EXPECT_THAT(outcomes_, ElementsAre("e exhausted"));
    ask("d");
    EXPECT_EQ(outcomes_.size(), 1u) << "another caller of a name that waits takes no room";
    ask("known");
    resolver_.let_go();
    EXPECT_EQ(join().size(), 7u) << "all but one are answered, the known name too";
    EXPECT_EQ(resolver_.asked().size(), 6u);
}

}  // namespace
}  // namespace sluice
