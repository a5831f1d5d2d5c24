#include "json/find.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "json/cpu.hpp"
#include "json/skip.hpp"
#include "json/validate.hpp"

namespace sluice::json {
namespace {

using Path = std::vector<std::string>;
using namespace std::string_literals;

std::string found(std::string_view object, const Path& path) {
    EXPECT_FALSE(validate(object, {})) << object;
    return std::string(find_path(object, path).value_or("absent"));
}

TEST(Find, GivesTheRawValueAtAPath) {
    std::string object = R"({"a":1,"b":{"c":[1,{"c":2}],"d":{"e":"x\"}"}},"n":null,"t":true,"":{"":0}})";
    EXPECT_EQ(found(object, {"a"}), "1");
    EXPECT_EQ(found(object, {"b", "c"}), "[1,{\"c\":2}]");
    EXPECT_EQ(found(object, {"b", "d", "e"}), R"("x\"}")");
    EXPECT_EQ(found(object, {"n"}), "null");
    EXPECT_EQ(found(object, {"t"}), "true");
    EXPECT_EQ(found(object, {"", ""}), "0");
    EXPECT_EQ(found(object, {}), object);
}

TEST(Find, IsAbsentWhereAMemberIsMissingOrSomethingOnTheWayIsNoObject) {
    std::string object = R"({"a":1,"b":[{"c":2}],"s":"{\"c\":1}"})";
    EXPECT_EQ(found(object, {"x"}), "absent");
    EXPECT_EQ(found(object, {"a", "b"}), "absent");
    EXPECT_EQ(found(object, {"b", "c"}), "absent");
    EXPECT_EQ(found(object, {"s", "c"}), "absent");
    EXPECT_EQ(found("{}", {"a"}), "absent");
    EXPECT_EQ(found("[]", {"a"}), "absent");
    EXPECT_EQ(found("1", {"a"}), "absent");
}

TEST(Find, OfDuplicateNamesTheLastCounts) {
    EXPECT_EQ(found(R"({"a":1,"b":2,"a":3})", {"a"}), "3");
    EXPECT_EQ(found(R"({"a":{"b":1},"a":{"c":2}})", {"a", "b"}), "absent");
    EXPECT_EQ(found(R"({"a":{"b":1},"a":5})", {"a", "b"}), "absent");
    EXPECT_EQ(found(R"({"a":1,"\u0061":2})", {"a"}), "2");
}

TEST(Find, ComparesNamesByWhatTheyStandFor) {
    std::string object = R"({"\u0061\n":1,"\u00e9":2,"\ud834\udd1e":3,"\\u0061":4,"q\"":5,"\u0000":6,"/":7})";
    EXPECT_EQ(found(object, {"a\n"}), "1");
    EXPECT_EQ(found(object, {"é"}), "2");
    EXPECT_EQ(found(object, {"\xF0\x9D\x84\x9E"}), "3");
    EXPECT_EQ(found(object, {"\\u0061"}), "4");
    EXPECT_EQ(found(object, {"q\""}), "5");
    EXPECT_EQ(found(object, {"\0"s}), "6");
    EXPECT_EQ(found(object, {"/"}), "7");
    EXPECT_EQ(found(R"({"\/":1})", {"/"}), "1");
    EXPECT_EQ(found(object, {"a"}), "absent");
}

TEST(Find, SkipsStringsAndContainersOfEveryLength) {
    for (std::size_t length = 0; length < 200; ++length) {
        for (const std::string& end : {""s, "\\\\"s, "\\\""s, "}"s, "{[\\\"]}"s}) {
            std::string text = "\"" + std::string(length, 'x') + end + "\"";
            std::string object = "{\"a\":" + text + ",\"b\":[" + text + ",{\"k" + std::string(length, '}') +
                                 "\":" + text + "}],\"c\":" + std::to_string(length) + "}";
            ASSERT_EQ(found(object, {"a"}), text);
            ASSERT_EQ(found(object, {"c"}), std::to_string(length));
        }
    }
}

TEST(Find, SkipsLongStringsAndDeepContainers) {
    for (std::size_t length = 0; length < 300; ++length) {
        std::string escapes;
        for (std::size_t i = 0; i < length; ++i) escapes += "\\\\";
        std::string object = "{\"a\":[\"" + escapes + "\",{\"b\":\"" + std::string(length, ']') + "\\\"\"}],\"c\":7}";
        ASSERT_EQ(find_member(object, "c").value_or("absent"), "7") << length;
        std::string nested = "{\"a\":" + std::string(length, '[') + std::string(length, ']') + ",\"c\":8}";
        if (length == 0) continue;
        ASSERT_EQ(find_member(nested, "c").value_or("absent"), "8") << length;
    }
}

TEST(Skip, BothWaysThroughAContainerAgree) {
    if (!internal::has_avx2()) GTEST_SKIP() << "this processor has no AVX2: there is one way only";
    std::string text = R"([{"a":"\\\"]","b":[[],{}]},"}\\",{"c":["[",{"d":"x\\\\"}]}])";
    for (std::size_t lead = 0; lead < 200; ++lead) {
        for (const std::string& before :
             {"\"" + std::string(lead, 'x') + "\",", std::string(lead, '[') + std::string(lead, ']') + ","}) {
            std::string container = "[" + (before.size() > 1 ? before : "") + text + "]";
            for (std::string after : {"", ",1]", "}]]}", ",\"]\"]"}) {
                after = container + after;
                const char* end = after.data() + after.size();
                ASSERT_EQ(internal::skip_container_scalar(after.data(), end) - after.data(), container.size());
                ASSERT_EQ(internal::skip_container_avx2(after.data(), end) - after.data(), container.size());
            }
        }
    }
}

TEST(Find, VisitsMembersInOrderUntilToldToStop) {
    std::vector<std::string> seen;
    for_each_member(R"({"b":1,"a":[2,3],"b":{"x":","}})", [&](std::string_view name, std::string_view value) {
        seen.push_back(std::string(name) + "=" + std::string(value));
        return true;
    });
    EXPECT_THAT(seen, testing::ElementsAre("\"b\"=1", "\"a\"=[2,3]", R"("b"={"x":","})"));
    seen.clear();
    for_each_member(R"({"b":1,"a":2})", [&](std::string_view name, std::string_view) {
        seen.emplace_back(name);
        return false;
    });
    EXPECT_THAT(seen, testing::ElementsAre("\"b\""));
}

TEST(Find, VisitsElementsInOrderUntilToldToStop) {
    std::vector<std::string> seen;
    auto collect = [&](std::string_view value) {
        seen.emplace_back(value);
        return seen.size() < 5;
    };
    for_each_element(R"([1,"a,]",[2,[]],{"x":[]},null,6])", collect);
    EXPECT_THAT(seen, testing::ElementsAre("1", "\"a,]\"", "[2,[]]", "{\"x\":[]}", "null"));
    seen.clear();
    for_each_element("[]", collect);
    for_each_element("{\"a\":1}", collect);
    EXPECT_TRUE(seen.empty());
}

TEST(Find, EndsOnTextThatWasNeverValidated) {
    std::size_t seen = 0;
    for (std::string_view text :
         {"[\"a\"}", "[}", "[1:2]", "{\"a\"", "{\"a", "{\"a\":", "{\"a\":[", "[\"\\", "{\"\\"}) {
        for_each_element(text, [&](std::string_view) { return ++seen < 100; });
        for_each_member(text, [&](std::string_view, std::string_view) { return ++seen < 100; });
    }
    EXPECT_LT(seen, 100u);
}

TEST(Unescape, DecodesEveryEscape) {
    EXPECT_EQ(unescape(R"("")"), "");
    EXPECT_EQ(unescape(R"("plain é")"), "plain é");
    EXPECT_EQ(unescape(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(unescape(R"("a\u0000b")"), "a\0b"s);
    EXPECT_EQ(unescape(R"("\u007f\u0080\u07FF\u0800\uffff")"), "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
    EXPECT_EQ(unescape(R"("\ud800\udc00\uDBFF\uDFFF")"), "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    EXPECT_EQ(unescape(R"("\\u0041")"), "\\u0041");
}

TEST(Quote, EscapesOnlyWhatMustBe) {
    EXPECT_EQ(json::quoted(""), "\"\"");
    EXPECT_EQ(json::quoted("a/é\x7F"), "\"a/é\x7F\"");
    EXPECT_EQ(json::quoted("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
    EXPECT_EQ(json::quoted("\0\x01\x1F"s), R"("\u0000\u0001\u001f")");
}

TEST(Quote, IsUndoneByUnescape) {
    std::string every;
    for (int c = 0; c < 0x80; ++c) every += static_cast<char>(c);
    every += "é€\xF0\x9D\x84\x9E";
    EXPECT_FALSE(validate(json::quoted(every), {}));
    EXPECT_EQ(unescape(json::quoted(every)), every);
}

TEST(ScalarText, IsAStringsValueOrTheTextOfANumberOrBoolean) {
    EXPECT_EQ(scalar_text(R"("a\u0062")"), "ab");
    EXPECT_EQ(scalar_text(R"("")"), "");
    EXPECT_EQ(scalar_text("1E400"), "1E400");
    EXPECT_EQ(scalar_text("-0"), "-0");
    EXPECT_EQ(scalar_text("true"), "true");
    EXPECT_EQ(scalar_text("false"), "false");
    EXPECT_EQ(scalar_text("null"), std::nullopt);
    EXPECT_EQ(scalar_text("{}"), std::nullopt);
    EXPECT_EQ(scalar_text("[1]"), std::nullopt);
    std::string out = "kept";
    EXPECT_FALSE(append_scalar_text(out, "null"));
    EXPECT_EQ(out, "kept");
}

TEST(RemovePaths, LeavesTheRestByteForByte) {
    std::string object = R"({"a":1.10,"b":{"c":1E400,"d":"\u0041","e":{}},"f":[{"b":1}],"a":2})";
    auto without = [&](const std::vector<Path>& paths) { return remove_paths(object, paths); };
    EXPECT_EQ(without({}), object);
    EXPECT_EQ(without({{"x"}, {"b", "x"}, {"f", "x"}, {"a", "b"}}), object);
    EXPECT_EQ(without({{"a"}}), R"({"b":{"c":1E400,"d":"\u0041","e":{}},"f":[{"b":1}]})");
    EXPECT_EQ(without({{"b", "c"}}), R"({"a":1.10,"b":{"d":"\u0041","e":{}},"f":[{"b":1}],"a":2})");
    EXPECT_EQ(without({{"b", "c"}, {"b", "d"}, {"b", "e"}}), R"({"a":1.10,"b":{},"f":[{"b":1}],"a":2})");
    EXPECT_EQ(without({{"b", "c"}, {"b"}}), R"({"a":1.10,"f":[{"b":1}],"a":2})");
    EXPECT_EQ(without({{"a"}, {"b"}, {"f"}}), "{}");
}

TEST(RemovePaths, RemovesEscapedAndDuplicateNamesToo) {
    std::vector<Path> paths = {{"a", "b"}};
    EXPECT_EQ(remove_paths(R"({"a":{"\u0062":1,"c":2},"\u0061":{"b":3},"a":{"b":4,"b":5}})", paths),
              R"({"a":{"c":2},"\u0061":{},"a":{}})");
}

TEST(RemovePaths, GoesThroughArraysToEachOfTheirElements) {
    std::vector<Path> paths = {{"users", "email"}, {"u", "email"}};
    EXPECT_EQ(remove_paths(R"({"users":[{"email":"a@b.c"},{"email":"d@e.f","n":1}],"u":{"email":"x@y.z"}})", paths),
              R"({"users":[{},{"n":1}],"u":{}})");
    EXPECT_EQ(
        remove_paths(R"({"users":[[{"n":1,"email":2}],[[]],[[[{"email":3,"email":4}],5]],{"\u0065mail":6}]})", paths),
        R"({"users":[[{"n":1}],[[]],[[[{}],5]],{}]})");
    EXPECT_EQ(remove_paths(R"({"users":[[{"a":[{"email":1,"b":2}]}]]})", std::vector<Path>{{"users", "a", "email"}}),
              R"({"users":[[{"a":[{"b":2}]}]]})");
    std::string untouched = R"({"users":["email",{"n":{"email":1}},[],7,null,"{\"email\":1}"],"u":[]})";
    EXPECT_EQ(remove_paths(untouched, paths), untouched);
    EXPECT_EQ(remove_paths(R"([{"email":1},[{"n":2,"email":3}]])", std::vector<Path>{{"email"}}), R"([{},[{"n":2}]])");
}

TEST(RemovePaths, LeavesValidTextWhereverTheRemovedMembersStand) {
    // Every choice of members to remove, of objects up to five members: commas stay between what is left.
    for (unsigned count = 0; count <= 5; ++count) {
        for (unsigned removed = 0; removed < 1u << count; ++removed) {
            std::string object;
            std::string left;
            for (unsigned i = 0; i < count; ++i) {
                std::string name = (removed >> i & 1) != 0 ? "x" : "k";
                std::string member = "\"" + name + "\":[" + std::to_string(i) + "]";
                object += (object.empty() ? "" : ",") + member;
                if (name == "k") left += (left.empty() ? "" : ",") + member;
            }
            std::string array = "[0,{" + object + "},[{" + object + "}]]";
            EXPECT_EQ(remove_paths("{\"a\":" + array + "}", std::vector<Path>{{"a", "x"}}),
                      "{\"a\":[0,{" + left + "},[{" + left + "}]]}");
        }
    }
}

TEST(RemovePaths, GoesAsDeepAsTextMayBeNested) {
    constexpr std::size_t kDeepest = 1024;  // limits.depth at most
    std::string open(kDeepest - 2, '[');
    std::string close(kDeepest - 2, ']');
    std::string object = "{\"a\":" + open + "{\"b\":1}" + close + "}";
    ASSERT_FALSE(validate(object, {kDeepest}));
    EXPECT_EQ(remove_paths(object, std::vector<Path>{{"a", "b"}}), "{\"a\":" + open + "{}" + close + "}");
}

TEST(RemovePaths, AppendsToWhatIsThere) {
    std::string out = "x";
    remove_paths_to(out, R"({"a":1,"b":2})", std::vector<Path>{{"a"}});
    EXPECT_EQ(out, R"(x{"b":2})");
}

TEST(Utf8, IsChecked) {
    EXPECT_TRUE(is_valid_utf8("é€"));
    EXPECT_TRUE(is_valid_utf8(""));
    EXPECT_FALSE(is_valid_utf8("\xC3"));
    EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80"));
}

}  // namespace
}  // namespace sluice::json
