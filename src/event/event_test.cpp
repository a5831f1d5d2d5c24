#include "event/event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(EventTypes, HaveTheEnvelopesNames) {
    EXPECT_EQ(to_string(EventType::create), "create");
    EXPECT_EQ(to_string(EventType::update), "update");
    EXPECT_EQ(to_string(EventType::remove), "delete");
    EXPECT_EQ(parse_event_type("create"), EventType::create);
    EXPECT_EQ(parse_event_type("update"), EventType::update);
    EXPECT_EQ(parse_event_type("delete"), EventType::remove);
    EXPECT_EQ(parse_event_type("remove"), std::nullopt);
    EXPECT_EQ(parse_event_type("Create"), std::nullopt);
    EXPECT_EQ(parse_event_type(""), std::nullopt);
}

TEST(ObjectTypes, HaveTheEnvelopesNames) {
    EXPECT_EQ(to_string(ObjectType::objs), "objs");
    EXPECT_EQ(to_string(ObjectType::devices), "devices");
    EXPECT_EQ(to_string(ObjectType::health), "health");
    EXPECT_EQ(parse_object_type("objs"), ObjectType::objs);
    EXPECT_EQ(parse_object_type("devices"), ObjectType::devices);
    EXPECT_EQ(parse_object_type("health"), ObjectType::health);
    EXPECT_EQ(parse_object_type("device"), std::nullopt);
}

TEST(Tags, KeepTheirOrder) {
    std::string encoded = encode_tags(std::vector<std::string>{"Dublin", "", "é"});
    EXPECT_EQ(encoded,
              "\x06"
              "Dublin"
              "\x00\x02é"s);
    EXPECT_THAT(tags_of(encoded), ElementsAre("Dublin", "", "é"));
    EXPECT_THAT(tags_of(""), IsEmpty());
    EXPECT_EQ(encode_tags({}), "");
}

TEST(Tags, EndWhereTheBytesAreNoTag) {
    EXPECT_THAT(tags_of("\x01"
                        "a\x05"
                        "b"),
                ElementsAre("a"));
    EXPECT_FALSE(
        are_tags("\x01"
                 "a\x05"
                 "b"));
    EXPECT_FALSE(are_tags("\x01"));
    EXPECT_TRUE(are_tags(""));
    EXPECT_TRUE(
        are_tags("\x01"
                 "a"));
}

TEST(Tags, MatchWhenAllThatAreWantedAreThere) {
    std::string encoded = encode_tags(std::vector<std::string>{"Dublin", "L4"});
    auto has = [&](std::vector<std::string> wanted) { return has_all_tags(encoded, wanted); };
    EXPECT_TRUE(has({}));
    EXPECT_TRUE(has({"L4"}));
    EXPECT_TRUE(has({"L4", "Dublin"}));
    EXPECT_FALSE(has({"L4", "Cork"}));
    EXPECT_FALSE(has({"dublin"}));
    EXPECT_FALSE(has({"Dub"}));
    EXPECT_FALSE(has_all_tags("", std::vector<std::string>{"a"}));
}

}  // namespace
}  // namespace sluice
