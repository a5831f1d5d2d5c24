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
    HubNames names("here", 2);
    EXPECT_EQ(names.admit("io.acme.room", false), nullptr);
    EXPECT_EQ(names.admit("io.Acme.door", false), nullptr);
    EXPECT_EQ(names.admit("io.acme.room", false), nullptr);
    EXPECT_EQ(names.admit("io.Acme.door", false), nullptr);
}

TEST(HubNames, RefusesOnlyTheTargetThatIsOneTooMany) {
    HubNames names("here", 1);
    EXPECT_EQ(names.admit("one", false), nullptr);
    auto refused = names.admit("two", false);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_EQ(refused->code, "max_targets");
    EXPECT_EQ(refused->target, "two");
    EXPECT_EQ(names.admit("one", false), nullptr);
}

TEST(HubNames, TellsNamesApartThatDifferInCaseOnly) {
    HubNames names("here", 10);
    EXPECT_EQ(names.admit("io.acme.Room", false), nullptr);
    for (const auto* other : {"io.acme.room", "IO.ACME.ROOM"}) {
        auto refused = names.admit(other, false);
        ASSERT_NE(refused, nullptr) << other;
        EXPECT_EQ(refused->code, "hub_name_clash");
        EXPECT_EQ(refused->target, other);
        EXPECT_NE(refused->message.find("io.acme.Room"), std::string::npos);
    }
    EXPECT_EQ(names.admit("io.acme.Room", false), nullptr);
}

TEST(HubNames, KnowsThoseThatWereWrittenToBefore) {
    HubNames names("here", 10);
    names.names().recall({"Doors"});
    auto refused = names.admit("doors", false);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->code, "hub_name_clash");
    EXPECT_NE(refused->message.find("Doors"), std::string::npos);
}

TEST(HubNames, RefusesWhatIsNoName) {
    HubNames names("here", 10);
    auto refused = names.admit("room 7", false);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->error_class, ErrorClass::missing_target);
    EXPECT_EQ(refused->code, "hub_name");
    EXPECT_EQ(refused->target, "room 7");
    EXPECT_NE(refused->hint, "");
}

}  // namespace
}  // namespace sluice::event_hubs
