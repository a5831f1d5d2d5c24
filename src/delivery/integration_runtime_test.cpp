// One integration by itself, on the thread of the test.
#include "delivery/integration_runtime.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

class IntegrationRuntimeTest : public testing::Test {
  protected:
    ~IntegrationRuntimeTest() override {
        reads.stop();
        writes.stop();
    }

    std::unique_ptr<IntegrationRuntime> make() {
        IntegrationConfig config = DeliveryRig().config("a");
        config.batch.max_wait = std::chrono::milliseconds(0);  // the clock stands still
        Result<PayloadRenderer> renderer = PayloadRenderer::make(config.payload, config.redact);
        Result<TextTemplate> key = TextTemplate::parse(config.key);
        RuntimeSurroundings around{io,
                                   log,
                                   cursors,
                                   reads,
                                   writes,
                                   clock,
                                   options,
                                   [this] { return routed; },
                                   [](SteadyTime, std::uint32_t) {},
                                   [](std::uint32_t) {},
                                   [](const std::string&, std::uint32_t) { return true; },
                                   [] {},
                                   budget,
                                   metrics.of("scripted")};
        return std::make_unique<IntegrationRuntime>(1, std::move(config),
                                                    std::make_unique<ScriptedDestination>(io, peer),
                                                    std::move(*renderer), std::move(*key), std::move(around));
    }

    boost::asio::io_context io;
    FakeClock clock;
    FakeEventLog log{SystemClock::instance(), 50};
    FakeCursorStore cursors;
    BlockingPool reads{"reads", 1};
    BlockingPool writes{"writes", 1};
    DeliveryOptions options;
    ShardBudget budget{{64 << 20, 100'000}, {8 << 20, 10'000}};
    DeliveryMetricsByType metrics;
    std::shared_ptr<ScriptedPeer> peer = std::make_shared<ScriptedPeer>();
    Sequence routed = 0;
};

TEST_F(IntegrationRuntimeTest, TheMemoryOfALagIsGivenBackWhenItHasBeenIdleForAWhile) {
    peer->limits.max_events = 100;
    EventBatch batch;
    for (std::size_t i = 0; i < 1000; ++i) DeliveryRig::add_event(batch, std::to_string(i), "io.acme.desk", "com.acme");
    log.append(std::move(batch), [](Result<AppendReceipt> receipt) { receipt.value(); });
    routed = 1000;
    auto runtime = make();
    ASSERT_TRUE(run_for_test(io, runtime->start(false)));
    auto delivered = [&] { return peer->stored().size() == 1000; };
    for (int turn = 0; !delivered() && turn < 100'000; ++turn) {
        if (io.stopped()) io.restart();
        io.run_one();
    }
    ASSERT_TRUE(delivered()) << peer->stored().size() << " of them";
    io.poll();
    EXPECT_GE(runtime->slot_count(), 400u);
    runtime->pump();
    EXPECT_GE(runtime->slot_count(), 400u) << "it may be needed again at once";
    clock.advance(std::chrono::seconds(5));
    runtime->woken();
    clock.advance(std::chrono::seconds(5));
    runtime->woken();
    EXPECT_EQ(runtime->slot_count(), 0u);
    run_for_test(io, runtime->stop(Deadline::never()));
}

// Its shard waits for its last commit then, and the router may be behind.
TEST_F(IntegrationRuntimeTest, WhatTheRouterSkipsOnceItHasStoppedIsNotCountedAnyMore) {
    auto runtime = make();
    ASSERT_TRUE(run_for_test(io, runtime->start(false)));
    run_for_test(io, runtime->stop(Deadline::never()));
    runtime->skipped(1, 10);
    runtime.reset();  // with a task of it alive this ended the process
}

}  // namespace
}  // namespace sluice
