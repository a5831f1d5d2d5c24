#include "event/text_template.hpp"

#include <gtest/gtest.h>

#include "event/sample_event.hpp"

namespace sluice {
namespace {

const Event& event() {
    static const Event sample = sample_event(
        R"({"data":{"device":{"id":"d\u002d1","n":1E400,"on":true,"off":false,"none":null,"list":[1],"sub":{}},"empty":"",)"
        R"("twice":"first","twice":"last","gone":"x","gone":null,"a b":"space","é":"accent"},"_id":"i"})");
    return sample;
}

std::string text_of(std::string_view source) {
    auto parsed = TextTemplate::parse(source);
    if (!parsed) return "not parsed: " + parsed.error().message;
    auto text = parsed->evaluate(event());
    return text ? *text : "missing: " + text.error().message;
}

std::string parse_error(std::string_view source) {
    auto parsed = TextTemplate::parse(source);
    if (parsed) return "parsed";
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    return parsed.error().message + (parsed.error().hint.empty() ? "" : " / " + parsed.error().hint);
}

TEST(TextTemplate, KnowsEveryAttribute) {
    EXPECT_EQ(text_of("{id}"), "64f0c2a9e13b9a0007f4d2c1");
    EXPECT_EQ(text_of("{recType}"), "io.acme.desk");
    EXPECT_EQ(text_of("{event_type}"), "update");
    EXPECT_EQ(text_of("{obj_type}"), "devices");
    EXPECT_EQ(text_of("{org}"), "com.acme");
    EXPECT_EQ(text_of("{sequence}"), "42");
    EXPECT_EQ(text_of("{source}"), "ShareService");
}

TEST(TextTemplate, PutsLiteralTextAround) {
    EXPECT_EQ(text_of(""), "");
    EXPECT_EQ(text_of("plain"), "plain");
    EXPECT_EQ(text_of("a/{org}-{sequence}.é"), "a/com.acme-42.é");
    EXPECT_EQ(text_of("{org}{sequence}"), "com.acme42");
}

TEST(TextTemplate, TakesScalarsFromObj) {
    EXPECT_EQ(text_of("{obj._id}"), "i");
    EXPECT_EQ(text_of("{obj.data.device.id}"), "d-1");
    EXPECT_EQ(text_of("{obj.data.device.n}"), "1E400");
    EXPECT_EQ(text_of("{obj.data.device.on}/{obj.data.device.off}"), "true/false");
    EXPECT_EQ(text_of("{obj.data.empty}"), "");
    EXPECT_EQ(text_of("{obj.data.a b}{obj.data.é}"), "spaceaccent");
}

TEST(TextTemplate, OfDuplicateNamesTheLastCounts) {
    EXPECT_EQ(text_of("{obj.data.twice}"), "last");
    EXPECT_EQ(text_of("{obj.data.gone|id}"), "64f0c2a9e13b9a0007f4d2c1");
}

TEST(TextTemplate, FallsBackWhereAValueIsMissing) {
    for (std::string_view missing : {"obj.x", "obj.data.device.none", "obj.data.device.list", "obj.data.device.sub",
                                     "obj.data.device", "obj.data.device.id.more", "obj.data.device.list.0"}) {
        std::string placeholder(missing);
        EXPECT_EQ(text_of("{" + placeholder + "|sequence}"), "42") << missing;
        EXPECT_EQ(text_of("{" + placeholder + "|obj.y|obj._id|sequence}"), "i") << missing;
        EXPECT_EQ(text_of("{" + placeholder + "}"), "missing: {" + placeholder + "} has no value in this event");
    }
    EXPECT_EQ(text_of("{obj.data.empty|id}"), "") << "an empty string is a value";
}

TEST(TextTemplate, NamesThePlaceholderThatIsMissing) {
    EXPECT_EQ(text_of("{id}/{obj.a.b|obj.c}/x"), "missing: {obj.a.b|obj.c} has no value in this event");
    auto result = TextTemplate::parse("{obj.a}").value().evaluate(event());
    EXPECT_EQ(result.error().code, Errc::not_found);
}

TEST(TextTemplate, LeavesTheOutputAsItWasOnAnError) {
    std::string out = "kept";
    EXPECT_FALSE(TextTemplate::parse("{id}{obj.a}").value().evaluate_to(event(), out));
    EXPECT_EQ(out, "kept");
    EXPECT_TRUE(TextTemplate::parse("-{sequence}").value().evaluate_to(event(), out));
    EXPECT_EQ(out, "kept-42");
}

TEST(TextTemplate, ParseErrorsNameTheOffset) {
    EXPECT_EQ(parse_error("ab}"), "template, at offset 2: '}' without a '{' before it");
    EXPECT_EQ(parse_error("ab{id"), "template, at offset 2: '{' is not closed by a '}'");
    EXPECT_EQ(parse_error("{id{org}}"), "template, at offset 0: '{' is not closed by a '}'");
    EXPECT_EQ(parse_error("a{}"), "template, at offset 2: a placeholder needs a name");
    EXPECT_EQ(parse_error("{id|}"), "template, at offset 4: a placeholder needs a name");
    EXPECT_EQ(parse_error("{|id}"), "template, at offset 1: a placeholder needs a name");
    EXPECT_EQ(parse_error("x{id|rectype}"),
              "template, at offset 5: \"rectype\" is not a placeholder / did you mean {recType}?");
    EXPECT_EQ(
        parse_error("{somethingelse}"),
        "template, at offset 1: \"somethingelse\" is not a placeholder / there are {id}, {recType}, {event_type}, "
        "{obj_type}, {org}, {sequence}, {source} and {obj.any.path}");
    for (std::string_view bad : {"{obj}", "{obj.}", "{obj..a}", "{obj.a.}", "{obj.a..b}"}) {
        EXPECT_EQ(
            parse_error(bad),
            "template, at offset 1: a path in obj is names joined by '.', none of them empty: {obj.data.device.id}")
            << bad;
    }
}

TEST(TextTemplate, KnowsWhetherItIsLiteralOrTheId) {
    EXPECT_TRUE(TextTemplate::parse("")->is_literal());
    EXPECT_TRUE(TextTemplate::parse("abc")->is_literal());
    EXPECT_FALSE(TextTemplate::parse("{id}")->is_literal());
    EXPECT_FALSE(TextTemplate::parse("a{id}")->is_literal());
    EXPECT_TRUE(TextTemplate::parse("{id}")->is_id());
    EXPECT_FALSE(TextTemplate::parse("{id}x")->is_id());
    EXPECT_FALSE(TextTemplate::parse("{obj.id|id}")->is_id());
    EXPECT_FALSE(TextTemplate::parse("id")->is_id());
    EXPECT_EQ(TextTemplate::parse("{id}/x")->source(), "{id}/x");
}

TEST(TextTemplate, ALiteralMayHaveBraces) {
    TextTemplate made = TextTemplate::literal("{id}");
    EXPECT_TRUE(made.is_literal());
    EXPECT_EQ(made.evaluate(event()).value(), "{id}");
}

}  // namespace
}  // namespace sluice
