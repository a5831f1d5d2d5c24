#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fake_clock.hpp"
#include "ingest/ingest.hpp"
#include "json/find.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"
#include "store/fake_event_log.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {

/// What an ingest stands on: a log in memory, a real object index, a clock that stands still.
class IngestBench {
  public:
    explicit IngestBench(Ingest::Options options = {})
        : database_(Database::open(folder_.path("database")).value()),
          index_(ObjectIndex::open(database_, log, clock, {}).value()),
          ingest(log, *index_, reads_, lists_, clock, std::move(options)) {
        ingest.start();
    }
    ~IngestBench() {
        log.close();
        ingest.stop();
        reads_.stop();
        lists_.stop();
    }

    /// Lists wait until what is given back is set.
    std::promise<void> hold_up_lists() {
        std::promise<void> gate;
        lists_.post([until = gate.get_future().share()] { until.wait(); });
        return gate;
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io, std::move(task));
    }

    /// Every event in the log, in its order.
    std::vector<Event> events() const {
        ReadRequest all;
        all.max_events = 1'000'000;
        all.max_bytes = 1 << 30;
        return log.read(all).value().events;
    }

    FakeClock clock;
    FakeEventLog log{clock};
    boost::asio::io_context io;

  private:
    TemporaryFolder folder_;
    BlockingPool reads_{"reads", 2};
    BlockingPool lists_{"lists", 1};
    std::shared_ptr<Database> database_;
    std::unique_ptr<ObjectIndex> index_;

  public:
    Ingest ingest;
};

inline Author test_author() {
    return {"com.acme", "tok-1", "gateway", "203.0.113.9"};
}

inline CreateRequest create_request(std::string body, bool ndjson = false) {
    CreateRequest request;
    request.context.author = test_author();
    request.context.rec_type = "io.acme.reading";
    request.body = std::move(body);
    request.ndjson = ndjson;
    return request;
}

inline ObjectKey key_of(const Event& event) {
    return {std::string(event->org), event->object_type, std::string(event->rec_type), std::string(event->id)};
}

inline UpdateRequest update_request(const Event& object, std::string body) {
    return {test_author(), key_of(object), std::move(body)};
}

inline std::string member_of(const Event& event, std::string_view name) {
    return std::string(json::find_member(event->obj, name).value_or("(absent)"));
}

}  // namespace sluice
