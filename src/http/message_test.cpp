#include "http/message.hpp"

#include <gtest/gtest.h>

#include "http/json_text.hpp"
#include "http/read_buffer.hpp"
#include "http/response_head.hpp"

namespace sluice::http {
namespace {

using Segments = std::optional<std::vector<std::string>>;

Segments segments(std::string path) {
    Request request;
    request.path = std::move(path);
    return request.path_segments();
}

TEST(Request, SplitsThePathBeforeItDecodesIt) {
    EXPECT_EQ(segments("/"), Segments(std::in_place));
    EXPECT_EQ(segments(""), Segments(std::in_place));
    EXPECT_EQ(segments("/a%20b/c"), (std::vector<std::string>{"a b", "c"}));
    EXPECT_EQ(segments("/a//b/"), (std::vector<std::string>{"a", "", "b", ""}));
    EXPECT_EQ(segments("/a+b/%2e%2E"), (std::vector<std::string>{"a+b", ".."}));
    for (auto bad : {"/a%2Fb", "/%00", "/%", "/%2", "/%zz", "/a/%2f"}) EXPECT_EQ(segments(bad), std::nullopt) << bad;
}

TEST(Request, ReadsQueryParameters) {
    Request request;
    request.query = "a=1&b=x+y%26z&&c&a=2&%64=e&=v&bad=%zz";
    EXPECT_EQ(request.query_parameter("a"), "1") << "the first";
    EXPECT_EQ(request.query_parameter("b"), "x y&z");
    EXPECT_EQ(request.query_parameter("c"), "");
    EXPECT_EQ(request.query_parameter("d"), "e");
    EXPECT_EQ(request.query_parameter("bad"), "%zz");
    EXPECT_EQ(request.query_parameter("none"), std::nullopt);
    EXPECT_EQ(request.query_parameters().size(), 7u);
}

TEST(Headers, LookUpIgnoresCaseAndOrderIsKept) {
    Headers headers;
    headers.add("Content-Type", "a");
    headers.add("X", "1");
    headers.add("x", "2");
    EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
    EXPECT_EQ(headers.get("X"), "1");
    EXPECT_TRUE(headers.has("x"));
    EXPECT_FALSE(headers.has("Content"));
    headers.set("x", "3");
    EXPECT_EQ(headers.all(), (std::vector<Header>{{"Content-Type", "a"}, {"x", "3"}}));
}

TEST(Problem, IsRfc9457) {
    auto response =
        problem(422, "bad_thing", "Unprocessable \"Content\"", "line\n3\x01", {{"line", "3"}, {"extra", "{}"}});
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(response.body,
              R"({"type":"about:blank","title":"Unprocessable \"Content\"","status":422,"code":"bad_thing",)"
              R"("detail":"line\n3\u0001","line":3,"extra":{}})");
    EXPECT_EQ(problem(400, "c", "t", "").body, R"({"type":"about:blank","title":"t","status":400,"code":"c"})");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNot) {
    auto json = [](std::string_view text) {
        std::string out;
        append_json_string(out, text);
        return out;
    };
    EXPECT_EQ(json("h\xc3\xb6st \xe2\x82\xac \xf0\x9f\x98\x80 \\"),
              "\"h\xc3\xb6st \xe2\x82\xac \xf0\x9f\x98\x80 \\\\\"");
    constexpr std::string_view kReplaced = "\xef\xbf\xbd";
    for (std::string_view bad : {"\x80", "\xff", "\xc3", "\xc0", "\xf5"}) {
        EXPECT_EQ(json(bad), "\"" + std::string(kReplaced) + "\"");
    }
    EXPECT_EQ(json("\xed\xa0\x80").find("\xed"), std::string::npos) << "a surrogate";
    EXPECT_EQ(json("\xe0\x80\xaf").find("\xe0"), std::string::npos) << "an overlong form";
    EXPECT_EQ(json("\xf4\x90\x80\x80").find("\xf4"), std::string::npos) << "beyond the last";
    EXPECT_EQ(json("\xc3\"").back(), '"') << "a cut sequence does not swallow what follows";
    EXPECT_EQ(json("\xc3\""), "\"" + std::string(kReplaced) + "\\\"\"");
}

TEST(ReadBuffer, GrowsWhileItIsFilledAndShrinksAgain) {
    ReadBuffer buffer;
    std::string expected;
    for (int i = 0; i < 8; ++i) {
        auto room = buffer.prepare();
        std::fill(room.begin(), room.end(), static_cast<char>('a' + i));
        expected.append(room.begin(), room.end());
        buffer.commit(room.size());
        auto half = buffer.size() / 2;
        EXPECT_EQ(buffer.view().substr(0, half), expected.substr(0, half));
        buffer.consume(half);
        expected.erase(0, half);
    }
    EXPECT_EQ(buffer.view(), expected);
    EXPECT_GT(buffer.capacity(), ReadBuffer::kSmall);
    buffer.shrink();
    EXPECT_EQ(buffer.view(), expected) << "what is left does not fit in less";
    buffer.consume(buffer.size() - 10);
    auto tail = std::string(buffer.view());
    buffer.shrink();
    EXPECT_EQ(buffer.capacity(), ReadBuffer::kSmall);
    EXPECT_EQ(buffer.view(), tail);
}

TEST(ReadBuffer, GrowsAlsoWhenEverythingIsConsumedAtOnce) {
    ReadBuffer buffer;
    for (int i = 0; i < 20; ++i) {
        auto room = buffer.prepare();
        buffer.commit(room.size());
        buffer.consume(buffer.size());
    }
    EXPECT_EQ(buffer.capacity(), ReadBuffer::kLarge);
}

TEST(DateText, IsAnHttpDate) {
    DateText date;
    std::string text(date.now());
    ASSERT_EQ(text.size(), 29u) << text;
    EXPECT_EQ(text.substr(3, 2), ", ");
    EXPECT_EQ(text.substr(25), " GMT");
}

}  // namespace
}  // namespace sluice::http
