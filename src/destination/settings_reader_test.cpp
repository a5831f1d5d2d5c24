#include "destination/settings_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

enum class Colour { red, green };

class SettingsReaderTest : public testing::Test {
  protected:
    SettingsReader read(std::string_view json) {
        settings_ = boost::json::parse(json).as_object();
        return SettingsReader(settings_, "destination");
    }

    static Error error_of(SettingsReader& reader) {
        auto finished = reader.finish();
        EXPECT_FALSE(finished);
        return finished ? Error{} : finished.error();
    }

    boost::json::object settings_;
};

TEST_F(SettingsReaderTest, ReadsEveryTypeOfMember) {
    auto reader = read(R"({"name":"n","key":"k","flag":true,"count":3,"size":"4MiB","plain_size":17,"wait":"50ms",
                           "none":0,"colour":"green","map":{"b":"1","a":"2"},"inner":{"deep":"d"}})");
    EXPECT_EQ(reader.required_text("name"), "n");
    EXPECT_EQ(reader.secret("key"), Secret("k"));
    EXPECT_TRUE(reader.boolean("flag", false));
    EXPECT_EQ(reader.integer("count", 1), 3u);
    EXPECT_EQ(reader.bytes("size", 1), 4u << 20);
    EXPECT_EQ(reader.bytes("plain_size", 1), 17u);
    EXPECT_EQ(reader.duration("wait", 1s), 50ms);
    EXPECT_EQ(reader.duration("none", 1s), 0ms);
    EXPECT_EQ(reader.choice("colour", Colour::red, {{"red", Colour::red}, {"green", Colour::green}}), Colour::green);
    EXPECT_THAT(reader.text_map("map"), testing::ElementsAre(testing::Pair("b", "1"), testing::Pair("a", "2")));
    std::optional<std::string> deep;
    reader.object("inner", [&](SettingsReader& inner) { deep = inner.text("deep"); });
    EXPECT_EQ(deep, "d");
    EXPECT_TRUE(reader.finish());
}

TEST_F(SettingsReaderTest, ADurationOfZeroIsWithinItsRangeOrRefused) {
    for (auto zero : {R"({"age":0})", R"({"age":"0s"})"}) {
        auto reader = read(zero);
        reader.duration("age", 7s, 1s, 10s);
        auto done = reader.finish();
        ASSERT_FALSE(done) << zero;
        EXPECT_NE(done.error().message.find("age must be from 1s to 10s, not 0"), std::string::npos)
            << done.error().message;
    }
}

TEST_F(SettingsReaderTest, AbsentAndNullMembersGiveTheDefault) {
    auto reader = read(R"({"name":null})");
    EXPECT_FALSE(reader.has("name"));
    EXPECT_EQ(reader.text("name"), std::nullopt);
    EXPECT_EQ(reader.integer("count", 7), 7u);
    EXPECT_EQ(reader.duration("wait", 3s), 3s);
    EXPECT_EQ(reader.choice("colour", Colour::green, {{"red", Colour::red}}), Colour::green);
    EXPECT_TRUE(reader.finish());
}

TEST_F(SettingsReaderTest, UnknownMemberIsAnErrorThatSuggestsTheNearestOne) {
    auto reader = read(R"({"type":"kinesis","regoin":"eu-west-1"})");
    reader.allow({"type"});
    reader.required_text("region");
    auto error = error_of(reader);
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_EQ(error.message, "destination.regoin is not a known setting");
    EXPECT_THAT(error.hint, HasSubstr("`region`"));
}

TEST_F(SettingsReaderTest, UnknownMemberOfAnInnerObjectIsNamedByItsWholePath) {
    auto reader = read(R"({"tls":{"ca_fiel":"x"}})");
    reader.object("tls", [](SettingsReader& tls) { tls.text("ca_file"); });
    EXPECT_EQ(error_of(reader).message, "destination.tls.ca_fiel is not a known setting");
}

TEST_F(SettingsReaderTest, FirstErrorIsTheOneToldAndReadingGoesOn) {
    auto reader = read(R"({"a":1,"b":true})");
    EXPECT_EQ(reader.text("a"), std::nullopt);
    EXPECT_EQ(reader.integer("b", 5), 5u);
    EXPECT_EQ(error_of(reader).message, "destination.a must be text, not a number");
}

TEST_F(SettingsReaderTest, MissingAndEmptyRequiredTextAreTold) {
    auto missing = read("{}");
    missing.required_text("region");
    EXPECT_EQ(error_of(missing).message, "destination.region is missing");
    auto empty = read(R"({"region":""})");
    empty.required_text("region");
    EXPECT_EQ(error_of(empty).message, "destination.region is empty");
}

TEST_F(SettingsReaderTest, WhatWasPastedWithTextIsForgiven) {
    auto reader = read(
        "{\"a\":\" x \\r\\n\",\"b\":\"\\uFEFF'x'\",\"c\":\"\\\"x\\\"\",\"colour\":\" "
        "green\",\"map\":{\"m\":\"\\\"x\\\"\"}}");
    for (auto name : {"a", "b", "c"}) EXPECT_EQ(reader.text(name), "x") << name;
    EXPECT_EQ(reader.choice("colour", Colour::red, {{"red", Colour::red}, {"green", Colour::green}}), Colour::green);
    EXPECT_THAT(reader.text_map("map"), testing::ElementsAre(testing::Pair("m", "\"x\""))) << "a header's quotes stay";
    EXPECT_TRUE(reader.finish());
    auto blank = read(R"({"region":" \n"})");
    blank.text("region");
    EXPECT_EQ(error_of(blank).message, "destination.region is empty");
}

TEST_F(SettingsReaderTest, NumbersOutOfRangeNameTheRange) {
    auto reader = read(R"({"count":501})");
    EXPECT_EQ(reader.integer("count", 1, 1, 500), 1u);
    EXPECT_EQ(error_of(reader).message, "destination.count must be from 1 to 500, not 501");
    auto negative = read(R"({"count":-1})");
    negative.integer("count", 1);
    EXPECT_THAT(error_of(negative).message, HasSubstr("not negative"));
}

TEST_F(SettingsReaderTest, DurationWithoutAUnitAsksForOne) {
    auto reader = read(R"({"wait":50})");
    reader.duration("wait", 1s);
    EXPECT_THAT(error_of(reader).message, HasSubstr("needs a unit"));
}

TEST_F(SettingsReaderTest, MisspeltChoiceSuggestsTheNearestOne) {
    auto reader = read(R"({"colour":"gren"})");
    reader.choice("colour", Colour::red, {{"red", Colour::red}, {"green", Colour::green}});
    auto error = error_of(reader);
    EXPECT_EQ(error.message, "destination.colour must be one of red, green");
    EXPECT_THAT(error.hint, HasSubstr("`green`"));
}

TEST_F(SettingsReaderTest, ATemplateThatYamlTookForAnObjectIsToldToBeQuoted) {
    auto reader = read(R"({"key":{"id":null}})");
    reader.text_template("key");
    Error error = error_of(reader);
    EXPECT_EQ(error.message, "destination.key must be text, not an object");
    EXPECT_THAT(error.hint, HasSubstr("quotes"));
}

TEST_F(SettingsReaderTest, BadTemplateIsToldWithItsPath) {
    auto reader = read(R"({"stream":"{recType"})");
    reader.text_template("stream");
    EXPECT_THAT(error_of(reader).message, HasSubstr("destination.stream is not a template"));
}

TEST_F(SettingsReaderTest, ErrorsNeverContainTextThatWasGiven) {
    for (auto json : {R"({"secret":{"hunter2":1}})", R"({"secret":["hunter2"]})", R"({"colour":"hunter2"})"}) {
        auto reader = read(json);
        reader.secret("secret");
        reader.choice("colour", Colour::red, {{"red", Colour::red}});
        auto error = error_of(reader);
        EXPECT_THAT(error.message + error.hint, Not(HasSubstr("hunter2"))) << json;
    }
}

}  // namespace
}  // namespace sluice
