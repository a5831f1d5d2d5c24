#include "api/tail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>

#include "event/sample_event.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice::api {
namespace {

using testing::HasSubstr;
using testing::Not;

class KeepingWriter final : public http::BodyWriter {
  public:
    boost::asio::awaitable<Result<void>> write(std::string_view bytes) override {
        text += bytes;
        co_return Result<void>();
    }
    std::string text;
};

std::shared_ptr<const CommittedBatch> batch_of(Sequence sequence, std::string_view obj = "{}") {
    auto batch = std::make_shared<CommittedBatch>();
    batch->first = batch->last = sequence;
    batch->events.push_back(sample_event(obj, "ShareService", sequence));
    return batch;
}

class TailTest : public testing::Test {
  protected:
    /// A watcher of everything, or of what matches the pattern, on this thread.
    KeepingWriter& watch(std::string rec_types = "**") {
        auto& writer = writers_.emplace_back();
        EventFilter filter;
        filter.orgs = {"**"};
        filter.rec_types = {std::move(rec_types)};
        tasks_.spawn(hub_.follow(
            std::move(filter), [] { return true; }, writer));
        settle();
        return writer;
    }
    void settle() {
        io_.poll();
        io_.restart();
    }
    void TearDown() override {
        hub_.close();
        run_for_test(io_, tasks_.join());
        EXPECT_EQ(hub_.watchers(), 0u);
    }

    boost::asio::io_context io_;
    TaskGroup tasks_{io_};
    std::deque<KeepingWriter> writers_;
    TailHub hub_{{.max_watchers = 3, .max_watchers_of_an_org = 2, .max_bytes_under_way = 2000}};
};

TEST_F(TailTest, WhoWatchesSeesWhatMatches) {
    auto& all = watch();
    auto& none = watch("io.other");
    hub_.on_commit(batch_of(7));
    settle();
    EXPECT_THAT(all.text, HasSubstr("id: 7\ndata: {"));
    EXPECT_THAT(none.text, Not(HasSubstr("data:")));
}

TEST_F(TailTest, TheLogsThreadLooksAtNothingAndKeepsNoMoreThanItMay) {
    auto& all = watch();
    const std::string large = "{\"text\":\"" + std::string(900, 'x') + "\"}";
    for (Sequence sequence = 1; sequence <= 5; ++sequence) hub_.on_commit(batch_of(sequence, large));
    EXPECT_THAT(all.text, Not(HasSubstr("data:"))) << "it is looked at on the watchers' thread";
    settle();
    EXPECT_THAT(all.text, HasSubstr("id: 1\n"));
    EXPECT_THAT(all.text, Not(HasSubstr("id: 5\n")));
    hub_.on_commit(batch_of(6));
    settle();
    EXPECT_THAT(all.text, HasSubstr("event: missed\ndata: {\"missed\":"));
    EXPECT_THAT(all.text, HasSubstr("id: 6\n"));
}

TEST_F(TailTest, PlacesAreBoundedForAnOrgAndInAllAndGivenBack) {
    auto first = hub_.take_place("com.acme");
    auto second = hub_.take_place("com.acme");
    EXPECT_TRUE(second);
    EXPECT_FALSE(hub_.take_place("com.acme")) << "the org has all it may have";
    auto other = hub_.take_place("com.globex");
    EXPECT_TRUE(other);
    EXPECT_FALSE(hub_.take_place("com.initech")) << "all places are taken";
    first.reset();
    EXPECT_TRUE(hub_.take_place("com.initech"));
    EXPECT_TRUE(hub_.take_place("com.acme"));
}

}  // namespace
}  // namespace sluice::api
