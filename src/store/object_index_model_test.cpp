// The object index over the real log, held against a map: random writes, trims, expiries and crashes.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/fake_clock.hpp"
#include "log/log_test_kit.hpp"
#include "log/segment_log.hpp"
#include "log/simulated_files.hpp"
#include "store/object_index.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

struct Known {
    std::string data;
    Timestamp created;
    Timestamp updated;
};

class ObjectIndexModel : public testing::TestWithParam<unsigned> {
  protected:
    static constexpr std::string_view kOrg = "com.acme";
    static constexpr std::string_view kRecType = "io.acme.room";

    void start() {
        SegmentLogOptions options;
        options.folder = "/log";
        options.files = &log_files_;
        options.segment_bytes = 32 << 10;
        options.clock = &clock_;
        log_ = SegmentLog::open(options).value();
        database_ = Database::open(folder_.path(store_)).value();
        index_ = ObjectIndex::open(database_, *log_, clock_, {}).value();
        log_->add_commit_listener([this](std::shared_ptr<const CommittedBatch> batch) {
            auto applied = index_->apply(*batch);
            EXPECT_TRUE(applied) << applied.error().message;
        });
        auto caught_up = index_->catch_up(nullptr);
        ASSERT_TRUE(caught_up) << caught_up.error().message;
    }

    /// The process dies: what the store had in memory only is gone.
    void crash() {
        std::string next = store_ + "x";
        folder_.copy(store_, next);
        index_.reset();
        database_.reset();
        log_->close();
        log_.reset();
        store_ = next;
        start();
    }

    AppendReceipt write(EventType event_type, ObjectType type, const std::string& id, const std::string& data,
                        Timestamp created) {
        std::string before_data =
            R"({"_id":")" + id + R"(","tstamp":)" + std::to_string(to_epoch_ms(created)) + R"(,"data":)";
        std::string obj = before_data + data + "}";
        std::string envelope = R"({"obj":)" + obj + "}";
        EventView view;
        view.event_type = event_type;
        view.object_type = type;
        view.kept_as_object = true;
        view.org = kOrg;
        view.rec_type = kRecType;
        view.id = id;
        view.source = "ShareService";
        view.envelope = envelope;
        view.obj = view.envelope.substr(7, obj.size());
        view.data = view.obj.substr(before_data.size(), data.size());
        EventBatch batch;
        batch.add(view);
        return append_now(*log_, std::move(batch)).value();
    }

    std::map<std::string, Known>& model(ObjectType type) { return type == ObjectType::objs ? objs_ : devices_; }

    void step(std::mt19937& random) {
        auto below = [&random](std::uint32_t n) { return random() % n; };
        clock_.advance(std::chrono::minutes(below(120)));
        ObjectType type = below(3) == 0 ? ObjectType::devices : ObjectType::objs;
        std::string data = "{\"n\":" + std::to_string(random()) + ",\"pad\":\"" + std::string(below(900), 'x') + "\"}";
        auto& known = model(type);
        auto some = known.begin();
        if (!known.empty()) std::advance(some, below(static_cast<std::uint32_t>(known.size())));

        switch (below(20)) {
            default: {
                Timestamp now = clock_.now();
                std::string id = std::to_string(1'000'000 + ++last_id_);
                auto receipt = write(EventType::create, type, id, data, now);
                known[id] = {data, now, receipt.time};
                break;
            }
            case 0:
            case 1:
            case 2:
            case 3:
                if (some != known.end()) {
                    some->second.data = data;
                    some->second.updated = write(EventType::update, type, some->first, data, some->second.created).time;
                }
                break;
            case 4:
            case 5:
                if (some != known.end()) {
                    write(EventType::remove, type, some->first, some->second.data, some->second.created);
                    known.erase(some);
                }
                break;
            case 6: {
                Sequence head = log_->stats().head;
                auto trimmed =
                    log_->trim(0, head - std::min<Sequence>(head, below(60)),
                               [this](Sequence first, Sequence last) { return index_->rescue(0, first, last); });
                ASSERT_TRUE(trimmed) << trimmed.error().message;
                break;
            }
            case 7: {
                auto more = index_->expire();
                ASSERT_TRUE(more) << more.error().message;
                break;
            }
            case 8:
                if (below(4) == 0) crash();
                break;
            case 9:
                if (below(4) == 0) {
                    ASSERT_TRUE(database_->flush());
                }
                break;
        }
    }

    void check() {
        for (auto type : {ObjectType::objs, ObjectType::devices}) {
            ObjectIndex::ListQuery query;
            query.org = kOrg;
            query.type = type;
            query.rec_type = kRecType;
            query.limit = 1'000'000;
            query.newest_first = false;
            auto page = index_->list(query);
            ASSERT_TRUE(page) << page.error().message;
            std::vector<std::pair<std::string, std::string>> expected, listed;
            for (const auto& [id, object] : model(type)) {
                bool over = type == ObjectType::objs && clock_.now() - object.updated >= 7 * 24h;
                auto event = index_->get({kOrg, type, kRecType, id});
                ASSERT_EQ(event.has_value(), !over) << id;
                if (over) continue;
                ASSERT_EQ(event->view().data, object.data) << id;
                expected.emplace_back(id, object.data);
            }
            for (const Event& event : page->events) listed.emplace_back(event->id, event->data);
            ASSERT_EQ(listed, expected);
            ASSERT_EQ(page->total, expected.size());
        }
    }

    TemporaryFolder folder_;
    SimulatedFiles log_files_;  // syncs cost nothing there
    FakeClock clock_;
    std::string store_ = "store";
    std::unique_ptr<SegmentLog> log_;
    std::shared_ptr<Database> database_;
    std::unique_ptr<ObjectIndex> index_;
    std::map<std::string, Known> objs_, devices_;
    std::uint64_t last_id_ = 0;
};

TEST_P(ObjectIndexModel, GivesWhatAMapWouldGive) {
    std::mt19937 random(GetParam());
    start();
    for (int i = 0; i < 600 && !HasFatalFailure(); ++i) {
        SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " + std::to_string(i));
        step(random);
        if (i % 20 == 0) check();
    }
    EXPECT_GT(log_->stats().oldest, 1u) << "nothing was trimmed: the test looked at too little";
    check();
    log_->close();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ObjectIndexModel, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace sluice
