#include "ingest/index_applier.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "base/fake_clock.hpp"
#include "ingest/scripted_index_for_test.hpp"
#include "store/fake_event_log.hpp"

namespace sluice {
namespace {

class IndexApplierTest : public ::testing::Test {
  protected:
    void append(int events) {
        EventBatch batch;
        EventView view;
        view.org = "com.acme";
        view.rec_type = "io.acme";
        view.id = "one";
        view.source = "test";
        view.envelope =
            R"({"event_type":"create","id":"one","obj":{},"obj_type":"objs","recType":"io.acme","source":"test"})";
        view.obj = view.envelope.substr(view.envelope.find("{}"), 2);
        for (int i = 0; i < events; ++i) batch.add(view);
        log_.append(std::move(batch), [](Result<AppendReceipt> receipt) { ASSERT_TRUE(receipt); });
    }

    std::future<bool> applied(Sequence sequence) {
        auto promise = std::make_shared<std::promise<bool>>();
        auto future = promise->get_future();
        applier_.when_applied({0, sequence}, [promise](Result<void> done) { promise->set_value(bool(done)); });
        return future;
    }
    void wait_until_applied(Sequence sequence) {
        // While the index fails nobody is kept waiting: asked until it has caught up.
        while (!applied(sequence).get()) std::this_thread::yield();
    }

    static bool is_ready(std::future<bool>& future) {
        return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    FakeClock clock_;
    FakeEventLog log_{clock_};
    ScriptedIndex index_;
    IndexApplier applier_{log_, index_};
};

TEST_F(IndexApplierTest, AppliesInTheLogsOrder) {
    applier_.start();
    for (int i = 1; i <= 5; ++i) append(i);
    applied(15).get();
    std::vector<Sequence> all(15);
    std::iota(all.begin(), all.end(), Sequence(1));
    EXPECT_EQ(index_.applied(), all);
}

TEST_F(IndexApplierTest, AWaiterIsReleasedByItsOwnEventNotBefore) {
    index_.hold(true);
    applier_.start();
    append(2);
    index_.wait_for_attempts(1);
    auto first = applied(2);
    auto second = applied(3);
    EXPECT_FALSE(is_ready(first));
    index_.hold(false);
    first.get();
    EXPECT_FALSE(is_ready(second));
    append(1);
    second.get();
}

TEST_F(IndexApplierTest, WhatIsAppliedAlreadyNeedsNoWait) {
    index_.set_watermark(7);
    applier_.start();
    auto reached = applied(7);
    EXPECT_TRUE(is_ready(reached));
}

TEST_F(IndexApplierTest, CountsTheBytesThatWait) {
    index_.hold(true);
    applier_.start();
    EXPECT_EQ(applier_.waiting_bytes(), 0u);
    append(3);
    EXPECT_GT(applier_.waiting_bytes(), 0u);
    index_.hold(false);
    applied(3).get();
    EXPECT_EQ(applier_.waiting_bytes(), 0u);
}

TEST_F(IndexApplierTest, AnIndexThatCannotBeWrittenIsTriedAgainAndNothingIsSkipped) {
    index_.fail(true);
    applier_.start();
    append(1);
    append(1);
    index_.wait_for_attempts(2);
    EXPECT_TRUE(applier_.last_error());
    EXPECT_TRUE(applier_.is_failing());
    index_.fail(false);
    wait_until_applied(2);
    applier_.stop();
    EXPECT_EQ(index_.applied(), (std::vector<Sequence>{1, 2}));
    EXPECT_FALSE(applier_.last_error());
    EXPECT_FALSE(applier_.is_failing());
}

TEST_F(IndexApplierTest, ThoseWhoWaitAreToldAtOnceWhenTheIndexCannotBeWritten) {
    index_.hold(true);
    applier_.start();
    append(1);
    append(1);
    index_.wait_for_attempts(1);
    auto first = applied(1);
    auto second = applied(2);
    index_.fail(true);
    index_.hold(false);
    EXPECT_FALSE(first.get());
    EXPECT_FALSE(second.get()) << "also one whose batch was not tried yet";
    EXPECT_FALSE(applied(2).get()) << "and one who comes later";
    index_.fail(false);
    wait_until_applied(2);
    EXPECT_EQ(index_.applied(), (std::vector<Sequence>{1, 2})) << "what was refused is in the index all the same";
}

TEST_F(IndexApplierTest, AnIndexThatFailedIsWholeAgainOnlyOnceItHasCaughtUp) {
    index_.fail(true);
    applier_.start();
    append(1);
    index_.wait_for_attempts(1);
    append(1);
    index_.hold_from(2);
    while (!applier_.is_failing()) std::this_thread::yield();
    index_.fail(false);
    while (index_.applied().empty()) std::this_thread::yield();
    EXPECT_TRUE(applier_.is_failing()) << "a reader would not see the second yet";
    index_.hold_from(~Sequence(0));
    wait_until_applied(2);
    applier_.stop();
    EXPECT_FALSE(applier_.is_failing());
}

TEST_F(IndexApplierTest, StoppingAppliesWhatIsQueued) {
    index_.hold(true);
    applier_.start();
    append(1);
    append(1);
    index_.wait_for_attempts(1);
    auto last = applied(2);
    index_.hold(false);
    applier_.stop();
    EXPECT_EQ(index_.applied(), (std::vector<Sequence>{1, 2}));
    EXPECT_TRUE(is_ready(last));
}

TEST_F(IndexApplierTest, StoppingDoesNotWaitForAnIndexThatStaysBroken) {
    index_.fail(true);
    applier_.start();
    append(1);
    index_.wait_for_attempts(1);
    applier_.stop();
    EXPECT_TRUE(index_.applied().empty());
}

}  // namespace
}  // namespace sluice
