// The memory that all bodies of a server may take together, seen by clients that hold it up and by those that do not.
#include <fmt/format.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "http/gzip_for_test.hpp"
#include "http/server_fixture.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kSmall = 64 << 10;

class ServerBodiesTest : public ServerTest {
  protected:
    void SetUp() override {
        options_.limits.max_body_bytes = kMiB;
        options_.limits.max_bodies_in_memory = 4 * kMiB;
        handler_ = [this](Request request) { return answer(std::move(request)); };
    }

    asio::awaitable<Response> answer(Request request) {
        seen_by_handler_ = server_->body_bytes();
        if (request.path == "/throw") throw std::runtime_error("a handler that throws");
        co_return Response::text(200, std::to_string(request.body.size()));
    }

    static std::string head(std::size_t length, std::string_view fields = "", std::string_view path = "/") {
        return fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n", path, length, fields);
    }
    static std::string post(std::string_view body, std::string_view fields = "", std::string_view path = "/") {
        return head(body.size(), fields, path) + std::string(body);
    }
    static std::string chunked(std::size_t length) {
        return fmt::format("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", length) +
               std::string(length, 'x');
    }
    void wait_until_held(std::size_t bytes) const {
        while (server_->body_bytes() != bytes) std::this_thread::yield();
    }
    /// A client that sends all but the last byte of a body, which the server has taken when this returns.
    void stall(std::size_t length) {
        auto client = connect();
        auto before = server_->body_bytes();
        client.send(head(length) + std::string(length - 1, 'x'));
        wait_until_held(before + length);
        stalled_.push_back(std::move(client));
    }
    /// As many large bodies as are let in.
    void stall_large_ones() {
        for (int i = 0; i < 3; ++i) stall(kMiB);
    }
    static void expect_overloaded(const std::optional<RawClient::Answer>& answer) {
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 503);
        EXPECT_EQ(answer->field("Content-Type"), "application/problem+json");
        EXPECT_EQ(answer->field("Retry-After"), "1");
        EXPECT_NE(answer->body.find(R"("code":"overloaded")"), std::string::npos) << answer->body;
    }

    std::vector<RawClient> stalled_;
    std::atomic<std::size_t> seen_by_handler_ = 0;
};

TEST_F(ServerBodiesTest, BodiesThatStallAreRefusedBeyondTheBudgetAndAnHonestOnePassesWhenTheyAreGone) {
    stall_large_ones();
    for (int i = 0; i < 5; ++i) {
        auto client = connect();
        client.send(head(kMiB) + std::string(kMiB - 1, 'x'));
        expect_overloaded(client.read_answer());
        EXPECT_TRUE(client.is_closed_by_server());
    }
    EXPECT_EQ(server_->body_bytes(), 3 * kMiB);
    stalled_.clear();
    wait_until_held(0);
    EXPECT_EQ(connect().ask(post(std::string(kMiB, 'x')))->status, 200);
}

TEST_F(ServerBodiesTest, SmallBodiesPassWhileLargeOnesStall) {
    stall_large_ones();
    auto client = connect();
    for (std::size_t size : {std::size_t{1}, std::size_t{1000}, kSmall}) {
        EXPECT_EQ(client.ask(post(std::string(size, 'x')))->body, std::to_string(size));
    }
    EXPECT_EQ(client.ask(post(gzip_for_test(std::string(1000, 'x')), "Content-Encoding: gzip\r\n"))->body, "1000");
    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")->status, 200);
    expect_overloaded(client.ask(head(kSmall + 1) + std::string(kSmall + 1, 'x')));
}

TEST_F(ServerBodiesTest, WhenEverythingIsTakenABodyIsRefusedBeforeItIsAskedFor) {
    stall_large_ones();
    for (int i = 0; i < 16; ++i) stall(kSmall);
    EXPECT_EQ(server_->body_bytes(), 4 * kMiB);
    expect_overloaded(connect().ask(head(10, "Expect: 100-continue\r\n")));
    expect_overloaded(connect().ask(post("x")));
    expect_overloaded(connect().ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
    EXPECT_EQ(connect().ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")->status, 200) << "nothing to hold";
}

TEST_F(ServerBodiesTest, WhatIsOnlyAnnouncedTakesNothingFromTheOthers) {
    for (int i = 0; i < 20; ++i) {
        auto client = connect();
        client.send(head(kMiB));
        stalled_.push_back(std::move(client));
    }
    EXPECT_EQ(connect().ask(post(std::string(kMiB, 'x')))->status, 200);
}

TEST_F(ServerBodiesTest, ChunkedBodiesCountAsTheyCome) {
    for (int i = 0; i < 2; ++i) {
        auto client = connect();
        auto before = server_->body_bytes();
        client.send(chunked(kMiB));
        while (server_->body_bytes() < before + kMiB) std::this_thread::yield();
        stalled_.push_back(std::move(client));
    }
    EXPECT_LT(server_->body_bytes(), 3 * kMiB);
    auto client = connect();
    client.send(chunked(kMiB));
    expect_overloaded(client.read_answer());
}

TEST_F(ServerBodiesTest, PackedBodiesCountByWhatTheyUnpackTo) {
    auto packed = gzip_for_test(std::string(kMiB, 'x'));
    ASSERT_LT(packed.size(), kSmall);
    EXPECT_EQ(connect().ask(post(packed, "Content-Encoding: gzip\r\n"))->body, std::to_string(kMiB));
    EXPECT_GE(seen_by_handler_, kMiB);
    EXPECT_EQ(server_->body_bytes(), 0u);
    stall_large_ones();
    expect_overloaded(connect().ask(post(packed, "Content-Encoding: gzip\r\n")));
}

TEST_F(ServerBodiesTest, ARequestThatIsAloneIsTakenWhateverTheBudget) {
    options_.limits.max_bodies_in_memory = 1000;
    std::string body(kMiB, 'x');
    EXPECT_EQ(connect().ask(post(body))->status, 200);
    EXPECT_EQ(connect().ask(post(gzip_for_test(body), "Content-Encoding: gzip\r\n"))->status, 200);
    EXPECT_EQ(connect().ask(chunked(kMiB) + "\r\n0\r\n\r\n")->status, 200);
}

TEST_F(ServerBodiesTest, ABodyCountsUntilItsHandlerIsDoneWithIt) {
    auto client = connect();
    for (std::size_t size : {std::size_t{10}, 100'000ul, kMiB}) {
        ASSERT_EQ(client.ask(post(std::string(size, 'x')))->status, 200);
        EXPECT_EQ(seen_by_handler_, size);
        EXPECT_EQ(server_->body_bytes(), 0u);
    }
}

TEST_F(ServerBodiesTest, EveryEndOfARequestGivesItsMemoryBack) {
    options_.limits.body_timeout = std::chrono::milliseconds(50);
    auto half = head(kMiB) + std::string(kMiB / 2, 'x');
    EXPECT_EQ(connect().ask(post(std::string(kMiB, 'x'), "", "/throw"))->status, 500);
    EXPECT_EQ(server_->body_bytes(), 0u);
    EXPECT_EQ(connect().ask(post(std::string(kMiB, 'x'), "Content-Encoding: gzip\r\n"))->status, 400);
    EXPECT_EQ(server_->body_bytes(), 0u);
    EXPECT_EQ(connect().ask(chunked(kMiB) + "\r\n1\r\n")->status, 413);
    EXPECT_EQ(server_->body_bytes(), 0u);
    EXPECT_EQ(connect().ask(half)->status, 408);
    EXPECT_EQ(server_->body_bytes(), 0u);
    {
        auto cut = connect();
        cut.send(half);
        cut.half_close();
        EXPECT_EQ(cut.read_answer()->status, 400);
        EXPECT_EQ(server_->body_bytes(), 0u);
    }
    auto gone = connect();
    gone.send(half);
    while (server_->body_bytes() == 0) std::this_thread::yield();
    gone.reset();
    wait_until_held(0);
}

TEST_F(ServerBodiesTest, StoppingGivesAllMemoryBack) {
    stall_large_ones();
    server_->stop(Deadline::after({}));
    EXPECT_EQ(server_->body_bytes(), 0u);
}

TEST_F(ServerBodiesTest, ALargeBodyThatStallsWhileMemoryIsScarceHasAnEighthOfItsTime) {
    options_.limits.body_timeout = std::chrono::seconds(2);
    stall_large_ones();
    expect_overloaded(stalled_.front().read_answer());
}

TEST_F(ServerBodiesTest, ASmallOneHasAllOfItAndSoHasALargeOneWhileThereIsEnough) {
    options_.limits.body_timeout = std::chrono::milliseconds(400);
    stall(kMiB);
    stall(1000);
    for (auto& client : stalled_) EXPECT_EQ(client.read_answer()->status, 408);
}

}  // namespace
}  // namespace sluice::http
