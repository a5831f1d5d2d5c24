#include "destinations/event_hubs/hub_names.hpp"

#include <gtest/gtest.h>

namespace sluice::event_hubs {
namespace {

TEST(HubName, TakesWhatARecTypeIs) {
    EXPECT_TRUE(check_hub_name("io.microshare.contact.unpacked.event"));
    EXPECT_TRUE(check_hub_name("a"));
    EXPECT_TRUE(check_hub_name("Building_7-events.2"));
    EXPECT_TRUE(check_hub_name(std::string(256, 'x')));
}

TEST(HubName, SaysWhatIsWrong) {
    EXPECT_EQ(check_hub_name("").error().message, "is empty");
    EXPECT_EQ(check_hub_name(std::string(257, 'x')).error().message, "is longer than 256 characters");
    EXPECT_EQ(check_hub_name("room 7").error().message, "has a character that no event hub's name has");
    EXPECT_EQ(check_hub_name("caf\xc3\xa9").error().message, "has a character that no event hub's name has");
    EXPECT_EQ(check_hub_name("-a").error().message, "does not begin and end with a letter or digit");
    EXPECT_EQ(check_hub_name("a.").error().message, "does not begin and end with a letter or digit");
}

TEST(HubNames, AdmitsAgainWhatItAdmitted) {
    HubNames names(2);
    EXPECT_EQ(names.admit("io.acme.room"), nullptr);
    EXPECT_EQ(names.admit("io.Acme.door"), nullptr);
    EXPECT_EQ(names.admit("io.acme.room"), nullptr);
    EXPECT_EQ(names.admit("io.Acme.door"), nullptr);
    EXPECT_EQ(names.size(), 2u);
}

TEST(HubNames, RefusesOnlyTheTargetThatIsOneTooMany) {
    HubNames names(1);
    EXPECT_EQ(names.admit("one"), nullptr);
    auto refused = names.admit("two");
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_EQ(refused->code, "max_targets");
    EXPECT_EQ(refused->target, "two");
    EXPECT_EQ(names.admit("one"), nullptr);
}

TEST(HubNames, TellsNamesApartThatDifferInCaseOnly) {
    HubNames names(10);
    EXPECT_EQ(names.admit("io.acme.Room"), nullptr);
    for (const auto* other : {"io.acme.room", "IO.ACME.ROOM"}) {
        auto refused = names.admit(other);
        ASSERT_NE(refused, nullptr) << other;
        EXPECT_EQ(refused->code, "hub_name_clash");
        EXPECT_EQ(refused->target, other);
        EXPECT_NE(refused->message.find("io.acme.Room"), std::string::npos);
    }
    EXPECT_EQ(names.admit("io.acme.Room"), nullptr);
}

TEST(HubNames, RefusesWhatIsNoName) {
    HubNames names(10);
    auto refused = names.admit("room 7");
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_EQ(refused->code, "hub_name");
    EXPECT_EQ(refused->target, "room 7");
    EXPECT_NE(refused->hint, "");
}

}  // namespace
}  // namespace sluice::event_hubs
