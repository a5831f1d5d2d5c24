#include "http/request_head.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(HeadScanner, FindsTheEndHoweverTheBytesCome) {
    std::string head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    std::string all = head + "body";
    for (std::size_t split = 0; split <= all.size(); ++split) {
        HeadScanner scanner;
        auto state = scanner.scan(std::string_view(all).substr(0, split));
        EXPECT_EQ(state, split < head.size() ? HeadScanner::State::incomplete : HeadScanner::State::complete) << split;
        if (state == HeadScanner::State::incomplete) state = scanner.scan(all);
        EXPECT_EQ(state, HeadScanner::State::complete) << split;
        EXPECT_EQ(scanner.size(), head.size()) << split;
    }
}

TEST(HeadScanner, ALineFeedAloneEndsNoLine) {
    for (std::string_view text : {"\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: x\n", "GET / HTTP/1.1\r\n\n"}) {
        HeadScanner scanner;
        EXPECT_EQ(scanner.scan(text), HeadScanner::State::bare_line_feed) << text;
    }
}

RequestHead parse(const std::string& text) {
    auto head = parse_request_head(text);
    EXPECT_TRUE(head) << text;
    return head ? std::move(*head) : RequestHead{};
}

TEST(RequestHead, ReadsWhatIsThere) {
    auto head = parse(
        "POST /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\ncontent-LENGTH: 12\r\nEmpty:\r\nX:  a \t b \t\r\nX: "
        "again\r\n\r\n");
    EXPECT_EQ(head.request.method, "POST");
    EXPECT_EQ(head.request.target, "/a/b?c=d");
    EXPECT_EQ(head.request.path, "/a/b");
    EXPECT_EQ(head.request.query, "c=d");
    EXPECT_EQ(head.content_length, 12u);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_FALSE(head.chunked);
    EXPECT_EQ(
        head.request.headers.all(),
        (std::vector<Header>{
            {"Host", "example.com:8080"}, {"content-LENGTH", "12"}, {"Empty", ""}, {"X", "a \t b"}, {"X", "again"}}));
}

TEST(RequestHead, KnowsWhatBecomesOfTheConnection) {
    EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: x\r\n\r\n").keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: b,CLOSE\r\n\r\n").keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
}

struct Bad {
    const char* why;
    std::string head;
    int status = 400;
};

class BadHead : public testing::TestWithParam<Bad> {};

TEST_P(BadHead, IsRefused) {
    auto head = parse_request_head(GetParam().head);
    ASSERT_FALSE(head) << GetParam().why;
    EXPECT_EQ(head.error().status, GetParam().status) << GetParam().why << ": " << head.error().detail;
    EXPECT_FALSE(head.error().detail.empty());
}

std::string with(const std::string& fields) {
    return "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Framing, BadHead,
    testing::Values(
        Bad{"both framings", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
        Bad{"both framings, the other way round", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
        Bad{"two lengths", with("Content-Length: 3\r\nContent-Length: 4\r\n")},
        Bad{"two equal lengths", with("Content-Length: 3\r\nContent-Length: 3\r\n")},
        Bad{"a list of lengths", with("Content-Length: 3, 3\r\n")},
        Bad{"a negative length", with("Content-Length: -3\r\n")},
        Bad{"a signed length", with("Content-Length: +3\r\n")}, Bad{"a hex length", with("Content-Length: 0x3\r\n")},
        Bad{"an empty length", with("Content-Length:\r\n")}, Bad{"a fraction", with("Content-Length: 3.0\r\n")},
        Bad{"a length with a blank inside", with("Content-Length: 3 4\r\n")},
        Bad{"a length beyond 64 bits", with("Content-Length: 18446744073709551616\r\n")},
        Bad{"a coding twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        Bad{"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Bad{"an unknown coding", with("Transfer-Encoding: gzip\r\n"), 501},
        Bad{"chunked not last", with("Transfer-Encoding: chunked, identity\r\n"), 501},
        Bad{"a coding before chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        Bad{"chunked in quotes", with("Transfer-Encoding: \"chunked\"\r\n"), 501},
        Bad{"an empty coding", with("Transfer-Encoding:\r\n"), 501},
        Bad{"a blank before the colon", with("Content-Length : 3\r\n")},
        Bad{"a blank before the name", "POST / HTTP/1.1\r\n Host: x\r\n\r\n"},
        Bad{"a folded line", with("X: a\r\n b\r\n")}, Bad{"a line folded with a tab", with("X: a\r\n\tb\r\n")},
        Bad{"a folded coding", with("Transfer-Encoding:\r\n chunked\r\n")},
        Bad{"a carriage return alone", with("X: a\rContent-Length: 3\r\n")},
        Bad{"a vertical tab before chunked", with("Transfer-Encoding: \vchunked\r\n")}));

INSTANTIATE_TEST_SUITE_P(
    Syntax, BadHead,
    testing::Values(
        Bad{"no Host", "GET / HTTP/1.1\r\n\r\n"}, Bad{"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
        Bad{"a Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"},
        Bad{"a Host with a user", "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n"},
        Bad{"two Authorizations", with("Authorization: Bearer a\r\nauthorization: Bearer b\r\n")},
        Bad{"a list of Hosts", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n"},
        Bad{"a NUL in a value", std::string("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 36)},
        Bad{"a DEL in a value", with("X: a\x7f\r\n")}, Bad{"an escape in a value", with("X: \x1b[2J\r\n")},
        Bad{"a name with a bracket", with("X[]: a\r\n")}, Bad{"an empty name", with(": a\r\n")},
        Bad{"a line without a colon", with("nonsense\r\n")}, Bad{"no method", " / HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n"}, Bad{"two blanks", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"a blank in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"a blank after the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"},
        Bad{"a target that is no path", "GET a HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"a star without OPTIONS", "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"},
        Bad{"a fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"bytes beyond ASCII in the target", "GET /\xc3\xb6 HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"an absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n"},
        Bad{"no version", "GET /\r\nHost: x\r\n\r\n"}, Bad{"HTTP/2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        Bad{"HTTP/0.9 with a version", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505},
        Bad{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
        Bad{"another protocol", "GET / RTSP/1.0\r\nHost: x\r\n\r\n"},
        Bad{"a TLS handshake", "\x16\x03\x01\x02\r\n\r\n"}, Bad{"nothing", "\r\n"},
        Bad{"no end", "GET / HTTP/1.1\r\nHost: x\r\n"}));

}  // namespace
}  // namespace sluice::http
