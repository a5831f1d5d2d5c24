#include "event/metadata.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

TEST(EventMetadata, NamesWhatTheContractNamesInTheOrderOfNames) {
    EventView view;
    view.event_type = EventType::remove;
    view.object_type = ObjectType::health;
    view.rec_type = "io.acme.room";
    view.id = "65f1";
    view.source = "ShareService";
    Event event(nullptr, view, LogPosition{0, 18446744073709551615u}, from_epoch_ms(1'700'000'000'123));

    EventMetadata metadata(event);

    std::vector<std::pair<std::string, std::string>> fields;
    for (const auto& field : metadata.fields()) fields.emplace_back(field.name, field.value);
    std::vector<std::pair<std::string, std::string>> expected{
        {"event_type", "delete"},
        {"id", "65f1"},
        {"obj_type", "health"},
        {"recType", "io.acme.room"},
        {"sluice-sequence", "18446744073709551615"},
        {"sluice-time", "2023-11-14T22:13:20.123Z"},
        {"source", "ShareService"},
    };
    EXPECT_EQ(fields, expected);
    EXPECT_TRUE(std::is_sorted(fields.begin(), fields.end()));
}

}  // namespace
}  // namespace sluice
