#include "delivery/settled_ranges.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/fake_clock.hpp"
#include "event/codec.hpp"
#include "store/fake_event_log.hpp"

namespace sluice {
namespace {

class CountUnsettled : public testing::Test {
  protected:
    /// Events of two kinds by turns: those with odd sequences carry the tag.
    void write(std::size_t count) {
        for (std::size_t i = 1; i <= count; ++i) {
            std::string tags = encode_tags(i % 2 ? std::vector<std::string>{"wanted"} : std::vector<std::string>{});
            EventView view;
            view.org = "com.acme";
            view.rec_type = "io.acme.room";
            view.id = "a";
            view.tags = tags;
            view.envelope = R"({"obj":{}})";
            view.obj = view.envelope.substr(7, 2);
            log.append_one(view);
        }
    }
    std::uint64_t count(const EventFilter& filter, Cursor cursor = {}) {
        Result<std::uint64_t> counted = count_unsettled(log, filter, cursor, 100);
        EXPECT_TRUE(counted) << counted.error().message;
        return counted ? *counted : std::numeric_limits<std::uint64_t>::max();
    }

    FakeClock clock;
    FakeEventLog log{clock, 1000};
    EventFilter all{.orgs = {"com.acme"}};
    EventFilter tagged{.orgs = {"com.acme"}, .tags = {"wanted"}};
};

TEST_F(CountUnsettled, LeavesOutWhatIsSettledBeyondThePosition) {
    write(100);
    Cursor cursor;
    cursor.position.sequence = 10;
    cursor.settled_beyond = {{21, 30}, {41, 50}};
    EXPECT_EQ(count(all, cursor), 70u);
    EXPECT_EQ(count(tagged, cursor), 35u);
}

TEST_F(CountUnsettled, ADamagedRecordThatMayMatchCountsAndTheOthersAreCountedAsEver) {
    write(100);
    log.damage(7);
    log.damage(8);
    EXPECT_EQ(count(tagged), 51u) << "8 does not match, but only it could say so";
    EXPECT_EQ(count(all), 100u);
    Cursor past;
    past.position.sequence = 8;
    EXPECT_EQ(count(tagged, past), 46u);
    EventFilter others{.orgs = {"com.other"}, .tags = {"wanted"}};
    EXPECT_EQ(count(others), 0u) << "what the index rules out needs no record";
}

TEST_F(CountUnsettled, WithoutAnIndexEverythingMayMatch) {
    write(100);
    log.fail_reads(make_error(Errc::corrupt, "the index is damaged, and so is its segment"));
    EXPECT_EQ(count(tagged), 100u);
}

TEST_F(CountUnsettled, WhatCannotBeReadForNowIsAnError) {
    write(100);
    log.fail_reads(make_error(Errc::io, "the disk is away"));
    Result<std::uint64_t> counted = count_unsettled(log, all, {}, 100);
    ASSERT_FALSE(counted);
    EXPECT_EQ(counted.error().code, Errc::io);
}

}  // namespace
}  // namespace sluice
