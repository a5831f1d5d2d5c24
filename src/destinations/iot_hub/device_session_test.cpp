#include "destinations/iot_hub/device_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "base/fake_clock.hpp"
#include "mqtt/scripted_broker.hpp"
#include "net/run_for_test.hpp"

namespace sluice::iot_hub {
namespace {

using OnPublish = mqtt::ScriptedBroker::OnPublish;
using namespace std::chrono_literals;

class DeviceSessionTest : public testing::Test {
  protected:
    DeviceSessionTest() {
        Device device;
        device.host = "hub.azure-devices.net";
        device.id = "room";
        device.key = Secret("key");
        config_.devices.push_back(device);
        config_.device_names = {"room"};
        config_.endpoint = broker_.endpoint();
    }
    void TearDown() override { run_for_test(io_, session_.close(Deadline::after(20s))); }

    std::vector<Verdict> publish() {
        outgoing_ = {{"devices/room/messages/events/", "body"}};
        return run_for_test(io_, session_.publish(outgoing_, Deadline::after(20s)));
    }
    void tend() { run_for_test(io_, session_.tend()); }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    mqtt::ScriptedBroker broker_;
    Config config_;
    HubSurroundings around_{io_, clock_, config_, nullptr, HubClock(clock_), std::nullopt};
    DeviceSession session_{around_, 0};
    std::vector<mqtt::Outgoing> outgoing_;
};

TEST_F(DeviceSessionTest, LetsAConnectionGoThatNobodyUses) {
    EXPECT_EQ(publish()[0].kind, Verdict::Kind::accepted);
    clock_.advance(DeviceSession::kMaxIdle - 1s);
    tend();
    EXPECT_TRUE(session_.is_connected());
    clock_.advance(1s);
    tend();
    EXPECT_FALSE(session_.is_in_use());
    broker_.wait_for_closed(1);
    EXPECT_EQ(broker_.disconnects(), 1u);
    EXPECT_EQ(publish()[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(broker_.connects().size(), 2u);
}

TEST_F(DeviceSessionTest, LetsAnIdleConnectionGoWhoseTokenIsTimeToRenew) {
    config_.token_lifetime = 200s;
    publish();
    clock_.advance(171s);
    tend();
    EXPECT_FALSE(session_.is_in_use());
}

TEST_F(DeviceSessionTest, LeavesAConnectionAloneWhileMessagesAreUnderWay) {
    broker_.on_publish([](const mqtt::Publish&, std::size_t) { return OnPublish::stay_silent; });
    outgoing_ = {{"devices/room/messages/events/", "body"}};
    std::optional<std::vector<Verdict>> verdicts;
    boost::asio::co_spawn(io_, session_.publish(outgoing_, Deadline::after(20s)),
                          [&](std::exception_ptr, std::vector<Verdict> all) { verdicts = std::move(all); });
    while (broker_.published().empty()) io_.run_one_for(1ms);
    clock_.advance(2h);
    tend();
    EXPECT_TRUE(session_.is_connected());
    broker_.send(mqtt::PubAck{1});
    while (!verdicts) io_.run_one_for(1ms);
    EXPECT_EQ((*verdicts)[0].kind, Verdict::Kind::accepted);
}

TEST_F(DeviceSessionTest, ForgetsAConnectionThatWasLost) {
    publish();
    broker_.close_connections();
    io_.restart();
    while (session_.is_connected()) io_.run_one_for(1ms);
    EXPECT_TRUE(session_.is_in_use());
    tend();
    EXPECT_FALSE(session_.is_in_use());
}

TEST_F(DeviceSessionTest, ATestLeavesNoConnectionBehind) {
    auto found = run_for_test(io_, session_.check(Deadline::after(20s)));
    EXPECT_FALSE(found.failure);
    EXPECT_FALSE(found.was_connected);
    EXPECT_FALSE(session_.is_in_use());
    publish();
    found = run_for_test(io_, session_.check(Deadline::after(20s)));
    EXPECT_TRUE(found.was_connected);
    EXPECT_EQ(broker_.connects().size(), 2u);
}

}  // namespace
}  // namespace sluice::iot_hub
