#include "auth/refreshing_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "base/fake_clock.hpp"
#include "net/run_for_test.hpp"
#include "net/signal_event.hpp"

namespace sluice::auth {
namespace {

using namespace std::chrono_literals;

/// Gives numbered credentials, when it is let to.
class ScriptedSource final : public AwsCredentialsSource {
  public:
    explicit ScriptedSource(boost::asio::io_context& io, const Clock& clock)
        : gate_(io.get_executor()), clock_(clock) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        ++started;
        if (closed) {
            bool opened = co_await gate_.wait(deadline);
            if (!opened) co_return make_error(Errc::cancelled, "cancelled");
        }
        ++fetched;
        if (failing) co_return make_error(Errc::unavailable, "the place is down");
        AwsCredentials credentials;
        credentials.access_key_id = "key-" + std::to_string(fetched);
        credentials.secret_access_key = Secret("s");
        credentials.origin = "script";
        if (life) credentials.expires = clock_.now() + *life;
        co_return credentials;
    }
    std::string describe() const override { return "a script"; }
    void open() {
        closed = false;
        gate_.set();
    }

    std::optional<std::chrono::milliseconds> life = 60min;
    bool failing = false;
    bool closed = false;
    int started = 0;
    int fetched = 0;

  private:
    SignalEvent gate_;
    const Clock& clock_;
};

class RefreshingCredentialsTest : public testing::Test {
  protected:
    RefreshingCredentialsTest() {
        auto source = std::make_unique<ScriptedSource>(io_, clock_);
        source_ = source.get();
        provider_ = std::make_unique<RefreshingCredentials>(std::move(source), clock_);
    }

    Result<AwsCredentials> get(Deadline deadline = Deadline::after(20s)) {
        return run_for_test(io_, provider_->get(deadline));
    }
    std::string key() {
        auto credentials = get();
        return credentials ? credentials->access_key_id : credentials.error().message;
    }

    /// Starts a get() and goes on; its outcome is in `outcomes_` once it is there.
    void start_get(boost::asio::cancellation_signal* cancel = nullptr) {
        auto keep = [this](std::exception_ptr, std::string outcome) { outcomes_.push_back(std::move(outcome)); };
        if (cancel == nullptr) {
            boost::asio::co_spawn(io_, name(), keep);
        } else {
            boost::asio::co_spawn(io_, name(), boost::asio::bind_cancellation_slot(cancel->slot(), keep));
        }
        poll();
    }
    void poll() {
        io_.restart();
        io_.poll();
    }

    boost::asio::awaitable<std::string> name() {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        auto credentials = co_await provider_->get(Deadline::after(20s));
        co_return credentials ? credentials->access_key_id : credentials.error().message;
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    ScriptedSource* source_ = nullptr;
    std::unique_ptr<RefreshingCredentials> provider_;
    std::vector<std::string> outcomes_;
};

TEST_F(RefreshingCredentialsTest, FetchesOnceAndKeepsWhileGood) {
    EXPECT_EQ(source_->started, 0);
    EXPECT_EQ(provider_->describe(), "a script");
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(key(), "key-1");
    clock_.advance(44min);
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(source_->fetched, 1);
    EXPECT_EQ(provider_->describe(), "script");
}

TEST_F(RefreshingCredentialsTest, RefreshesAheadOfTheEnd) {
    key();
    clock_.advance(45min);
    EXPECT_EQ(key(), "key-2");
}

TEST_F(RefreshingCredentialsTest, CredentialsWithoutAnEndStay) {
    source_->life = std::nullopt;
    key();
    clock_.advance(24h * 365);
    EXPECT_EQ(key(), "key-1");
}

TEST_F(RefreshingCredentialsTest, OneFetchServesAllWhoWait) {
    source_->closed = true;
    for (int i = 0; i < 3; ++i) start_get();
    EXPECT_EQ(source_->started, 1);
    EXPECT_TRUE(outcomes_.empty());
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("key-1", "key-1", "key-1"));
    EXPECT_EQ(source_->fetched, 1);
}

TEST_F(RefreshingCredentialsTest, OneFailureIsToldToAllWhoWait) {
    source_->closed = true;
    source_->failing = true;
    for (int i = 0; i < 2; ++i) start_get();
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("the place is down", "the place is down"));
    EXPECT_EQ(source_->fetched, 1);
}

TEST_F(RefreshingCredentialsTest, WhileAgeingOneRefreshesAndTheOthersGoOn) {
    key();
    clock_.advance(46min);
    source_->closed = true;
    start_get();
    start_get();
    EXPECT_THAT(outcomes_, testing::ElementsAre("key-1"));
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("key-1", "key-2"));
}

TEST_F(RefreshingCredentialsTest, WithinTenMinutesAllWait) {
    key();
    clock_.advance(51min);
    source_->closed = true;
    start_get();
    start_get();
    EXPECT_TRUE(outcomes_.empty());
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("key-2", "key-2"));
}

TEST_F(RefreshingCredentialsTest, OldOnesAreUsedWhileTheyLastWhenARefreshFails) {
    key();
    clock_.advance(55min);
    source_->failing = true;
    EXPECT_EQ(key(), "key-1");
    // Not at every call: the place is given time.
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(source_->fetched, 2);
    clock_.advance(31s);
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(source_->fetched, 3);
    clock_.advance(5min);
    EXPECT_EQ(key(), "the place is down");
    source_->failing = false;
    EXPECT_EQ(key(), "key-5");
}

TEST_F(RefreshingCredentialsTest, WhatIsServedExpiredIsUsedAllTheSame) {
    source_->life = -1min;
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(key(), "key-1");
    source_->failing = true;
    clock_.advance(6min);
    EXPECT_EQ(key(), "key-1");
    EXPECT_EQ(source_->fetched, 2);
}

TEST_F(RefreshingCredentialsTest, ShortLivedOnesAreUsedForHalfTheirLife) {
    source_->life = 4min;
    key();
    clock_.advance(119s);
    EXPECT_EQ(key(), "key-1");
    clock_.advance(2s);
    EXPECT_EQ(key(), "key-2");
}

TEST_F(RefreshingCredentialsTest, RefusedOnesAreFetchedAnewAndNotUsedAgain) {
    key();
    clock_.advance(6s);
    EXPECT_TRUE(provider_->invalidate());
    source_->failing = true;
    EXPECT_EQ(key(), "the place is down");
    source_->failing = false;
    EXPECT_EQ(key(), "key-3");
}

TEST_F(RefreshingCredentialsTest, ASecondRefusalOfTheSameOnesFindsThemReplaced) {
    key();
    clock_.advance(6s);
    EXPECT_TRUE(provider_->invalidate());
    EXPECT_EQ(key(), "key-2");
    EXPECT_TRUE(provider_->invalidate());
    EXPECT_EQ(key(), "key-2");
}

TEST_F(RefreshingCredentialsTest, WhenTheOneWhoFetchesIsCancelledAnotherDoes) {
    source_->closed = true;
    boost::asio::cancellation_signal cancel;
    start_get(&cancel);
    start_get();
    cancel.emit(boost::asio::cancellation_type::terminal);
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("cancelled"));
    EXPECT_EQ(source_->started, 2);
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("cancelled", "key-1"));
}

TEST_F(RefreshingCredentialsTest, AWaiterGivesUpAtItsDeadline) {
    source_->closed = true;
    start_get();
    auto late = get(Deadline::after(10ms));
    EXPECT_EQ(late.error().code, Errc::timeout);
    source_->open();
    poll();
    EXPECT_THAT(outcomes_, testing::ElementsAre("key-1"));
}

TEST(StaticCredentials, AreAlwaysTheSameAndCannotBeHadAnew) {
    boost::asio::io_context io;
    AwsCredentials credentials;
    credentials.access_key_id = "AKID";
    credentials.origin = "access key AKID";
    StaticCredentials provider(credentials);
    EXPECT_EQ(run_for_test(io, provider.get(Deadline::never()))->access_key_id, "AKID");
    EXPECT_FALSE(provider.invalidate());
    EXPECT_EQ(provider.describe(), "access key AKID");
}

}  // namespace
}  // namespace sluice::auth
