#include "api/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

boost::json::object json(std::string_view text) {
    return boost::json::parse(text).as_object();
}
std::string selection_error(std::string_view text) {
    auto made = dead_letter_selection(json(text));
    return made ? "no error" : made.error().message;
}
std::string replay_error(std::string_view text) {
    auto made = replay_request(json(text));
    return made ? "no error" : made.error().message;
}

TEST(DeadLetterSelection, ReadsEveryMember) {
    auto filter = dead_letter_selection(json(R"({"recType":"io.acme.**","class":"too_large","code":"E1","target":"t",
        "key":"k","from":"2026-11-23T14:05:00Z","to":"2026-11-24T00:00:00+01:00"})"));
    ASSERT_TRUE(filter);
    EXPECT_THAT(filter->rec_types, ElementsAre("io.acme.**"));
    EXPECT_EQ(filter->error_class, ErrorClass::too_large);
    EXPECT_EQ(filter->code, "E1");
    EXPECT_EQ(filter->target, "t");
    EXPECT_EQ(filter->key, "k");
    EXPECT_EQ(format_rfc3339(*filter->from), "2026-11-23T14:05:00.000Z");
    EXPECT_EQ(format_rfc3339(*filter->to), "2026-11-23T23:00:00.000Z");
}

TEST(DeadLetterSelection, SequencesAreTakenAsTextOrNumberAndSorted) {
    auto filter = dead_letter_selection(json(R"({"sequences":["17",3,"9","3"]})"));
    ASSERT_TRUE(filter);
    EXPECT_THAT(filter->positions, ElementsAre(LogPosition{0, 3}, LogPosition{0, 9}, LogPosition{0, 17}));
}

TEST(DeadLetterSelection, NothingIsChosenBySayingNothing) {
    EXPECT_THAT(selection_error("{}"), HasSubstr("nothing is chosen"));
    EXPECT_THAT(selection_error(R"({"all":false})"), HasSubstr("nothing is chosen"));
    EXPECT_TRUE(dead_letter_selection(json(R"({"all":true})"))->is_everything());
    EXPECT_THAT(selection_error(R"({"all":true,"code":"x"})"), HasSubstr("stands beside a choice"));
}

TEST(DeadLetterSelection, WhatIsWrongIsNamed) {
    EXPECT_THAT(selection_error(R"({"sequences":[]})"), HasSubstr("`sequences` is a list"));
    EXPECT_THAT(selection_error(R"({"sequences":["x"]})"), HasSubstr("not a sequence"));
    EXPECT_THAT(selection_error(R"({"sequences":["0"]})"), HasSubstr("not a sequence"));
    EXPECT_THAT(selection_error(R"({"class":"huge"})"), HasSubstr("class is transient"));
    EXPECT_THAT(selection_error(R"({"recType":"io..x"})"), HasSubstr("recType is a pattern"));
    EXPECT_THAT(selection_error(R"({"from":"yesterday"})"), HasSubstr("from is a time"));
    EXPECT_THAT(selection_error(R"({"from":"2026-11-24T00:00:00Z","to":"2026-11-23T00:00:00Z"})"),
                HasSubstr("`to` lies before `from`"));
    EXPECT_THAT(selection_error(R"({"rectype":"io.x"})"), HasSubstr("rectype is not known"));
    EXPECT_THAT(dead_letter_selection(json(R"({"rectype":"io.x"})")).error().hint, HasSubstr("recType"));
}

TEST(DeadLetterFilterQuery, PassesPagingOver) {
    auto filter = dead_letter_filter({{"limit", "5"}, {"after", "9"}, {"code", "E"}});
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->code, "E");
    EXPECT_TRUE(dead_letter_filter({})->is_everything());
    EXPECT_FALSE(dead_letter_filter({{"cod", "E"}}));
}

TEST(ReplayRequest, TakesSequencesAndTimes) {
    auto by_sequence = replay_request(json(R"({"from":"12","to":40})"));
    ASSERT_TRUE(by_sequence);
    EXPECT_EQ(by_sequence->from->sequence, 12u);
    EXPECT_EQ(by_sequence->to->sequence, 40u);
    auto by_time = replay_request(json(R"({"from":"2026-11-23T14:05:00Z"})"));
    ASSERT_TRUE(by_time);
    EXPECT_FALSE(by_time->from);
    EXPECT_EQ(format_rfc3339(*by_time->from_time), "2026-11-23T14:05:00.000Z");
    EXPECT_FALSE(by_time->to || by_time->to_time);
}

TEST(ReplayRequest, WhatIsWrongIsNamed) {
    EXPECT_THAT(replay_error("{}"), HasSubstr("`from` is missing"));
    EXPECT_THAT(replay_error(R"({"from":"soon"})"), HasSubstr("`from` is neither a sequence nor a time"));
    EXPECT_THAT(replay_error(R"({"from":0})"), HasSubstr("`from` is neither"));
    EXPECT_THAT(replay_error(R"({"from":"1","to":[]})"), HasSubstr("`to` is neither"));
    EXPECT_THAT(replay_error(R"({"from":"2026-11-23T14:05:00Z","to":"2026-11-23T14:00:00Z"})"),
                HasSubstr("`to` lies before `from`"));
    EXPECT_THAT(replay_error(R"({"form":"1"})"), HasSubstr("form is not known"));
}

}  // namespace
}  // namespace sluice::api
