// Sluice stops while people wait for what is sent beside the live events: nothing hangs, nothing spins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <future>
#include <thread>

#include "delivery/delivery_test_kit.hpp"
#include "delivery/ledger_for_test.hpp"

namespace sluice {
namespace {

/// What a connection does with a call: waits for its answer, and is cancelled when Sluice stops.
template <class T>
class CancellableCall {
  public:
    explicit CancellableCall(boost::asio::awaitable<T> call) {
        auto quiet = [](boost::asio::awaitable<T> inner) -> boost::asio::awaitable<T> {
            co_await boost::asio::this_coro::throw_if_cancelled(false);
            co_return co_await std::move(inner);
        };
        auto done = [this](std::exception_ptr, T answer) { answer_.set_value(std::move(answer)); };
        boost::asio::co_spawn(io_, quiet(std::move(call)),
                              boost::asio::bind_cancellation_slot(signal_.slot(), std::move(done)));
        thread_ = std::jthread([this] { io_.run(); });
    }
    ~CancellableCall() { work_.reset(); }
    void cancel() {
        boost::asio::post(io_, [this] { signal_.emit(boost::asio::cancellation_type::terminal); });
        // What the signal posts elsewhere is posted before this.
        std::promise<void> emitted;
        boost::asio::post(io_, [&] { emitted.set_value(); });
        emitted.get_future().wait();
    }
    T answer() { return answer_.get_future().get(); }

  private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
    boost::asio::cancellation_signal signal_;
    std::promise<T> answer_;
    std::jthread thread_;
};

std::shared_ptr<Failure> fails(ErrorClass error_class) {
    auto made = std::make_shared<Failure>();
    made->error_class = error_class;
    made->code = "E1";
    made->message = "as the test wants";
    made->retry_after = std::chrono::hours(1);
    return made;
}

class WhileItStops : public testing::Test {
  protected:
    ~WhileItStops() override { rig.stop(); }
    /// Ten events, all of them dead letters, and from then on nothing is accepted for a while.
    void start_with_letters() {
        rig.peer()->set_script([this](std::span<const Message> messages) {
            return std::vector<Verdict>(messages.size(), failing ? Verdict::retry(fails(ErrorClass::transient))
                                                                 : Verdict::rejected(fails(ErrorClass::rejected)));
        });
        rig.start();
        IntegrationConfig config = rig.config("a");
        config.retry.max_backoff = std::chrono::hours(1);
        ASSERT_TRUE(rig.add(config));
        rig.append(10, object_of);
        rig.cursors.wait_for_settled("a", 10);
        failing = true;
    }
    using Redelivery = CancellableCall<Result<DeadLetterOutcome>>;
    std::unique_ptr<Redelivery> begin_redelivery() {
        std::size_t before = rig.peer()->calls();
        auto call = std::make_unique<Redelivery>(rig.engine().redeliver("a", {}, Deadline::never()));
        while (rig.peer()->calls() == before) std::this_thread::yield();
        return call;
    }

    std::atomic<bool> failing{false};
    DeliveryRig rig;
};

TEST_F(WhileItStops, ARedeliveryWhoseCallerIsGoneKeepsItsShardForNobody) {
    start_with_letters();
    std::unique_ptr<Redelivery> call = begin_redelivery();
    call->cancel();
    EXPECT_EQ(rig.status("a").stats.dead_lettered, 10u) << "the shard still answers";
    rig.stop();
    EXPECT_EQ(call->answer()->settled, 0u);
}

TEST_F(WhileItStops, ARedeliveryThatWaitsForABackOffEndsAtOnce) {
    start_with_letters();
    std::unique_ptr<Redelivery> call = begin_redelivery();
    rig.engine().begin_stop(Deadline::never());
    Result<DeadLetterOutcome> outcome = call->answer();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->left, 10u);
    EXPECT_FALSE(outcome->complete);
    EXPECT_EQ(rig.run(rig.engine().redeliver("a", {}, Deadline::never())).error().code, Errc::unavailable);
    EXPECT_EQ(rig.run(rig.engine().send_sample("a", Deadline::never())).error().code, Errc::unavailable);
}

TEST_F(WhileItStops, LiveEventsGoOnUntilTheConnectionsAreClosed) {
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.engine().begin_stop(Deadline::never());
    (void)rig.status("a");
    rig.append(10, object_of);
    rig.peer()->wait_for_count(10);
}

TEST_F(WhileItStops, ASampleThatWaitsItsTurnKeepsItsShardForNobody) {
    rig.peer()->limits.max_concurrent = 1;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.peer()->close_gate();
    rig.append(1, object_of);
    rig.peer()->wait_at_gate();
    CancellableCall<Result<std::optional<DeliveryError>>> sample(rig.engine().send_sample("a", Deadline::never()));
    for (int i = 0; i < 50; ++i) (void)rig.status("a");  // by then it waits
    sample.cancel();
    EXPECT_EQ(rig.status("a").stats.in_flight, 1u) << "the shard still answers";
    rig.engine().begin_stop(Deadline::never());
    EXPECT_EQ(sample.answer().error().code, Errc::cancelled);
    rig.peer()->open_gate();
}

TEST_F(WhileItStops, ASampleWhoseTurnDoesNotComeInTimeSaysSo) {
    rig.peer()->limits.max_concurrent = 1;
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.peer()->close_gate();
    rig.append(1, object_of);
    rig.peer()->wait_at_gate();
    auto sent = rig.run(rig.engine().send_sample("a", Deadline::after(std::chrono::milliseconds(10))));
    EXPECT_EQ(sent.error().code, Errc::timeout);
    rig.peer()->open_gate();
}

TEST_F(WhileItStops, WhatIsUnderWayBesideIsCutAtTheDeadline) {
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a")));
    rig.peer()->close_gate();
    CancellableCall<Result<std::optional<DeliveryError>>> sample(rig.engine().send_sample("a", Deadline::never()));
    rig.peer()->wait_at_gate();
    rig.engine().begin_stop(Deadline::after(std::chrono::milliseconds(0)));
    EXPECT_TRUE(sample.answer());
}

TEST_F(WhileItStops, ChangedSettingsComeToTheirEndAlthoughNobodyWaits) {
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    rig.peer("new");
    rig.peer("old")->close_gate();
    rig.append(1, object_of);
    rig.peer("old")->wait_at_gate();
    CancellableCall<Result<void>> change(rig.engine().replace(rig.config("a", "new")));
    for (int i = 0; i < 50; ++i) (void)rig.status("a");  // by then it waits
    change.cancel();
    (void)rig.status("a");
    rig.peer("old")->open_gate();
    EXPECT_TRUE(change.answer());
    rig.append(1, object_of);
    rig.peer("new")->wait_for_count(1);
}

TEST_F(WhileItStops, ABatchThatASettingsChangeWaitsForIsCutAtTheDeadline) {
    rig.start();
    ASSERT_TRUE(rig.add(rig.config("a", "old")));
    rig.peer("new");
    rig.peer("old")->close_gate();
    rig.append(1, object_of);
    rig.peer("old")->wait_at_gate();
    CancellableCall<Result<void>> change(rig.engine().replace(rig.config("a", "new")));
    for (int i = 0; i < 50; ++i) (void)rig.status("a");  // by then it waits
    rig.engine().begin_stop(Deadline::after(std::chrono::milliseconds(0)));
    EXPECT_TRUE(change.answer());
}

}  // namespace
}  // namespace sluice
