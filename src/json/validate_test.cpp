#include "json/validate.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "json/avx2_validator.hpp"
#include "json/cpu.hpp"
#include "json/scalar_validator.hpp"

namespace sluice::json {
namespace {

using namespace std::string_literals;

/// The text without insignificant white space, or the error as `line:offset: message`. Both ways through must agree.
std::string minified(const std::string& text, const JsonLimits& limits = {}) {
    std::string out = "kept";
    std::optional<JsonError> error = minify_to(out, text, limits);
    std::string scalar_out = "kept";
    EXPECT_EQ(internal::check_scalar(text, limits, &scalar_out).has_value(), error.has_value()) << text;
    EXPECT_EQ(scalar_out, out) << text;
    EXPECT_EQ(validate(text, limits).has_value(), error.has_value()) << text;
    if (internal::has_avx2()) {
        std::string fast_out = "kept";
        EXPECT_EQ(internal::accept_avx2(text, limits, &fast_out), !error.has_value()) << text;
        EXPECT_EQ(fast_out, out) << text;
    }
    EXPECT_TRUE(out.starts_with("kept"));
    if (!error) return out.substr(4);
    EXPECT_EQ(out, "kept") << "a refused text left something behind: " << text;
    return std::to_string(error->line) + ":" + std::to_string(error->offset) + ": " + error->message;
}

bool is_accepted(const std::string& text) {
    std::string result = minified(text);
    return result.find(": ") == std::string::npos || !validate(text, {});
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Validate, AcceptsAndKeepsByteForByte) {
    const std::vector<std::string> kept = {
        "0",
        "-0",
        "-0.0",
        "1",
        "10",
        "-1",
        "123456789012345678901234567890",
        "1.10",
        "0.000",
        "1E400",
        "-1e-400",
        "1e+5",
        "1E0005",
        "0e0",
        "0E-0",
        "0.1e1",
        "18446744073709551616",
        "-9223372036854775809",
        "1.7976931348623159e309",
        "true",
        "false",
        "null",
        "\"\"",
        "\" \"",
        "\"a\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{\"\":{}}",
        "[0]",
        "[true]",
        "[null,false,true,0,\"\",[],{}]",
        "{\"a\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"b\":1,\"a\":2}",
        "{\"a\":{\"a\":{\"a\":null}}}",
        R"("\" \\ \/ \b \f \n \r \t")",
        R"("\u0000")",
        R"("\u0020\u00e9\uABCD\uabcd\uFFFF\uFFFE\uFDD0")",
        R"("\ud834\udd1e")",
        R"("\uD834\uDD1E\uD800\uDC00\uDBFF\uDFFF")",
        R"("\\u0061")",
        R"("\\\\")",
        R"("\\\"")",
        R"("\\ud800")",
        R"({"\u0061":1})",
        R"({"a\"b":1})",
        "\"/\"",
        "\"\x7F\"",
        "\"é\"",
        "\"\xF0\x9D\x84\x9E\"",
        "\"\xEF\xBF\xBF\"",
        "\"\xF4\x8F\xBF\xBF\"",
        "\"\xEF\xBB\xBF\"",
        "\"\xC2\x80\"",
        "\"\xE0\xA0\x80\"",
        "\"\xED\x9F\xBF\xEE\x80\x80\"",
        "\"\xE2\x80\xA8\xE2\x80\xA9\"",
        R"("// no comment /* */ , : [ ] { } 'x'")",
        R"("a tab escape \t and spaces   stay")",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]",
        R"({"data":{"temperature":[{"value":21.50,"unit":"°C"}]}})",
    };
    for (const std::string& text : kept) EXPECT_EQ(minified(text), text);
}

TEST(Validate, RemovesInsignificantWhiteSpaceOnly) {
    EXPECT_EQ(minified(" \t\r\n1\r\n"), "1");
    EXPECT_EQ(minified("{ \"a b\" : [ 1 , \"c  d\" , { } , [ ] ] }"), "{\"a b\":[1,\"c  d\",{},[]]}");
    EXPECT_EQ(minified("\n{\n    \"a\": -0,\n    \"b\": 1E400\n}\n"), "{\"a\":-0,\"b\":1E400}");
    EXPECT_EQ(minified("[" + std::string(1000, ' ') + "1" + std::string(1000, '\n') + "]"), "[1]");
    std::string spaces(300, ' ');
    EXPECT_EQ(minified("[\"" + spaces + "\" ]"), "[\"" + spaces + "\"]");
}

TEST(Validate, RefusesWhatTheGrammarDoesNotHave) {
    const std::vector<std::string> refused = {
        // values and words
        "",
        " ",
        "\n",
        "nul",
        "nulll",
        "True",
        "TRUE",
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "tru",
        "truefalse",
        "true false",
        "nul l",
        "a",
        "'a'",
        "\xEF\xBB\xBF{}",
        "/**/1",
        "1//",
        "#",
        "\\",
        "\\u0031",
        "@",
        "$",
        "\x1A",
        "\f1",
        "1\f",
        "\v1",
        "\0"s,
        "1\0"s,
        "\0"
        "1"s,
        "[\0]"s,
        "1\x1A",
        "[\x1A]",
        "{\"a\"\x1A"
        "1}",
        "[1\x0C"
        "2]",
        "[\x0C]",
        "[]\0"s,
        "[] \0"s,
        "{}\0{}"s,
        "[1,\0]"s,
        "{\"a\":\0}"s,
        "\xC2\xA0"
        "1",
        "\xE2\x80\xA8"
        "1",
        "1\xC2\xA0",
        "é",
        "[é]",
        // numbers
        "01",
        "-01",
        "00",
        "-",
        "+1",
        "--1",
        "-a",
        "1.",
        ".1",
        "-.1",
        "1.e1",
        "1e",
        "1e+",
        "1e-",
        "1E+a",
        "1e1.5",
        "0x10",
        "1_000",
        "1,0",
        "1.2.3",
        "1e1e1",
        "0e",
        "0.e1",
        "2.e+3",
        "1 000",
        "012",
        "-012",
        "1a",
        "1\"\"",
        "1[",
        "1{}",
        "9.9a",
        "0123456789",
        "1eE2",
        "1ee2",
        "- 1",
        "1. 0",
        "1 .0",
        "0.1.2",
        "1e+-1",
        "\xEF\xBC\x91",
        "[-]",
        "[1.]",
        "[-01]",
        "12345678901234567890x",
        "1234567.",
        "1234567e",
        "12345678.",
        "123456789a",
        // arrays
        "[",
        "]",
        "[1",
        "[1,",
        "[,]",
        "[,1]",
        "[1,]",
        "[1,,2]",
        "[1 2]",
        "[1:2]",
        "[\"a\" \"b\"]",
        "[\"a\"\"b\"]",
        "[1]]",
        "[[1]",
        "[1}",
        "[",
        "[[",
        "[1]1",
        "[1][2]",
        "[true false]",
        "[nul]",
        "[\"a\",",
        "[a]",
        "[*]",
        "[\"\": 1]",
        "[]x",
        "[1]\"a\"",
        // objects
        "{",
        "}",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\",1}",
        "{\"a\" 1}",
        "{:1}",
        "{1:1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\"::1}",
        "{\"a\":1:2}",
        "{\"a\":1}}",
        "{{}}",
        "{[]:1}",
        "{null:1}",
        "{\"a\":1,\"b\"}",
        "{\"a\":1;\"b\":2}",
        "{\"a\":\"b\"",
        "{\"a\":",
        "{\"a",
        "{\"",
        "{}{}",
        "{},",
        "{}1",
        "{\"a\":1]",
        "{\"a\":1}#",
        "{\"a\":a}",
        "{\"a\" \"b\"}",
        "{\"a\":1, 2}",
        "{true:1}",
        // strings
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"a\"b",
        "\"a\"\"b\"",
        "a\"b\"",
        "\"\n\"",
        "\"\t\"",
        "\"\r\"",
        "\"\0\""s,
        "\"\x1F\"",
        "[\"a\nb\"]",
        "{\"a\tb\":1}",
        "\"\\a\"",
        "\"\\x41\"",
        "\"\\'\"",
        "\"\\0\"",
        "\"\\ \"",
        "\"\\\n\"",
        "\"\\U0041\"",
        "\"\\é\"",
        "\"\\\0\""s,
        "\"\\v\"",
        R"("\u")",
        R"("\u0")",
        R"("\u00")",
        R"("\u000")",
        R"("\u000g")",
        R"("\u00-1")",
        R"("\u 041")",
        R"("\u+041")",
        "\"\\u0041",
        "\"\\u004",
        R"("\u00 1")",
        // surrogates
        R"("\ud800")",
        R"("\udc00")",
        R"("\uDFFF")",
        R"("\ud800\ud800")",
        R"("\udc00\ud800")",
        R"("\ud800a")",
        R"("\ud800\n")",
        R"("\ud800\u0041")",
        R"("\ud800\\udc00")",
        R"("\ud800 \udc00")",
        R"("\ud834\udd1e\udd1e")",
        R"("\ud834\ud834\udd1e")",
        R"("\ud800\u")",
        R"("\ud800\udc0")",
        R"("\ud800\)",
        R"({"\ud800":1})",
        R"("\uD800\uDBFF")",
        // UTF-8
        "\"\x80\"",
        "\"\xBF\"",
        "\"\xC0\x80\"",
        "\"\xC1\xBF\"",
        "\"\xC2\"",
        "\"\xC2 \"",
        "\"\xE0\x80\x80\"",
        "\"\xE0\x9F\xBF\"",
        "\"\xE2\x82\"",
        "\"\xED\xA0\x80\"",
        "\"\xED\xBF\xBF\"",
        "\"\xF0\x80\x80\x80\"",
        "\"\xF0\x8F\xBF\xBF\"",
        "\"\xF4\x90\x80\x80\"",
        "\"\xF5\x80\x80\x80\"",
        "\"\xF8\x88\x80\x80\x80\"",
        "\"\xFE\"",
        "\"\xFF\"",
        "\"\xF0\x9D\x84\"",
        "\"\xE9\"",
        "\xFF\xFE\x31\0"s,
        "\xC3",
        "[\"a\"]\xC3\x28",
    };
    for (const std::string& text : refused) EXPECT_FALSE(is_accepted(text)) << text;
}

TEST(Validate, SaysWhatIsWrongAndWhere) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "1:0: the text is empty; a JSON value is expected"},
        {" \n ", "2:3: the text is empty; a JSON value is expected"},
        {"\xEF\xBB\xBF{}", "1:0: the text starts with a byte order mark; send it without one"},
        {"{\"a\":1,}", "1:7: expected a member name in double quotes"},
        {"{1:2}", "1:1: expected a member name in double quotes or '}'"},
        {"{\"a\" 1}", "1:5: expected ':' after a member name"},
        {"{\"a\":1\n\"b\":2}", "2:7: expected ',' or '}' after a member"},
        {"{\"a\":1", "1:6: expected ',' or '}' after a member, but the text ends"},
        {"[1 2]", "1:3: expected ',' or ']' after an element"},
        {"[1,\n\n]", "3:5: expected a value"},
        {"[", "1:1: expected a value, but the text ends"},
        {"{\"a\":True}", "1:5: expected a value; the only words that are values are true, false and null"},
        {"{\"a\":007}", "1:6: a number must not start with 0 before other digits"},
        {"[-]", "1:2: expected a digit after '-'"},
        {"[1.]", "1:3: expected a digit after the decimal point"},
        {"[1e]", "1:3: expected a digit in the exponent"},
        {"{} {}", "1:3: there is more text after the JSON value; one value is expected"},
        {"\"abc", "1:4: the text ends inside a string"},
        {"\"abc\\", "1:5: the text ends inside a string"},
        {"[\"a\nb\"]", "1:3: control character 0x0A in a string; write it as an escape"},
        {"[\"a\\x\"]", "1:3: unknown escape in a string; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u"},
        {"[\"\\u12\"]", "1:2: \\u must be followed by four hexadecimal digits"},
        {"[\n\"ab\\ud800\"]",
         "2:5: lone surrogate escape; a character beyond U+FFFF is written as a high and a low one"},
        {"[1,\n\"ab\xFF\"]", "2:7: these bytes are not UTF-8"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(minified(text), expected);
}

TEST(Validate, HoldsNestingToItsLimit) {
    EXPECT_EQ(minified(nested(64)), nested(64));
    EXPECT_EQ(minified(nested(65)), "1:64: nested deeper than 64 levels");
    EXPECT_EQ(minified("{\"a\":[1]}", {.max_depth = 2}), "{\"a\":[1]}");
    EXPECT_EQ(minified("{\"a\":[1]}", {.max_depth = 1}), "1:5: nested deeper than 1 levels");
    EXPECT_EQ(minified("1", {.max_depth = 0}), "1");
    EXPECT_EQ(minified(nested(100'000)), "1:64: nested deeper than 64 levels");
    EXPECT_TRUE(validate(nested(65), {})->too_deep);
    EXPECT_FALSE(validate("[[", {})->too_deep);
}

TEST(Validate, TellsBracketsApartAtAnyDepth) {
    const JsonLimits deep{.max_depth = 10'000};
    for (std::size_t depth : {63, 64, 65, 127, 128, 129, 5000}) {
        std::string open, close;
        for (std::size_t i = 0; i < depth; ++i) {
            bool is_object = i % 3 == 0;
            open += is_object ? "{\"a\":" : "[";
            close.insert(0, 1, is_object ? '}' : ']');
        }
        std::string text = open + "1" + close;
        EXPECT_EQ(minified(text, deep), text);
        text.back() = text.back() == '}' ? ']' : '}';
        EXPECT_NE(minified(text, deep).find("expected ','"), std::string::npos);
    }
}

TEST(Validate, AppendsToWhatIsThere) {
    std::string out = "[";
    EXPECT_FALSE(minify_to(out, " 1 ", {}));
    out += ',';
    EXPECT_TRUE(minify_to(out, " 1 1", {}));
    EXPECT_FALSE(minify_to(out, "{ \"a\" : 2 }", {}));
    EXPECT_EQ(out, "[1,{\"a\":2}");
}

TEST(Validate, IsObjectLooksAtTheFirstCharacter) {
    EXPECT_TRUE(is_object("{}"));
    EXPECT_TRUE(is_object(" \n{\"a\":1}"));
    EXPECT_FALSE(is_object("[{}]"));
    EXPECT_FALSE(is_object("\"{\""));
    EXPECT_FALSE(is_object("1"));
}

/// Texts whose interesting places come to lie on every place of a 64-byte block, and around the 4 KiB window.
TEST(ValidateBlocks, AgreeWhereverATokenFallsOnABlockBorder) {
    const std::vector<std::string> pieces = {
        R"("\ud834\udd1e")",
        R"("\ud834\udd1")",
        R"("\ud834x")",
        R"("\\\\\\\\\\\\\\\\\\\\")",
        R"("\\\\\\\\\\\\\\\\\\\")",
        R"("\"")",
        R"("\u0061")",
        R"("\u006")",
        "-12.5e+10",
        "-12.5e+",
        "123456789012345678901234567890",
        "true",
        "tru",
        "nullx",
        R"({"a":1})",
        R"({"a" : [ ] })",
        R"({"a"  1})",
        "1 2",
        "\"é€\xF0\x9D\x84\x9E\"",
        "\"\xE2\x82\"",
        "\"a\nb\"",
        "\"\"",
        "\"\"x",
        "\x0C",
        "\"unclosed",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
        "  ",
        "\"  \"",
    };
    for (const std::string& piece : pieces) {
        for (std::size_t lead = 0; lead < 140; ++lead) {
            minified("[" + std::string(lead, ' ') + piece + "]");
            minified("[\"" + std::string(lead, 'x') + "\"," + piece + "]");
            minified(std::string(lead, ' ') + piece);
        }
        for (std::size_t lead = 4096 - 40; lead < 4096 + 8; ++lead) {
            minified("[\"" + std::string(lead, 'x') + "\", " + piece + "]");
            minified("[" + std::string(lead, ' ') + piece + " ]");
            minified(std::string(lead, '[') + piece + std::string(lead, ']'), {.max_depth = 5000});
        }
    }
}

TEST(ValidateBlocks, AgreeOnEveryCutOfAText) {
    std::string text = "{ \"a\": [1.5e3, true, null, \"x\\u00e9\\ud834\\udd1e\\\\\"],\n \"" + std::string(70, 'k') +
                       "é€\": {\"b\": -0, \"c\": [[], {}, \"\\\"\"]} }  ";
    for (std::size_t size = 0; size <= text.size(); ++size) minified(text.substr(0, size));
    for (std::size_t from = 0; from <= text.size(); ++from) minified(text.substr(from));
}

TEST(ValidateBlocks, AgreeOnRandomChanges) {
    std::mt19937 random(20261123);  // the same texts every time
    auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
    const std::string seed =
        R"({"id":"64f0c2a9e13b9a00","data":{"v":[21.50,-0,1E400,true,false,null,"a\"b\\","\ud834\udd1e"],)"
        R"( "n" : { "x" : [ ] , "y" : { } }, "€" : "é" } , "z":"\u0041\/"})";
    const std::string alphabet = "\"\\{}[]:,0123456789-+.eEtrufalsn \n\t\r\x01\x0C\x1A\x7F\x80\xC3\xA9\xE2/udD8cC";
    std::size_t accepted = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text = seed;
        for (std::size_t change = below(4); change > 0; --change) {
            std::size_t at = below(text.size());
            switch (below(4)) {
                case 0:
                    text[at] = alphabet[below(alphabet.size())];
                    break;
                case 1:
                    text.erase(at, 1 + below(3));
                    break;
                case 2:
                    text.insert(at, 1, alphabet[below(alphabet.size())]);
                    break;
                default:
                    text.insert(at, text.substr(below(text.size()), below(20)));
                    break;
            }
        }
        text.insert(0, below(70), ' ');
        accepted += minified(text).find(": ") == std::string::npos;
    }
    EXPECT_GT(accepted, 10'000u) << "too few of the texts are valid for the agreement to mean much";
    EXPECT_LT(accepted, 50'000u) << "too few of the texts are invalid for the agreement to mean much";
}

TEST(ValidateBlocks, ReadNothingOutsideTheText) {
    // Allocated exactly, so that a sanitizer sees a byte read past the end; what follows would change the answer
    // besides.
    for (std::size_t size = 1; size < 200; ++size) {
        std::string text = "\"" + std::string(size, 'a') + "\"";
        std::vector<char> exact(text.begin(), text.end());
        std::string out;
        EXPECT_FALSE(minify_to(out, {exact.data(), exact.size()}, {}));
        EXPECT_TRUE(minify_to(out, {exact.data(), exact.size() - 1}, {}));
        EXPECT_EQ(out, text);
    }
}

}  // namespace
}  // namespace sluice::json
