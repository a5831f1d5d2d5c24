#include "delivery/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "delivery/delivery_test_kit.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Timestamp kNow = from_epoch_ms(1'700'000'000'000);

/// Ten segments of 100 events and 1000 bytes each, written an hour apart; the last is active.
std::vector<EventLog::SegmentInfo> ten_segments() {
    std::vector<EventLog::SegmentInfo> all;
    for (int i = 0; i < 10; ++i) {
        Timestamp time = kNow - std::chrono::hours(10 - i);
        Sequence first = static_cast<Sequence>(i) * 100 + 1;
        all.push_back({first, first + 99, 1000, time, time, i == 9});
    }
    return all;
}

RetentionSettings settings() {
    RetentionSettings made;
    made.age = std::chrono::hours(1000);
    made.size = 1 << 30;
    made.hard_limit = 1 << 30;
    return made;
}

IntegrationPosition at(std::string id, Sequence sequence, std::string org = "com.acme") {
    return {std::move(id), std::move(org), {0, sequence}};
}

TEST(RetentionPlan, KeepsEverythingWithinAgeAndSize) {
    EXPECT_EQ(plan_retention(settings(), ten_segments(), {}, kNow).keep_from, 1u);
}

TEST(RetentionPlan, LetsGoOfWhatIsOldAndPassed) {
    RetentionSettings short_age = settings();
    short_age.age = std::chrono::minutes(6 * 60 + 30);
    std::vector<IntegrationPosition> positions{at("a", 1000)};
    EXPECT_EQ(plan_retention(short_age, ten_segments(), positions, kNow).keep_from, 401u);
}

TEST(RetentionPlan, LetsGoOfWhatIsBeyondTheSize) {
    RetentionSettings small = settings();
    small.size = 3500;
    EXPECT_EQ(plan_retention(small, ten_segments(), {}, kNow).keep_from, 701u);
}

TEST(RetentionPlan, NothingAnIntegrationStillNeedsGoesBeforeTheHardLimit) {
    RetentionSettings small = settings();
    small.size = 1000;
    small.age = 0s;
    std::vector<IntegrationPosition> positions{at("slow", 250), at("quick", 1000)};
    RetentionPlan plan = plan_retention(small, ten_segments(), positions, kNow);
    EXPECT_EQ(plan.keep_from, 201u) << "the segment it stands in is kept";
    EXPECT_THAT(plan.overtaken, IsEmpty());
}

TEST(RetentionPlan, BeyondTheHardLimitTheOldestGoAndItSaysWhoIsOvertaken) {
    RetentionSettings hard = settings();
    hard.hard_limit = 5000;
    std::vector<IntegrationPosition> positions{at("slow", 250), at("quick", 1000)};
    RetentionPlan plan = plan_retention(hard, ten_segments(), positions, kNow);
    EXPECT_EQ(plan.keep_from, 501u);
    EXPECT_THAT(plan.overtaken, ElementsAre("slow"));
}

TEST(RetentionPlan, TheActiveSegmentStays) {
    RetentionSettings none = settings();
    none.hard_limit = none.size = 0;
    none.age = 0s;
    EXPECT_EQ(plan_retention(none, ten_segments(), {}, kNow).keep_from, 901u);
}

TEST(RetentionPlan, CountsWhatEachOrgsSlowestIntegrationHoldsBack) {
    std::vector<IntegrationPosition> positions{at("a", 950, "x"), at("b", 850, "x"), at("c", 1000, "y")};
    RetentionPlan plan = plan_retention(settings(), ten_segments(), positions, kNow);
    EXPECT_EQ(plan.org_backlog["x"], 1500u);
    EXPECT_EQ(plan.org_backlog["y"], 0u);
}

class FakeObjects final : public ObjectIndex {
  public:
    std::vector<SequenceRange> rescued;
    Sequence watermark(Partition) const override { return 0; }
    Result<void> catch_up(const std::function<void(Sequence, Sequence)>&) override { return {}; }
    Result<void> apply(const CommittedBatch&) override { return {}; }
    Result<Event> get(const Key&) const override { return make_error(Errc::not_found, "none"); }
    Result<ListPage> list(const ListQuery&) const override { return ListPage{}; }
    Result<std::optional<IdempotentAnswer>> find_idempotency_key(std::string_view, std::string_view) const override {
        return std::optional<IdempotentAnswer>();
    }
    Result<void> rescue(Partition, Sequence first, Sequence last) override {
        if (!allowed) return make_error(Errc::io, "cannot rescue");
        rescued.push_back({first, last});
        return {};
    }
    Result<bool> expire() override { return ++expired < 3; }
    bool allowed = true;
    int expired = 0;
};

class RetentionTest : public testing::Test {
  protected:
    RetentionTest() {
        rig.start();
        pool = std::make_unique<BlockingPool>("trim", 1);
        retention = std::make_unique<Retention>(
            Retention::Parts{rig.io(), rig.log, objects, rig.engine(), *pool, SystemClock::instance()}, settings(),
            [this](const std::string& message) { warnings.push_back(message); });
    }
    ~RetentionTest() override {
        rig.stop();
        pool->stop();
    }
    std::string object(std::size_t i) { return "o" + std::to_string(i); }
    void write(std::size_t count) {
        rig.append(count, [this](std::size_t i) { return object(i); });
    }
    std::uint64_t log_bytes() { return rig.log.stats().bytes; }

    DeliveryRig rig;
    FakeObjects objects;
    std::vector<std::string> warnings;
    std::unique_ptr<BlockingPool> pool;
    std::unique_ptr<Retention> retention;
};

TEST_F(RetentionTest, TrimsWhatIsPassedAndRescuesItsObjectsFirst) {
    ASSERT_TRUE(rig.add(rig.config("a")));
    write(220);
    rig.cursors.wait_for_settled("a", 220);
    RetentionSettings changed = settings();
    changed.size = 0;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_EQ(rig.log.stats().oldest, 201u);
    EXPECT_THAT(objects.rescued, ElementsAre(SequenceRange{1, 50}, SequenceRange{51, 100}, SequenceRange{101, 150},
                                             SequenceRange{151, 200}));
    EXPECT_EQ(objects.expired, 3) << "in steps until nothing is left";
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_GE(rig.cursors.cursor("a").position.sequence, 200u) << "stored before the log let go";
}

TEST_F(RetentionTest, WarnsTwiceThenRecordsTheLossAndOnlyThenTrims) {
    ASSERT_TRUE(rig.add(rig.config("slow"), true));
    write(220);
    while (rig.status("slow").stats.head.sequence < 220) {
    }
    RetentionSettings changed = settings();
    changed.hard_limit = log_bytes() * 10 / 6;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("slow holds back"))) << "told once at half";
    changed.hard_limit = log_bytes() * 10 / 9;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_THAT(warnings.back(), HasSubstr("nine tenths"));
    changed.hard_limit = log_bytes() / 2;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_THAT(warnings.back(), HasSubstr("150 events before 151 are lost to slow"));
    EXPECT_EQ(rig.log.stats().oldest, 151u);
    EXPECT_EQ(rig.cursors.cursor("slow").ledger.lost, 150u);
}

TEST_F(RetentionTest, ADamagedRecordIsLostWithTheOthersAndHoldsNothing) {
    IntegrationConfig tagged = rig.config("slow");
    tagged.filter.tags = {"wanted"};
    ASSERT_TRUE(rig.add(tagged, true));
    write(220);
    while (rig.status("slow").stats.head.sequence < 220) {
    }
    rig.log.damage(7);
    RetentionSettings changed = settings();
    changed.hard_limit = log_bytes() / 2;
    retention->change(changed);
    Result<RetentionPlan> done = rig.run(retention->run_once());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(rig.log.stats().oldest, 151u);
    EXPECT_EQ(rig.cursors.cursor("slow").ledger.lost, 1u) << "it may have matched";
    EXPECT_THAT(warnings.back(), HasSubstr("1 events before 151 are lost to slow"));
}

boost::asio::awaitable<Result<void>> count_a_day(int* days) {
    ++*days;
    co_return Result<void>();
}

TEST_F(RetentionTest, WhatIsDueDailyIsDoneOnceADay) {
    FakeClock clock(kNow);
    int days = 0;
    Retention::Parts parts{rig.io(), rig.log, objects, rig.engine(), *pool, clock};
    parts.daily = [&days] { return count_a_day(&days); };
    Retention daily(std::move(parts), settings(), nullptr);
    for (int hour = 0; hour < 49; ++hour) {
        ASSERT_TRUE(rig.run(daily.run_once()));
        EXPECT_EQ(days, hour / 24);
        clock.advance(1h);
    }
    EXPECT_EQ(days, 2);
}

TEST_F(RetentionTest, NothingGoesWhoseObjectsCannotBeRescued) {
    objects.allowed = false;
    write(220);
    RetentionSettings changed = settings();
    changed.size = 0;
    retention->change(changed);
    EXPECT_FALSE(rig.run(retention->run_once()));
    EXPECT_EQ(rig.log.stats().oldest, 1u);
}

TEST_F(RetentionTest, AnOrgsOwnBacklogGoesBeforeTheOneForAll) {
    ASSERT_TRUE(rig.add(rig.config("slow"), true));
    write(220);
    while (rig.status("slow").stats.head.sequence < 220) {
    }
    RetentionSettings changed = settings();
    changed.org_backlog = 1;
    changed.org_backlogs["com.acme"] = log_bytes() * 2;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_FALSE(retention->over_backlog("com.acme"));
    changed.org_backlog = 0;
    changed.org_backlogs["com.acme"] = log_bytes() / 2;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_TRUE(retention->over_backlog("com.acme"));
    changed.org_backlog = 1;
    changed.org_backlogs["com.acme"] = 0;  // no limit
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_FALSE(retention->over_backlog("com.acme"));
}

TEST_F(RetentionTest, AnOrgOverItsBacklogIsTold) {
    ASSERT_TRUE(rig.add(rig.config("slow"), true));
    write(220);
    while (rig.status("slow").stats.head.sequence < 220) {
    }
    EXPECT_FALSE(retention->over_backlog("com.acme"));
    RetentionSettings changed = settings();
    changed.org_backlog = log_bytes() / 2;
    retention->change(changed);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_TRUE(retention->over_backlog("com.acme"));
    EXPECT_FALSE(retention->over_backlog("com.other"));
    ASSERT_TRUE(rig.run(rig.engine().resume("slow")));
    rig.cursors.wait_for_settled("slow", 220);
    ASSERT_TRUE(rig.run(retention->run_once()));
    EXPECT_FALSE(retention->over_backlog("com.acme"));
}

}  // namespace
}  // namespace sluice
