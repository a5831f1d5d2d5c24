// Every limit of the server, by the status that a client sees and by what the server then does with the connection.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "http/gzip_for_test.hpp"
#include "http/server_fixture.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kPlainGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

class ServerLimitsTest : public ServerTest {
  protected:
    void SetUp() override {
        options_.limits.max_head_bytes = 500;
        options_.limits.max_body_bytes = 1000;
    }

    static std::string post(std::string_view body, std::string_view fields = "") {
        return fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields, body);
    }
    /// An answer with this status and code, after which the server closes.
    void expect_refusal(std::string_view request, int status, std::string_view code) {
        auto client = connect();
        client.send(request);
        auto answer = client.read_answer();
        ASSERT_TRUE(answer) << request;
        EXPECT_EQ(answer->status, status) << request;
        EXPECT_EQ(answer->field("Content-Type"), "application/problem+json");
        EXPECT_EQ(answer->field("Connection"), "close");
        EXPECT_NE(answer->body.find(fmt::format(R"("status":{},"code":"{}")", status, code)), std::string::npos)
            << answer->body;
        EXPECT_TRUE(client.is_closed_by_server());
    }
};

std::string head_of(std::size_t size) {
    std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    return head + std::string(size - head.size() - 4, 'x') + "\r\n\r\n";
}

TEST_F(ServerLimitsTest, AHeadOfExactlyTheLimitIsTakenAndOneByteMoreIs431) {
    EXPECT_EQ(connect().ask(head_of(500))->status, 200);
    expect_refusal(head_of(501), 431, "head_too_large");
}

TEST_F(ServerLimitsTest, AHeadThatNeverEndsIs431) {
    expect_refusal("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(5'000, 'x'), 431, "head_too_large");
    expect_refusal("GET /" + std::string(100'000, 'x'), 431, "head_too_large");
}

TEST_F(ServerLimitsTest, ABodyOfExactlyTheLimitIsTaken) {
    EXPECT_EQ(connect().ask(post(std::string(1000, 'x')))->status, 200);
}

TEST_F(ServerLimitsTest, ADeclaredBodyBeyondTheLimitIsRefusedBeforeItIsRead) {
    // Nothing of the body is sent: an answer that waited for it would never come.
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413, "body_too_large");
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n", 413, "body_too_large");
}

TEST_F(ServerLimitsTest, TheAnswerTo413SurvivesABodyThatIsSentAnyway) {
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
    client.send(std::string(3'000'000, 'x'));
    client.half_close();
    auto answer = client.read_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
}

TEST_F(ServerLimitsTest, AnUndeclaredBodyIsRefusedWhenItPassesTheLimit) {
    std::string chunks = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 10; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
    EXPECT_EQ(connect().ask(chunks + "0\r\n\r\n")->status, 200);
    expect_refusal(chunks + "1\r\n", 413, "body_too_large");
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413,
                   "body_too_large");
}

TEST_F(ServerLimitsTest, ASlowHeadIs408) {
    options_.limits.head_timeout = std::chrono::milliseconds(10);
    expect_refusal("GET / HTTP/1.1\r\nHost:", 408, "request_timeout");
}

TEST_F(ServerLimitsTest, AHeadThatDribblesIs408AllTheSame) {
    options_.limits.head_timeout = std::chrono::milliseconds(30);
    options_.limits.max_head_bytes = 1 << 30;
    auto client = connect();
    std::atomic<bool> answered = false;
    client.send("GET / HTTP/1.1\r\nHost: x\r\nX: ");
    std::thread dribble([&] {
        // There is always another byte: an inactivity timeout would never end it.
        while (!answered && client.send("x")) std::this_thread::yield();
    });
    auto answer = client.read_answer();
    answered = true;
    dribble.join();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 408);
}

TEST_F(ServerLimitsTest, ASlowBodyIs408) {
    options_.limits.body_timeout = std::chrono::milliseconds(10);
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", 408, "request_timeout");
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", 408, "request_timeout");
}

TEST_F(ServerLimitsTest, AnIdleConnectionIsClosedWithoutAWord) {
    options_.limits.idle_timeout = std::chrono::milliseconds(10);
    auto fresh = connect();
    EXPECT_EQ(fresh.read_to_end(), "");
    auto used = connect();
    ASSERT_TRUE(used.ask(kPlainGet));
    EXPECT_EQ(used.read_to_end(), "");
}

TEST_F(ServerLimitsTest, AClientThatDoesNotReadIsClosed) {
    options_.limits.write_timeout = std::chrono::milliseconds(20);
    handler_ = [](Request) -> asio::awaitable<Response> { co_return Response::text(200, std::string(30 << 20, 'x')); };
    auto client = connect();
    client.send(kPlainGet);
    while (server_->open_connections() != 0) std::this_thread::yield();
    EXPECT_LT(client.read_to_end().size(), std::size_t{30 << 20});
}

TEST_F(ServerLimitsTest, ARequestThatIsCutIs400) {
    for (std::string_view cut :
         {"GET / HTTP/1.1\r\nHost", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n"}) {
        auto client = connect();
        client.send(cut);
        client.half_close();
        auto answer = client.read_answer();
        ASSERT_TRUE(answer) << cut;
        EXPECT_EQ(answer->status, 400) << cut;
        EXPECT_TRUE(client.is_closed_by_server());
    }
}

// --- Expect

TEST_F(ServerLimitsTest, SaysContinueOnlyWhenTheBodyIsWanted) {
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n");
    EXPECT_EQ(client.read_answer()->status, 100);
    EXPECT_EQ(client.ask("body")->body, "POST /|body");
    expect_refusal("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n", 413,
                   "body_too_large");
}

TEST_F(ServerLimitsTest, DoesNotSayContinueToABodyThatIsComingAlready) {
    auto client = connect();
    EXPECT_EQ(client.ask(post("body", "Expect: 100-continue\r\n"))->status, 200);
}

TEST_F(ServerLimitsTest, OtherExpectationsAre417AndHttp10HasNone) {
    auto client = connect();
    EXPECT_EQ(client.ask(post("x", "Expect: tea\r\n"))->status, 417);
    EXPECT_EQ(connect().ask("POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody")->body,
              "POST /|body");
}

// --- HeadCheck

class HeadCheckTest : public ServerLimitsTest {
  protected:
    void SetUp() override {
        ServerLimitsTest::SetUp();
        head_check_ = [](const Request& request) -> std::optional<Response> {
            EXPECT_TRUE(request.body.empty());
            EXPECT_EQ(request.remote_address, "127.0.0.1");
            if (request.headers.get("Authorization") == "Bearer good") return std::nullopt;
            return problem(401, "unauthenticated", "Unauthorized", "");
        };
        handler_ = [this](Request request) {
            ++handled_;
            return echo(std::move(request));
        };
    }
    std::atomic<int> handled_ = 0;
};

TEST_F(HeadCheckTest, RefusesBeforeTheBodyAndWithoutContinue) {
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read_answer()->status, 401);
    EXPECT_TRUE(client.is_closed_by_server()) << "nobody could tell whether the body comes";
    EXPECT_EQ(handled_, 0);
}

TEST_F(HeadCheckTest, GoesBeforeTheOtherRefusals) {
    EXPECT_EQ(connect().ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")->status, 401);
    EXPECT_EQ(connect().ask(post("x", "Content-Encoding: br\r\n"))->status, 401);
}

TEST_F(HeadCheckTest, ASmallRefusedBodyIsDroppedAndTheConnectionKept) {
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 52\r\n\r\n");
    EXPECT_EQ(client.read_answer()->status, 401) << "answered before the body has come";
    // The body looks like a request, and must not become one.
    client.send("GET /smuggled HTTP/1.1\r\nAuthorization: Bearer good\r\n");
    EXPECT_EQ(client.ask(post("next", "Authorization: Bearer good\r\n"))->body, "POST /|next");
    EXPECT_EQ(handled_, 1);
}

TEST_F(HeadCheckTest, ALargeOrUndeclaredRefusedBodyEndsTheConnection) {
    options_.limits.max_body_bytes = 1 << 20;
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_EQ(client.read_answer()->status, 401);
    EXPECT_TRUE(client.is_closed_by_server());
    auto chunked = connect();
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(chunked.read_answer()->status, 401);
    EXPECT_TRUE(chunked.is_closed_by_server());
    EXPECT_EQ(handled_, 0);
}

// --- Content-Encoding

TEST_F(ServerLimitsTest, UnpacksGzip) {
    auto packed = gzip_for_test("hello, gzip");
    for (auto coding : {"gzip", "GZIP", "x-gzip"}) {
        EXPECT_EQ(connect().ask(post(packed, fmt::format("Content-Encoding: {}\r\n", coding)))->body,
                  "POST /|hello, gzip");
    }
    EXPECT_EQ(connect().ask(post("plain", "Content-Encoding: identity\r\n"))->body, "POST /|plain");
}

TEST_F(ServerLimitsTest, AGzipBombIs413) {
    auto bomb = gzip_for_test(std::string(100'000, 'x'));
    ASSERT_LT(bomb.size(), options_.limits.max_body_bytes);
    expect_refusal(post(bomb, "Content-Encoding: gzip\r\n"), 413, "body_too_large");
    auto exact = gzip_for_test(std::string(1000, 'x'));
    EXPECT_EQ(connect().ask(post(exact, "Content-Encoding: gzip\r\n"))->status, 200);
    expect_refusal(post(gzip_for_test(std::string(1001, 'x')), "Content-Encoding: gzip\r\n"), 413, "body_too_large");
}

TEST_F(ServerLimitsTest, DamagedGzipIs400) {
    auto packed = gzip_for_test("hello, gzip");
    auto flipped = packed;
    flipped[packed.size() - 6] ^= 1;  // its checksum
    for (const auto& damaged : {packed.substr(0, packed.size() - 1), flipped, packed + "x", std::string("not gzip")}) {
        expect_refusal(post(damaged, "Content-Encoding: gzip\r\n"), 400, "bad_gzip");
    }
}

TEST_F(ServerLimitsTest, OtherEncodingsAre415) {
    for (auto coding : {"br", "deflate", "gzip, gzip", "zstd"}) {
        auto answer = connect().ask(post("x", fmt::format("Content-Encoding: {}\r\n", coding)));
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 415) << coding;
        EXPECT_EQ(answer->field("Accept-Encoding"), "gzip");
    }
}

}  // namespace
}  // namespace sluice::http
