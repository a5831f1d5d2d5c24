#include "app/building.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/ids.hpp"
#include "json/validate.hpp"

namespace sluice::app {
namespace {

TEST(Building, SaysTheSameForTheSameSeed) {
    Building a({.buildings = 2, .seed = 42}), b({.buildings = 2, .seed = 42}), other({.buildings = 2, .seed = 43});
    bool differs = false;
    for (int i = 0; i < 3000; ++i) {
        auto x = a.next(), y = b.next(), z = other.next();
        ASSERT_EQ(x.data, y.data);
        ASSERT_EQ(x.rec_type, y.rec_type);
        ASSERT_EQ(x.device, y.device);
        differs = differs || x.data != z.data;
    }
    EXPECT_TRUE(differs);
}

TEST(Building, WritesValidObjectsUnderValidRecTypes) {
    Building building({.buildings = 3, .seed = 7});
    for (int i = 0; i < 5000; ++i) {
        auto action = building.next();
        ASSERT_TRUE(is_valid_rec_type(action.rec_type));
        for (const auto& tag : action.tags) ASSERT_TRUE(is_valid_tag(tag));
        if (action.kind == BuildingAction::Kind::remove) continue;
        ASSERT_FALSE(json::validate(action.data, {})) << action.data;
        ASSERT_TRUE(json::is_object(action.data));
    }
}

TEST(Building, ChangesAndRemovesOnlyDevicesThatAreThere) {
    Building building({.seed = 5});
    std::set<std::size_t> alive;
    std::map<BuildingAction::Kind, int> seen;
    std::set<std::string> rec_types;
    for (int i = 0; i < 30'000; ++i) {
        auto action = building.next();
        rec_types.insert(action.rec_type);
        if (action.path == BuildingAction::Path::device) {
            ++seen[action.kind];
            if (action.kind == BuildingAction::Kind::create) {
                ASSERT_TRUE(alive.insert(action.device).second);
            } else {
                ASSERT_TRUE(alive.contains(action.device));
            }
            if (action.kind == BuildingAction::Kind::remove) alive.erase(action.device);
        } else {
            ASSERT_TRUE(alive.contains(action.device));
        }
    }
    EXPECT_EQ(seen.size(), 3u);
    EXPECT_EQ(rec_types.size(), 8u);
}

}  // namespace
}  // namespace sluice::app
