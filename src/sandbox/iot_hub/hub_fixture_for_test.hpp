#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/fake_clock.hpp"
#include "net/endpoint.hpp"
#include "sandbox/iot_hub/iot_hub_service.hpp"
#include "sandbox/iot_hub/mqtt_device_for_test.hpp"

namespace sluice::sandbox {

/// A hub that listens, on a clock that only the test moves.
class HubFixture : public testing::Test {
  protected:
    explicit HubFixture(IotHubOptions options = {}) : hub_(std::move(options), received_, faults_, clock_) {}

    void SetUp() override {
        auto started = hub_.start({});
        ASSERT_TRUE(started) << started.error().message;
    }
    void TearDown() override { hub_.stop(); }

    std::uint16_t port() { return Endpoint::parse(hub_.listeners().at(0).url).value().port; }
    MqttDevice device() { return MqttDevice(port()); }
    Timestamp in(std::chrono::seconds time) { return clock_.now() + time; }
    mqtt::Connect connect_packet(const HubIdentity& identity) {
        return MqttDevice::connect_packet(identity, in(std::chrono::hours(1)));
    }
    MqttDevice connected(const HubIdentity& identity) {
        auto made = device();
        EXPECT_EQ(made.connect(connect_packet(identity)), mqtt::ConnectCode::accepted);
        return made;
    }
    void set_faults(std::string_view rules) {
        auto set = faults_.set_json(rules);
        ASSERT_TRUE(set) << set.error().message;
    }
    std::vector<std::string> bodies() {
        std::vector<std::string> all;
        for (const auto& item : received_.read(1, 100'000)) all.emplace_back(item.body.view());
        return all;
    }
    /// Why the device was last cut off.
    std::string reason(const HubIdentity& identity) {
        for (const auto& target : hub_.targets()) {
            if (target.name != identity.name()) continue;
            auto details = boost::json::parse(target.details_json);
            if (const auto* last = details.as_object().if_contains("last_disconnect"))
                return std::string(last->as_string());
        }
        return {};
    }

    const HubIdentity kDevice{"dev-1", ""};
    FakeClock clock_;
    ReceivedLog received_{{}, clock_};
    FaultInjector faults_;
    IotHubService hub_;
};

}  // namespace sluice::sandbox
