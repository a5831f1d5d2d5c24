#include "destinations/pubsub/topic_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::pubsub {
namespace {

using testing::HasSubstr;

std::string wrong_with(std::string_view id) {
    auto checked = check_topic_id(id);
    return checked ? "" : checked.error().message;
}

TEST(PubSubTopicName, TakesWhatPubSubTakes) {
    for (auto id : {"abc", "io.microshare.contact.unpacked.event", "A-b_c.d~e+f%25", "Google", "gog"}) {
        EXPECT_EQ(wrong_with(id), "") << id;
    }
    EXPECT_EQ(wrong_with(std::string(255, 'a')), "");
}

TEST(PubSubTopicName, SaysWhyAnIdIsNone) {
    EXPECT_THAT(wrong_with(""), HasSubstr("0 characters"));
    EXPECT_THAT(wrong_with("ab"), HasSubstr("2 characters"));
    EXPECT_THAT(wrong_with(std::string(256, 'a')), HasSubstr("256 characters"));
    EXPECT_THAT(wrong_with("1abc"), HasSubstr("begin with a letter"));
    EXPECT_THAT(wrong_with("_abc"), HasSubstr("begin with a letter"));
    EXPECT_THAT(wrong_with("goog.events"), HasSubstr("goog"));
    EXPECT_THAT(wrong_with("a/b"), HasSubstr("characters other"));
    EXPECT_THAT(wrong_with("raum\xc3\xa4"), HasSubstr("characters other"));
}

TEST(PubSubTopicName, ReadsAnIdOrTheFullNameThatTheConsoleShows) {
    auto id = parse_topic_setting(" building-events \n");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->id, "building-events");
    EXPECT_EQ(id->project, "");
    for (auto text :
         {"projects/my-project-1/topics/building-events", "\"projects/my-project-1/topics/building-events\"",
          "//pubsub.googleapis.com/projects/my-project-1/topics/building-events"}) {
        auto full = parse_topic_setting(text);
        ASSERT_TRUE(full) << text;
        EXPECT_EQ(full->project, "my-project-1");
        EXPECT_EQ(full->id, "building-events");
    }
    auto pattern = parse_topic_setting("projects/p-1/topics/{recType}");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(pattern->id, "{recType}");
}

TEST(PubSubTopicName, RefusesWhatIsSomethingElseByItsName) {
    EXPECT_THAT(parse_topic_setting("projects/p/subscriptions/s").error().message, HasSubstr("subscription"));
    for (auto text : {"projects/p/topics/", "projects/p/topics/a/b", "topics/a", "projects/p/schemas/a",
                      "https://console.cloud.google.com/cloudpubsub/topic/detail/a"}) {
        auto refused = parse_topic_setting(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_NE(refused.error().hint, "") << text;
    }
    EXPECT_THAT(parse_topic_setting("projects/My Project/topics/abc").error().message, HasSubstr("project"));
    EXPECT_FALSE(parse_topic_setting(" \"\" "));
}

TEST(PubSubTopicName, TakesProjectsAsIdsNumbersAndWithADomain) {
    for (auto project : {"my-project-123", "123456789012", "example.com:old-project", "demo"}) {
        EXPECT_TRUE(check_project(project)) << project;
    }
    for (auto project : {"", "My Project", "a/b", "{org}"}) EXPECT_FALSE(check_project(project)) << project;
}

}  // namespace
}  // namespace sluice::pubsub
