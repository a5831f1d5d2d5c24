#include "delivery/state_watch.hpp"

#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using Kind = TransitionFilter::Kind;

std::string object_id(std::size_t i) {
    return "o" + std::to_string(i);
}

std::vector<Verdict> refuse_all(std::span<const Message> messages) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::credentials;
    failure->code = "AccessDenied";
    failure->message = "no";
    return std::vector<Verdict>(messages.size(), Verdict::retry(failure));
}

std::vector<Verdict> reject_all(std::span<const Message> messages) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::rejected;
    failure->code = "Bad";
    failure->message = "never";
    return std::vector<Verdict>(messages.size(), Verdict::rejected(failure));
}

/// The engine's clock is real; what has to hold for a while holds on the watch's own.
class StateWatchTest : public ::testing::Test {
  protected:
    DeliveryRig rig;
    FakeClock clock;
    std::vector<Transition> told;

    std::unique_ptr<StateWatch> watch_from_now_on() {
        auto watch = std::make_unique<StateWatch>(rig.io(), rig.engine(), clock);
        watch->listen({}, [this](const Transition& transition) { told.push_back(transition); });
        return watch;
    }
    void wait_for_state(const std::string& id, IntegrationState state) {
        while (rig.status(id).state != state) std::this_thread::yield();
    }
    void look_for(StateWatch& watch, std::chrono::seconds time) {
        rig.run(watch.look());
        clock.advance(time);
        rig.run(watch.look());
    }
};

TEST_F(StateWatchTest, TellsWhatFailsSinceWhenAndWhyAndThatItRecovered) {
    rig.start();
    rig.peer()->set_script(refuse_all);
    ASSERT_TRUE(rig.add(rig.config("acme")));
    rig.append(1, object_id);
    wait_for_state("acme", IntegrationState::failing);
    auto watch = watch_from_now_on();
    Timestamp begin = clock.now();
    look_for(*watch, std::chrono::seconds(31));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.kind, Kind::failing);
    EXPECT_EQ(told[0].since, begin);
    EXPECT_EQ(told[0].at, clock.now());
    EXPECT_EQ(told[0].status.org, "com.acme");
    ASSERT_TRUE(told[0].status.stats.last_error);
    EXPECT_EQ(told[0].status.stats.last_error->code, "AccessDenied");

    rig.peer()->set_script({});
    rig.peer()->wait_for_count(1);
    wait_for_state("acme", IntegrationState::running);
    look_for(*watch, std::chrono::seconds(31));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[1].change.kind, Kind::recovered);
    EXPECT_EQ(told[1].change.before, Trouble::failing);
}

TEST_F(StateWatchTest, TellsOfAPauseByADeadLetterButNotOfAPersons) {
    rig.start();
    rig.peer()->set_script(reject_all);
    auto config = rig.config("acme");
    config.on_dead_letter = OnDeadLetter::pause;
    ASSERT_TRUE(rig.add(config));
    ASSERT_TRUE(rig.add(rig.config("other", "q")));
    ASSERT_TRUE(rig.run(rig.engine().pause("other")));
    rig.append(1, object_id);
    wait_for_state("acme", IntegrationState::paused);
    auto watch = watch_from_now_on();
    look_for(*watch, std::chrono::minutes(5));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].change.id, "acme");
    EXPECT_EQ(told[0].change.kind, Kind::paused);
    EXPECT_EQ(told[0].status.reason, "a dead letter: never");
}

TEST_F(StateWatchTest, SaysNothingOfAnIntegrationThatWasRemoved) {
    rig.start();
    rig.peer()->set_script(refuse_all);
    ASSERT_TRUE(rig.add(rig.config("acme")));
    rig.append(1, object_id);
    wait_for_state("acme", IntegrationState::failing);
    auto watch = watch_from_now_on();
    look_for(*watch, std::chrono::seconds(31));
    ASSERT_TRUE(rig.run(rig.engine().remove("acme", false)));
    look_for(*watch, std::chrono::minutes(5));
    EXPECT_EQ(told.size(), 1u) << "that it is gone is no recovery";
}

TEST_F(StateWatchTest, TellsOfDeadLettersNearTheirBoundAndOfTheBacklog) {
    rig.options.max_dead_letters = 10;
    rig.options.backlog_of = [](const std::string&) { return DeliveryOptions::Backlog{1 << 20, 0.95}; };
    rig.start();
    rig.peer()->set_script(reject_all);
    ASSERT_TRUE(rig.add(rig.config("acme")));
    rig.append(6, object_id);
    rig.cursors.wait_for_settled("acme", 6);
    auto watch = watch_from_now_on();
    rig.run(watch->look());
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].change.kind, Kind::backlog);
    EXPECT_EQ(told[0].change.level, BoundLevel::nine_tenths);
    EXPECT_EQ(told[1].change.kind, Kind::dead_letters);
    EXPECT_EQ(told[1].change.level, BoundLevel::half);
    EXPECT_EQ(told[1].change.share, 0.6);
}

TEST_F(StateWatchTest, LooksAgainAndAgainUntilStopped) {
    rig.start();
    rig.peer()->set_script(reject_all);
    auto config = rig.config("acme");
    config.on_dead_letter = OnDeadLetter::pause;
    ASSERT_TRUE(rig.add(config));
    StateWatch watch(rig.io(), rig.engine(), clock);
    SignalEvent was_told(rig.io().get_executor());
    watch.listen({}, [&](const Transition&) { was_told.set(); });
    watch.start(std::chrono::milliseconds(1));
    rig.append(1, object_id);
    EXPECT_TRUE(rig.run(was_told.wait(Deadline::never())));
    rig.run(watch.stop());
}

}  // namespace
}  // namespace sluice
