#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "base/fake_clock.hpp"
#include "event/codec.hpp"
#include "log/segment_log.hpp"
#include "log/simulated_files.hpp"

namespace sluice {

/// A folder of a test's own, gone with it.
class TestFolder {
  public:
    TestFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-log-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
        path_ = name;
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// What a test says of an event it appends.
struct TestEvent {
    std::string id = "a";
    std::string rec_type = "io.acme.desk";
    std::string org = "com.acme";
    std::vector<std::string> tags;
    EventType event_type = EventType::create;
    std::size_t padding = 0;  ///< bytes of data
};

inline void add_event(EventBatch& batch, const TestEvent& event) {
    std::string tags = encode_tags(event.tags);
    std::string envelope = R"({"obj":{"id":")" + event.id + R"(","pad":")" + std::string(event.padding, 'x') + R"("}})";
    EventView view;
    view.event_type = event.event_type;
    view.org = event.org;
    view.rec_type = event.rec_type;
    view.id = event.id;
    view.source = "ShareService";
    view.tags = tags;
    view.envelope = envelope;
    view.obj = view.envelope.substr(7, envelope.size() - 8);
    batch.add(view);
}

inline EventBatch batch_of(const std::vector<TestEvent>& events) {
    EventBatch batch;
    for (const TestEvent& event : events) add_event(batch, event);
    return batch;
}

/// Events with the ids `first`, `first + 1`, …
inline EventBatch numbered_batch(int first, int count, std::size_t padding = 0) {
    std::vector<TestEvent> events;
    for (int i = 0; i < count; ++i) events.push_back({.id = "e" + std::to_string(first + i), .padding = padding});
    return batch_of(events);
}

inline std::future<Result<AppendReceipt>> append_later(EventLog& log, EventBatch batch) {
    auto promise = std::make_shared<std::promise<Result<AppendReceipt>>>();
    auto future = promise->get_future();
    log.append(std::move(batch), [promise](Result<AppendReceipt> done) { promise->set_value(std::move(done)); });
    return future;
}

inline Result<AppendReceipt> append_now(EventLog& log, EventBatch batch) {
    return append_later(log, std::move(batch)).get();
}

inline std::vector<std::string> ids_of(const std::vector<Event>& events) {
    std::vector<std::string> ids;
    for (const Event& event : events) ids.emplace_back(event->id);
    return ids;
}

/// Everything the log holds that the filter wants, page by page.
inline std::vector<Event> read_all(const EventLog& log, const EventFilter* filter = nullptr,
                                   std::size_t page_events = 1000) {
    std::vector<Event> events;
    ReadRequest request{.filter = filter, .max_events = page_events};
    for (;;) {
        ReadPage page = log.read(request).value();
        events.insert(events.end(), page.events.begin(), page.events.end());
        if (page.at_end) return events;
        request.from = page.next;
    }
}

/// A log on a simulated disk, with a clock that stands still. Small segments: about 28 KiB of events each.
class SimulatedLogTest : public testing::Test {
  protected:
    static constexpr const char* kFolder = "/log";

    SegmentLogOptions options() {
        SegmentLogOptions options;
        options.folder = kFolder;
        options.segment_bytes = 32 << 10;
        options.clock = &clock;
        options.files = files.get();
        options.on_fatal = [this](const std::string& message) { fatal.push_back(message); };
        return options;
    }
    Result<std::unique_ptr<SegmentLog>> try_open() { return SegmentLog::open(options()); }
    std::unique_ptr<SegmentLog> open() { return try_open().value(); }
    /// Files of the log whose names end so, oldest first.
    std::vector<std::string> paths(std::string_view suffix) const {
        std::vector<std::string> found;
        for (const std::string& path : files->names()) {
            if (path.ends_with(suffix)) found.push_back(path);
        }
        return found;
    }
    /// Appends events one by one until there are so many segments; gives the last one's number.
    static int fill_segments(SegmentLog& log, std::size_t segments, std::size_t padding = 3000) {
        int number = static_cast<int>(log.stats().head);
        while (log.segments().size() < segments) append_now(log, numbered_batch(++number, 1, padding)).value();
        return number;
    }

    FakeClock clock;
    std::unique_ptr<SimulatedFiles> files = std::make_unique<SimulatedFiles>();
    std::vector<std::string> fatal;
};

}  // namespace sluice
