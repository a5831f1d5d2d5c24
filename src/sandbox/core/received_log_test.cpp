#include "sandbox/core/received_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.hpp"
#include "base/fake_clock.hpp"

namespace sluice::sandbox {
namespace {

ReceivedItem item(std::string body, const char* target = "events") {
    ReceivedItem made;
    made.service = "kinesis";
    made.target = std::make_shared<const std::string>(target);
    auto size = body.size();
    made.body = {std::make_shared<const std::string>(std::move(body)), 0, size};
    return made;
}

std::vector<ReceivedItem> items(std::initializer_list<const char*> bodies) {
    std::vector<ReceivedItem> made;
    for (const auto* body : bodies) made.push_back(item(body));
    return made;
}

TEST(ReceivedLog, NumbersAndTimesWhatItTakesInOrder) {
    FakeClock clock(from_epoch_ms(1000));
    ReceivedLog log({}, clock);
    EXPECT_EQ(log.append(items({"a", "b"})), 1u);
    clock.advance(std::chrono::microseconds(1500));
    EXPECT_EQ(log.append(items({"c"})), 3u);

    auto read = log.read(1, 10);
    ASSERT_EQ(read.size(), 3u);
    EXPECT_EQ(read[0].body.view(), "a");
    EXPECT_EQ(read[1].time_us, 1'000'000);
    EXPECT_EQ(read[2].number, 3u);
    EXPECT_EQ(read[2].time_us, 1'001'500);
}

TEST(ReceivedLog, ReadsFromANumberAndAtMostALimit) {
    FakeClock clock;
    ReceivedLog log({}, clock);
    log.append(items({"a", "b", "c", "d"}));
    auto read = log.read(2, 2);
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0].body.view(), "b");
    EXPECT_EQ(read[1].body.view(), "c");
    EXPECT_TRUE(log.read(5, 10).empty());
    EXPECT_TRUE(log.read(99, 10).empty());
}

TEST(ReceivedLog, CountsByServiceAndTargetAndForgetsOnClearButNumbersOn) {
    FakeClock clock;
    ReceivedLog log({}, clock);
    log.append(items({"abc", "d"}));
    std::vector<ReceivedItem> other;
    other.push_back(item("ef", "other"));
    log.append(std::move(other));
    auto counts = log.counts();
    EXPECT_EQ((counts[{"kinesis", "events"}].items), 2u);
    EXPECT_EQ((counts[{"kinesis", "events"}].bytes), 4u);
    EXPECT_EQ((counts[{"kinesis", "other"}].bytes), 2u);

    log.clear();
    EXPECT_EQ(log.total().items, 0u);
    EXPECT_TRUE(log.counts().empty());
    EXPECT_EQ(log.append(items({"g"})), 4u);
    EXPECT_FALSE(log.get(3));
    EXPECT_EQ(log.get(4)->body.view(), "g");
}

TEST(ReceivedLog, LetsTheOldestGoAtItsBound) {
    FakeClock clock;
    std::string large(10'000, 'x');
    ReceivedLog log({Keep::all, 45'000}, clock);
    for (int i = 0; i < 10; i++) log.append(items({large.c_str()}));
    EXPECT_EQ(log.first(), 7u);
    EXPECT_FALSE(log.get(6));
    EXPECT_EQ(log.read(1, 100).front().number, 7u);
    EXPECT_EQ(log.total().items, 10u);
}

TEST(ReceivedLog, KeepsADigestInPlaceOfBodies) {
    FakeClock clock;
    ReceivedLog log({Keep::digest, 1 << 20}, clock);
    log.append(items({"123456789"}));
    auto kept = log.get(1);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->crc32c, 0xe3069283u);  // the check value of CRC-32C
    EXPECT_EQ(kept->body_size, 9u);
    EXPECT_TRUE(kept->body.view().empty());
}

TEST(ReceivedLog, KeepsNothingButCountsWhenToldSo) {
    FakeClock clock;
    ReceivedLog log({Keep::none, 1 << 20}, clock);
    log.append(items({"abc", "def"}));
    EXPECT_FALSE(log.get(1));
    EXPECT_EQ(log.first(), log.next());
    EXPECT_EQ(log.total().bytes, 6u);
}

TEST(ReceivedLog, WakesWhoeverWaitsForACount) {
    FakeClock clock;
    ReceivedLog log({}, clock);
    std::thread writer([&] {
        log.append(items({"a"}));
        log.append(items({"b"}));
    });
    EXPECT_TRUE(log.wait_for(2, std::chrono::seconds(30)));
    writer.join();
    EXPECT_FALSE(log.wait_for(3, std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace sluice::sandbox
