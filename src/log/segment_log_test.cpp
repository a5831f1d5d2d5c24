#include "log/segment_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "log/log_test_kit.hpp"
#include "log/simulated_files.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SegmentLogTest : public testing::Test {
  protected:
    SegmentLogOptions options() {
        SegmentLogOptions options;
        options.folder = folder;
        options.segment_bytes = 32 << 10;
        options.clock = &clock;
        options.files = files.get();
        options.on_fatal = [this](const std::string& message) { fatal.push_back(message); };
        return options;
    }
    std::unique_ptr<SegmentLog> open() { return SegmentLog::open(options()).value(); }

    FakeClock clock;
    std::string folder = "/log";
    std::unique_ptr<SimulatedFiles> files = std::make_unique<SimulatedFiles>();
    std::vector<std::string> fatal;
};

TEST_F(SegmentLogTest, NumbersEventsFromOneWithoutHoles) {
    auto log = open();
    AppendReceipt first = append_now(*log, numbered_batch(1, 1)).value();
    AppendReceipt second = append_now(*log, numbered_batch(2, 3)).value();
    EXPECT_EQ(first.first, 1u);
    EXPECT_EQ(first.last, 1u);
    EXPECT_EQ(second.first, 2u);
    EXPECT_EQ(second.last, 4u);
    EXPECT_THAT(ids_of(read_all(*log)), ElementsAre("e1", "e2", "e3", "e4"));
}

TEST_F(SegmentLogTest, FindsEverythingAgainAfterARestart) {
    {
        auto log = open();
        for (int i = 1; i <= 200; ++i) ASSERT_TRUE(append_now(*log, numbered_batch(i, 1, 700)));
        ASSERT_GT(log->segments().size(), 2u);
    }
    auto log = open();
    auto events = read_all(*log);
    ASSERT_EQ(events.size(), 200u);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(events[i].sequence(), Sequence(i + 1));
        EXPECT_EQ(events[i]->id, "e" + std::to_string(i + 1));
    }
    EXPECT_EQ(append_now(*log, numbered_batch(201, 1)).value().first, 201u);
    EXPECT_EQ(log->stats().head, 201u);
}

}  // namespace
}  // namespace sluice
