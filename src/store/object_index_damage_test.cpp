// Bit rot in a segment that retention wants gone, with the real log under the index.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_test_kit.hpp"
#include "store/object_index.hpp"
#include "store/temporary_folder.hpp"

namespace sluice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ObjectIndexDamage : public SimulatedLogTest {
  protected:
    /// Devices d1, d2, … with some kilobytes each, until there are three segments.
    void fill() {
        log = open();
        for (int number = 1; log->segments().size() < 3; ++number) {
            std::string id = "d" + std::to_string(number);
            std::string envelope = R"({"obj":{"_id":")" + id + R"(","data":")" + std::string(3000, 'x') + R"("}})";
            EventView view;
            view.object_type = ObjectType::devices;
            view.kept_as_object = true;
            view.org = "com.acme";
            view.rec_type = "io.acme.room";
            view.id = id;
            view.source = "ShareService";
            view.envelope = envelope;
            view.obj = view.envelope.substr(7, envelope.size() - 8);
            EventBatch batch;
            batch.add(view);
            append_now(*log, std::move(batch)).value();
        }
    }
    void flip_a_bit_of(const std::string& id) {
        std::string& content = files->content(paths(".segment").front());
        content[content.find("\"_id\":\"" + id + "\"") + 8] ^= 1;
    }
    void start() {
        log.reset();
        log = open();
        index = ObjectIndex::open(database, *log, clock, {}, [this](const ObjectIndex::Damage& damage) {
                    told.push_back(damage.message);
                }).value();
    }
    void trim() {
        Sequence second = log->segments()[1].first;
        auto trimmed =
            log->trim(0, second, [this](Sequence first, Sequence last) { return index->rescue(0, first, last); });
        ASSERT_TRUE(trimmed) << trimmed.error().message;
        EXPECT_EQ(log->stats().oldest, second);
    }
    Result<Event> get(std::string_view id) const {
        return index->get({"com.acme", ObjectType::devices, "io.acme.room", id});
    }

    TemporaryFolder folder;
    std::shared_ptr<Database> database = Database::open(folder.path("store")).value();
    std::unique_ptr<SegmentLog> log;
    std::unique_ptr<ObjectIndex> index;
    std::vector<std::string> told;
};

TEST_F(ObjectIndexDamage, OneBadRecordGoesAndIsNamedAndTheRestOfItsSegmentIsSaved) {
    fill();
    start();
    ASSERT_TRUE(index->catch_up(nullptr));
    flip_a_bit_of("d3");
    EXPECT_EQ(get("d3").error().code, Errc::corrupt) << "clear before it is let go";
    trim();
    EXPECT_EQ(get("d3").error().code, Errc::not_found);
    EXPECT_TRUE(get("d2"));
    EXPECT_TRUE(get("d4"));
    auto place = AllOf(HasSubstr("/log/0000000001.segment is damaged at offset"), HasSubstr("event 3 should be"));
    EXPECT_THAT(told, ElementsAre(place, AllOf(HasSubstr("devices/io.acme.room/d3 of com.acme is gone"), place)));
}

TEST_F(ObjectIndexDamage, AlsoWhenTheSegmentsOwnIndexIsGone) {
    fill();
    start();
    ASSERT_TRUE(index->catch_up(nullptr));
    start();
    flip_a_bit_of("d3");
    files->erase(paths(".index").front());
    trim();
    EXPECT_EQ(get("d3").error().code, Errc::not_found);
    EXPECT_EQ(get("d1").error().code, Errc::not_found) << "there is no telling where it begins";
    EXPECT_TRUE(get("d" + std::to_string(log->stats().oldest)));
    EXPECT_THAT(told, SizeIs(log->stats().oldest));
    EXPECT_THAT(told.front(), HasSubstr("events 1 to"));
}

}  // namespace
}  // namespace sluice
