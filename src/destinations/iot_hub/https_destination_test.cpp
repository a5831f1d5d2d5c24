#include "destinations/iot_hub/https_destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/fake_clock.hpp"
#include "destination/test_batch.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice::iot_hub {
namespace {

using http::Behaviour;
using testing::HasSubstr;
using namespace std::chrono_literals;

class HttpsDestinationTest : public testing::Test {
  protected:
    HttpsDestinationTest() {
        Device device;
        device.host = "hub.azure-devices.net";
        device.id = "room";
        device.key = Secret("key");
        config_.devices.push_back(device);
        config_.device_names = {"room"};
        config_.routes = {{"**", 0}};
        config_.content_type = "application/json";
        config_.transport = Transport::https;
        config_.endpoint = hub_.endpoint();
        destination_ = std::make_unique<HttpsDestination>(io_, clock_, config_, 4);
    }
    void TearDown() override { run_for_test(io_, destination_->close()); }

    Verdict deliver(std::string_view id = "a") {
        TestBatch batch;
        batch.add(id).aim(*destination_);
        return run_for_test(io_, destination_->deliver(batch.messages(), Deadline::after(20s))).at(0);
    }
    std::string authorization(std::size_t request) const {
        return std::string(hub_.requests().at(request).headers.get("Authorization"));
    }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    http::ScriptedServer hub_;
    Config config_;
    std::unique_ptr<HttpsDestination> destination_;
};

TEST_F(HttpsDestinationTest, PostsOneMessageWithATokenThatIsUsedUntilItIsTimeForAnother) {
    for (int i = 0; i < 3; ++i) hub_.then(Behaviour::respond(204));
    EXPECT_EQ(deliver().kind, Verdict::Kind::accepted);
    clock_.advance(44min);
    EXPECT_EQ(deliver().kind, Verdict::Kind::accepted);
    clock_.advance(8min);
    EXPECT_EQ(deliver().kind, Verdict::Kind::accepted);
    EXPECT_EQ(hub_.requests().at(0).target, "/devices/room/messages/events?api-version=2020-03-13");
    EXPECT_THAT(authorization(0), HasSubstr("sr=hub.azure-devices.net%2Fdevices%2Froom"));
    EXPECT_EQ(authorization(0), authorization(1));
    EXPECT_NE(authorization(0), authorization(2));
    EXPECT_EQ(hub_.connections(), 1u);
}

TEST_F(HttpsDestinationTest, AProxysLongPageIsToldByItsStatus) {
    hub_.then(Behaviour::respond(502, std::string(300 << 10, 'p')));
    auto verdict = deliver();
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(verdict.failure->code, "http_502");
}

TEST_F(HttpsDestinationTest, OfWhatIsQuotedNoTokenIsTold) {
    hub_.then(Behaviour::respond(204));
    deliver();
    // The next request has the same one.
    hub_.then(Behaviour::respond(403, R"({"Message":"no: )" + authorization(0) + R"("})"));
    auto verdict = deliver();
    EXPECT_EQ(verdict.failure->message, "no: …");
}

TEST_F(HttpsDestinationTest, AClockThatIsOffIsMadeUpForOnce) {
    hub_.then(Behaviour::respond(401, R"({"errorCode":401002})", {{"Date", "Wed, 15 Nov 2023 00:13:20 GMT"}}));
    hub_.then(Behaviour::respond(204));
    EXPECT_EQ(deliver().kind, Verdict::Kind::accepted);
    EXPECT_THAT(authorization(0), HasSubstr("se=1700003600"));
    EXPECT_THAT(authorization(1), HasSubstr("se=1700010800"));
}

boost::asio::awaitable<void> deliver_batch(Destination& destination, std::span<const Message> messages,
                                           std::vector<Verdict>& verdicts) {
    verdicts = co_await destination.deliver(messages, Deadline::after(20s));
}

TEST_F(HttpsDestinationTest, WhatWasUnderWayWhenTheClockWasMadeUpForIsTriedAgainToo) {
    auto both_are_here = std::make_shared<http::Gate>();
    for (int i = 0; i < 2; ++i) {
        hub_.then(Behaviour::respond(401, R"({"errorCode":401002})", {{"Date", "Wed, 15 Nov 2023 00:13:20 GMT"}})
                      .after(both_are_here));
    }
    for (int i = 0; i < 2; ++i) hub_.then(Behaviour::respond(204));
    std::thread opener([&] {
        hub_.wait_for_requests(2);
        both_are_here->open();
    });
    TestBatch first, second;
    first.add("a").aim(*destination_);
    second.add("b").aim(*destination_);
    std::vector<Verdict> of_first, of_second;
    TaskGroup tasks(io_);
    tasks.spawn(deliver_batch(*destination_, first.messages(), of_first));
    tasks.spawn(deliver_batch(*destination_, second.messages(), of_second));
    run_for_test(io_, tasks.join());
    opener.join();
    EXPECT_EQ(of_first.at(0).kind, Verdict::Kind::accepted);
    EXPECT_EQ(of_second.at(0).kind, Verdict::Kind::accepted);
    EXPECT_EQ(hub_.requests().size(), 4u);
}

TEST_F(HttpsDestinationTest, WrongCredentialsUnderARightClockAreNotTriedAgain) {
    hub_.then(Behaviour::respond(401, R"({"errorCode":401002})", {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"}}));
    auto verdict = deliver();
    EXPECT_EQ(to_string(verdict.failure->error_class), "credentials");
    EXPECT_EQ(verdict.failure->code, "401002");
    EXPECT_EQ(hub_.requests().size(), 1u);
}

TEST_F(HttpsDestinationTest, ATestAsksForCommandsAndGivesOneBack) {
    hub_.then(Behaviour::respond(200, "for the device", {{"ETag", "\"lock-token\""}}));
    hub_.then(Behaviour::respond(204));
    // The first connection of a test only shows that there is one.
    auto report = run_for_test(io_, destination_->probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    auto requests = hub_.requests();
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].method, "GET");
    EXPECT_EQ(requests[0].target, "/devices/room/messages/devicebound?api-version=2020-03-13");
    EXPECT_EQ(requests[1].method, "POST");
    EXPECT_EQ(requests[1].target, "/devices/room/messages/devicebound/lock-token/abandon?api-version=2020-03-13");
}

TEST_F(HttpsDestinationTest, LimitsAreOneMessageARequest) {
    auto limits = destination_->limits();
    EXPECT_EQ(limits.max_events, 1u);
    EXPECT_EQ(limits.max_concurrent, 4u);
    EXPECT_EQ(limits.same_key, SameKeyInBatch::never);
}

}  // namespace
}  // namespace sluice::iot_hub
