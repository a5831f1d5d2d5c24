#include <gtest/gtest.h>

#include "ingest/ingest_fixture_for_test.hpp"
#include "log/segment_log.hpp"

namespace sluice {
namespace {

/// An ingest over a log on disk, opened as the program opens it.
class DurableBench {
  public:
    explicit DurableBench(const std::string& folder)
        : log_(open_log(folder)),
          database_(Database::open(folder + "/database").value()),
          index_(ObjectIndex::open(database_, *log_, clock_, {}).value()),
          ingest(*log_, *index_, reads_, reads_, clock_, {}) {
        EXPECT_TRUE(index_->catch_up({}));
        ingest.start();
    }
    ~DurableBench() {
        log_->close();
        ingest.stop();
        reads_.stop();
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io_, std::move(task));
    }

  private:
    static std::unique_ptr<SegmentLog> open_log(const std::string& folder) {
        SegmentLogOptions options;
        options.folder = folder + "/log";
        options.segment_bytes = 1 << 20;
        return SegmentLog::open(std::move(options)).value();
    }

    FakeClock clock_;
    boost::asio::io_context io_;
    BlockingPool reads_{"reads", 1};
    std::unique_ptr<SegmentLog> log_;
    std::shared_ptr<Database> database_;
    std::unique_ptr<ObjectIndex> index_;

  public:
    Ingest ingest;
};

TEST(IngestRestart, WhatWasAnsweredIsThereAfterACrashOfTheProcess) {
    TemporaryFolder folder;
    std::vector<Event> written;
    std::optional<Event> updated;
    CreateRequest keyed = create_request(R"({"n":4})");
    keyed.idempotency_key = "k";
    std::string crashed;
    {
        DurableBench bench(folder.path("live"));
        written =
            bench.run(bench.ingest.create(create_request("{\"n\":1}\n{\"n\":2}\n{\"n\":3}", true))).value().events;
        updated = bench.run(bench.ingest.update(update_request(written[0], R"({"n":11})"))).value();
        ASSERT_TRUE(bench.run(bench.ingest.remove(key_of(written[1]))));
        written.push_back(bench.run(bench.ingest.create(keyed)).value().events.front());
        crashed = folder.copy("live", "crashed");
    }

    DurableBench bench(crashed);
    const auto obj = [&](const Event& event) {
        const auto found = bench.run(bench.ingest.get(key_of(event)));
        return found ? std::string((*found)->obj) : std::string(found.error().code);
    };
    EXPECT_EQ(obj(written[0]), (*updated)->obj);
    EXPECT_EQ(obj(written[1]), "not_found");
    EXPECT_EQ(obj(written[2]), written[2]->obj);
    EXPECT_EQ(obj(written[3]), written[3]->obj);

    const auto repeated = bench.run(bench.ingest.create(keyed));
    ASSERT_TRUE(repeated) << repeated.error().message;
    EXPECT_TRUE(repeated->replayed);
    EXPECT_EQ(repeated->events.front()->obj, written[3]->obj);

    const auto again = bench.run(bench.ingest.update(update_request(written[0], "{}")));
    ASSERT_TRUE(again);
    EXPECT_LT(member_of(*updated, "updateDate"), member_of(*again, "updateDate"));
}

}  // namespace
}  // namespace sluice
