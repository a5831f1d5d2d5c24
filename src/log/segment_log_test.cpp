#include "log/segment_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SegmentLogTest : public SimulatedLogTest {};

TEST_F(SegmentLogTest, IsEmptyWhenNew) {
    auto log = open();
    LogStats stats = log->stats();
    EXPECT_EQ(stats.head, 0u);
    EXPECT_EQ(stats.oldest, 1u);
    EXPECT_EQ(stats.bytes, 0u);
    EXPECT_TRUE(log->segments().empty());
    ReadPage page = log->read({}).value();
    EXPECT_TRUE(page.events.empty());
    EXPECT_TRUE(page.at_end);
    EXPECT_EQ(page.next, 1u);
    EXPECT_EQ(log->first_at_or_after(0, clock.now()).value(), 1u);
}

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

TEST_F(SegmentLogTest, GoesOnInTheSameSegmentAfterARestart) {
    for (int i = 1; i <= 5; ++i) ASSERT_TRUE(append_now(*open(), numbered_batch(i, 1)));
    EXPECT_EQ(open()->segments().size(), 1u);
    EXPECT_THAT(ids_of(read_all(*open())), ElementsAre("e1", "e2", "e3", "e4", "e5"));
}

TEST_F(SegmentLogTest, KeepsAnEventByteForByte) {
    EventBatch batch;
    EventView view;
    IdempotencyMark mark{"key-1", "0123456789abcdef0123456789abcdef", 1};
    view.event_type = EventType::update;
    view.object_type = ObjectType::health;
    view.kept_as_object = true;
    view.org = "com.acme";
    view.rec_type = "io.acme.desk";
    view.id = "i";
    view.source = "s";
    std::string tags = encode_tags(std::vector<std::string>{"Dublin", "4th floor"});
    view.tags = tags;
    view.envelope = R"({"obj":{"data":{"n":1E400}}})";
    view.obj = view.envelope.substr(7, 20);
    view.data = view.envelope.substr(15, 11);
    view.idempotency = mark;
    batch.add(view);
    auto log = open();
    Sequence sequence = append_now(*log, std::move(batch)).value().first;
    Event event = log->get({0, sequence}).value();
    EXPECT_EQ(event->event_type, EventType::update);
    EXPECT_EQ(event->object_type, ObjectType::health);
    EXPECT_TRUE(event->kept_as_object);
    EXPECT_EQ(event->envelope, view.envelope);
    EXPECT_EQ(event->obj, view.obj);
    EXPECT_EQ(event->data, view.data);
    EXPECT_EQ(event->tags, tags);
    ASSERT_TRUE(event->idempotency);
    EXPECT_EQ(event->idempotency->key, "key-1");
    EXPECT_EQ(event->idempotency->body_sha256, mark.body_sha256);
}

TEST_F(SegmentLogTest, TellsListenersBeforeCallersInTheLogsOrder) {
    auto log = open();
    std::mutex mutex;
    std::vector<std::string> told;
    auto tell = [&](std::string what) {
        std::lock_guard lock(mutex);
        told.push_back(std::move(what));
    };
    Sequence expected = 1;
    log->add_commit_listener([&](const std::shared_ptr<const CommittedBatch>& batch) {
        EXPECT_EQ(batch->first, expected);
        EXPECT_EQ(batch->events.size(), batch->last - batch->first + 1);
        EXPECT_EQ(log->stats().head, batch->last) << "what is announced can be read";
        for (const Event& event : batch->events) {
            EXPECT_EQ(event.sequence(), expected++);
            tell("heard " + std::string(event->id));
        }
    });
    log->add_commit_listener([&](const auto& batch) { tell("second heard to " + std::to_string(batch->last)); });
    std::vector<std::future<Result<AppendReceipt>>> waiting;
    for (int i = 1; i <= 3; ++i) {
        auto promise = std::make_shared<std::promise<Result<AppendReceipt>>>();
        waiting.push_back(promise->get_future());
        log->append(numbered_batch(i, 1), [promise, tell, i](Result<AppendReceipt> done) {
            tell("done e" + std::to_string(i));
            promise->set_value(std::move(done));
        });
    }
    for (auto& future : waiting) ASSERT_TRUE(future.get());
    for (int i = 1; i <= 3; ++i) {
        auto heard = std::find(told.begin(), told.end(), "heard e" + std::to_string(i));
        auto done = std::find(told.begin(), told.end(), "done e" + std::to_string(i));
        EXPECT_LT(heard, done);
    }
    EXPECT_LT(std::find(told.begin(), told.end(), "done e1"), std::find(told.begin(), told.end(), "done e2"));
    EXPECT_LT(std::find(told.begin(), told.end(), "done e2"), std::find(told.begin(), told.end(), "done e3"));
}

TEST_F(SegmentLogTest, AnnouncesEventsInTheirBatchsOwnBytes) {
    auto log = open();
    std::vector<Event> heard;
    log->add_commit_listener([&](const auto& batch) { heard = batch->events; });
    EventBatch batch = numbered_batch(1, 2);
    SharedBytes bytes = batch.bytes();
    ASSERT_TRUE(append_now(*log, std::move(batch)));
    ASSERT_EQ(heard.size(), 2u);
    for (const Event& event : heard) {
        EXPECT_EQ(event.owner(), bytes);
        EXPECT_GE(event->envelope.data(), bytes->data());
        EXPECT_LE(event->envelope.data() + event->envelope.size(), bytes->data() + bytes->size());
    }
}

TEST_F(SegmentLogTest, CommitTimesNeverDecrease) {
    Timestamp start = clock.now();
    {
        auto log = open();
        EXPECT_EQ(append_now(*log, numbered_batch(1, 1)).value().time, start);
        clock.advance(std::chrono::seconds(-10));
        EXPECT_EQ(append_now(*log, numbered_batch(2, 1)).value().time, start);
        fill_segments(*log, 3);
        ASSERT_TRUE(log->trim(0, log->stats().head, nullptr));
    }
    clock.advance(std::chrono::seconds(-10));
    auto log = open();
    AppendReceipt receipt = append_now(*log, numbered_batch(3, 1)).value();
    EXPECT_EQ(receipt.time, start);
    EXPECT_EQ(log->get({0, receipt.last}).value().time(), start);
}

TEST_F(SegmentLogTest, TakesABatchThatJustFitsASegmentAndRefusesOneThatDoesNot) {
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 1)));
    std::size_t room = (32 << 10) - 4096 - 48;
    std::size_t without_padding = 32 + numbered_batch(2, 1).byte_size();
    AppendReceipt receipt = append_now(*log, numbered_batch(2, 1, room - without_padding)).value();
    EXPECT_EQ(receipt.first, 2u);
    EXPECT_EQ(log->segments().size(), 2u) << "it does not share the first";
    auto refused = append_now(*log, numbered_batch(3, 1, room - without_padding + 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_THAT(ids_of(read_all(*log)), ElementsAre("e1", "e2"));
}

TEST_F(SegmentLogTest, RefusesAnEventLargerThanItIsSetTo) {
    SegmentLogOptions small = options();
    small.max_record_bytes = 1000;
    auto log = SegmentLog::open(small).value();
    auto refused = append_now(*log, numbered_batch(1, 1, 1000));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
    EXPECT_EQ(log->stats().head, 0u);
}

TEST_F(SegmentLogTest, RefusesAnEmptyBatch) {
    auto refused = append_now(*open(), EventBatch());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

TEST_F(SegmentLogTest, RefusesABatchWithWhatIsNotAnEventAndTakesItsNeighbours) {
    auto log = open();
    EventBatch broken = numbered_batch(10, 2);
    EventView view;
    std::string& bytes = broken.begin(view);
    broken.rollback();
    bytes[broken.records()[1].offset] = 9;  // a version of records that is not known
    auto first = append_later(*log, numbered_batch(1, 1));
    auto second = append_later(*log, std::move(broken));
    auto third = append_later(*log, numbered_batch(2, 1));
    EXPECT_TRUE(first.get());
    auto refused = second.get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(third.get().value().first, 2u);
    EXPECT_THAT(ids_of(read_all(*log)), ElementsAre("e1", "e2"));
    EXPECT_EQ(log->stats().waiting_bytes, 0u);
}

TEST_F(SegmentLogTest, KnowsNoOtherPartition) {
    auto log = open();
    EXPECT_EQ(log->read({.partition = 1}).error().code, Errc::not_found);
    EXPECT_EQ(log->get({1, 1}).error().code, Errc::not_found);
    EXPECT_EQ(log->count(1, 1, 2, {}).error().code, Errc::not_found);
    EXPECT_EQ(log->first_at_or_after(1, clock.now()).error().code, Errc::not_found);
    EXPECT_EQ(log->trim(1, 5, nullptr).error().code, Errc::not_found);
}

TEST_F(SegmentLogTest, RefusesWhatWouldMakeTooMuchWait) {
    SegmentLogOptions tight = options();
    tight.max_waiting_bytes = 5000;
    auto log = SegmentLog::open(tight).value();
    std::promise<void> reached, go_on;
    log->add_commit_listener([&, once = std::make_shared<bool>(false)](const auto&) {
        if (std::exchange(*once, true)) return;
        reached.set_value();
        go_on.get_future().wait();
    });
    auto first = append_later(*log, numbered_batch(1, 1, 3000));
    reached.get_future().wait();
    auto second = append_later(*log, numbered_batch(2, 1, 3000));
    EXPECT_GT(log->stats().waiting_bytes, 3000u);
    go_on.set_value();
    ASSERT_TRUE(first.get());
    auto refused = second.get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_EQ(log->stats().waiting_bytes, 0u);
    EXPECT_TRUE(append_now(*log, numbered_batch(3, 1, 9000))) << "alone, even a larger one is taken";
}

TEST_F(SegmentLogTest, MakesDurableWhatWasAcceptedWhenClosedAndTakesNoMore) {
    auto log = open();
    std::vector<std::future<Result<AppendReceipt>>> accepted;
    for (int i = 1; i <= 50; ++i) accepted.push_back(append_later(*log, numbered_batch(i, 1)));
    log->close();
    for (auto& future : accepted) EXPECT_TRUE(future.get());
    auto late = append_now(*log, numbered_batch(51, 1));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Errc::cancelled);
    log->close();
    EXPECT_EQ(read_all(*log).size(), 50u) << "what is there can still be read";
    log.reset();
    EXPECT_EQ(read_all(*open()).size(), 50u);
}

TEST_F(SegmentLogTest, CountsWhatItDoes) {
    auto log = open();
    std::size_t bytes = numbered_batch(1, 2).byte_size();
    ASSERT_TRUE(append_now(*log, numbered_batch(1, 2)));
    LogStats stats = log->stats();
    EXPECT_EQ(stats.appended_events, 2u);
    EXPECT_EQ(stats.appended_bytes, bytes);
    EXPECT_EQ(stats.bytes, 32u << 10);
    EXPECT_EQ(stats.syncs, 2u) << "of the segment's header, and of the frame";
    EXPECT_EQ(stats.device_bytes, 4096u + 512u);
}

TEST_F(SegmentLogTest, ASecondOneOnTheSameFolderIsRefused) {
    auto log = open();
    auto second = try_open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    log.reset();
    EXPECT_TRUE(try_open());
}

TEST_F(SegmentLogTest, RefusesAnImpossibleSegmentSize) {
    SegmentLogOptions bad = options();
    bad.segment_bytes = 100;
    auto log = SegmentLog::open(bad);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Errc::invalid_argument);
    EXPECT_THAT(log.error().message, HasSubstr("16KiB"));
}

TEST_F(SegmentLogTest, GoesOnInANewSegmentWhenTheDevicesBlocksAreLargerNow) {
    ASSERT_TRUE(append_now(*open(), numbered_batch(1, 1)));
    auto moved = std::make_unique<SimulatedFiles>(4096);
    for (const std::string& path : files->names()) moved->put(path, files->content(path));
    files = std::move(moved);
    auto log = open();
    ASSERT_TRUE(append_now(*log, numbered_batch(2, 1)));
    EXPECT_EQ(log->segments().size(), 2u);
    log.reset();
    EXPECT_THAT(ids_of(read_all(*open())), ElementsAre("e1", "e2"));
}

}  // namespace
}  // namespace sluice
