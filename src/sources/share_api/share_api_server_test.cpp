#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "http/raw_client.hpp"
#include "http/server.hpp"
#include "net/shard.hpp"
#include "sources/share_api/share_api_fixture_for_test.hpp"

namespace sluice::share_api {
namespace {

/// The routes behind a real server on loopback, on two shards.
class ShareApiServer : public ::testing::Test {
  protected:
    void SetUp() override {
        shards_.start();
        ASSERT_TRUE(server_.start());
    }
    void TearDown() override {
        server_.stop(Deadline::after(std::chrono::seconds(10)));
        shards_.stop_and_join();
    }

    http::RawClient connect() const { return http::RawClient(server_.port()); }

    static std::string head(std::string_view method, std::string_view target, std::string_view fields = {}) {
        return std::string(method) + ' ' + std::string(target) +
               " HTTP/1.1\r\nHost: sluice\r\nAuthorization: Bearer full\r\n" + std::string(fields) + "\r\n";
    }
    static std::string post(std::string_view target, const std::string& body, const std::string& fields = {}) {
        return head("POST", target, "Content-Length: " + std::to_string(body.size()) + "\r\n" + fields) + body;
    }

    ShareApiBench api_;
    ShardSet shards_{2};
    http::Server server_{shards_,
                         {},
                         [this](http::Request request) { return api_.routes.handle(std::move(request)); },
                         [this](http::Request& request) { return api_.routes.check_head(request); }};
};

TEST_F(ShareApiServer, WritesAndReadsOverOneConnection) {
    auto client = connect();
    const auto created = client.ask(post("/share/io.acme", R"({"n":1E400})"));
    ASSERT_TRUE(created);
    EXPECT_EQ(created->status, 201);
    const std::string location(created->field("Location"));
    const auto read = client.ask(head("GET", location));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, 200);
    EXPECT_EQ(read->body, created->body);
    EXPECT_NE(read->body.find(R"("data":{"n":1E400}})"), std::string::npos);
    const auto list = client.ask(head("GET", "/share/io.acme?perPage=1"));
    ASSERT_TRUE(list);
    EXPECT_EQ(list->status, 200);
}

TEST_F(ShareApiServer, HeadHasTheHeadOfGetAndNoBody) {
    auto client = connect();
    const auto created = client.ask(post("/share/io.acme", "{}"));
    ASSERT_TRUE(created);
    const std::string location(created->field("Location"));
    client.send(head("HEAD", location));
    const auto answer = client.read_answer(true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->field("Content-Length"), std::to_string(created->body.size()));
    EXPECT_EQ(client.ask(head("GET", location))->body, created->body);
}

TEST_F(ShareApiServer, ACallerWithoutATokenIsRefusedBeforeTheBodyIsRead) {
    auto client = connect();
    const auto answer = client.ask(
        "POST /share/io.acme HTTP/1.1\r\nHost: sluice\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 401);
}

TEST_F(ShareApiServer, OptionsHasNoBody) {
    auto client = connect();
    const auto answer = client.ask(head("OPTIONS", "/share/io.acme"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(answer->field("Allow"), "GET, HEAD, OPTIONS, POST");
}

TEST_F(ShareApiServer, ConcurrentWritersAllSeeTheirOwnWrites) {
    constexpr int kWriters = 4;
    constexpr int kWrites = 25;
    std::vector<std::thread> writers;
    std::atomic<int> seen{0};
    for (int writer = 0; writer < kWriters; ++writer) {
        writers.emplace_back([this, &seen] {
            auto client = connect();
            for (int i = 0; i < kWrites; ++i) {
                const auto created = client.ask(post("/share/io.acme", "{\"i\":" + std::to_string(i) + "}"));
                if (!created || created->status != 201) return;
                const auto read = client.ask(head("GET", created->field("Location")));
                if (read && read->body == created->body) ++seen;
            }
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(seen, kWriters * kWrites);
    std::set<std::string> ids;
    for (const Event& event : api_.bench.events()) ids.emplace(event->id);
    EXPECT_EQ(ids.size(), static_cast<std::size_t>(kWriters * kWrites));
}

TEST_F(ShareApiServer, ConcurrentPutsOfOneObjectAllSucceedInSomeOrder) {
    auto client = connect();
    const auto created = client.ask(post("/share/io.acme", "{}"));
    ASSERT_TRUE(created);
    const std::string location(created->field("Location"));
    std::vector<std::thread> writers;
    std::atomic<int> updated{0};
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&, writer] {
            auto mine = connect();
            const std::string body = "{\"writer\":" + std::to_string(writer) + "}";
            for (int i = 0; i < 10; ++i) {
                const auto answer =
                    mine.ask(head("PUT", location, "Content-Length: " + std::to_string(body.size()) + "\r\n") + body);
                if (answer && answer->status == 200) ++updated;
            }
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(updated, 40);
    std::string last;
    for (const Event& event : api_.bench.events()) {
        const std::string date = member_of(event, "updateDate");
        EXPECT_LT(last, date);
        last = date;
    }
}

}  // namespace
}  // namespace sluice::share_api
