#include "destinations/iot_hub/connected_devices.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::iot_hub {
namespace {

ConnectedDevices::Claimant claimant(std::string integration, std::string credentials = "key",
                                    std::string device = "hub/devices/room") {
    return {std::move(device), std::move(credentials), std::move(integration)};
}

TEST(ConnectedDevices, ADeviceIsOneClaimantsUntilItLetsGo) {
    ConnectedDevices devices;
    {
        auto first = devices.take(claimant("acme/a"));
        ASSERT_TRUE(first.claim);
        EXPECT_TRUE(first.claim->confirm());
        auto second = devices.take(claimant("acme/b"));
        EXPECT_FALSE(second.claim);
        EXPECT_FALSE(second.is_same_integration);
        EXPECT_TRUE(devices.take(claimant("acme/b", "key", "hub/devices/desk")).claim);
    }
    EXPECT_TRUE(devices.take(claimant("acme/b")).claim);
}

TEST(ConnectedDevices, WhoConnectsWithTheSameCredentialsIsAloneInThatToo) {
    ConnectedDevices devices;
    auto first = devices.take(claimant("acme/a"));
    EXPECT_FALSE(devices.take(claimant("other/a")).claim);
}

TEST(ConnectedDevices, WhoHasNotShownThatItsCredentialsAreGoodKeepsNobodyElseOut) {
    ConnectedDevices devices;
    auto stranger = devices.take(claimant("other/a", "a guess"));
    ASSERT_TRUE(stranger.claim);
    auto owner = devices.take(claimant("acme/a", "key"));
    ASSERT_TRUE(owner.claim);
    EXPECT_TRUE(owner.claim->confirm());
    EXPECT_FALSE(stranger.claim->confirm()) << "the second of two that the hub let in gives way";
}

TEST(ConnectedDevices, AnIntegrationIsToldWhenItIsItselfThatIsConnected) {
    ConnectedDevices devices;
    auto running = devices.take(claimant("acme/a", "key"));
    auto again = devices.take(claimant("acme/a", "key"));
    EXPECT_TRUE(again.is_same_integration && again.has_same_credentials);
    EXPECT_FALSE(again.is_connected);
    running.claim->confirm();
    EXPECT_TRUE(devices.take(claimant("acme/a", "key")).is_connected);
    auto with_new_key = devices.take(claimant("acme/a", "new key"));
    EXPECT_FALSE(with_new_key.claim);
    EXPECT_TRUE(with_new_key.is_same_integration);
    EXPECT_FALSE(with_new_key.has_same_credentials);
}

TEST(ConnectedDevices, WhatHasNoNameYetIsNobodysSelf) {
    ConnectedDevices devices;
    auto draft = devices.take(claimant("", "key"));
    EXPECT_FALSE(devices.take(claimant("", "key")).is_same_integration);
}

TEST(ConnectedDevices, AClaimThatWasMovedIsLetGoOnce) {
    ConnectedDevices devices;
    auto taken = devices.take(claimant("acme/a"));
    ConnectedDevices::Claim moved = std::move(*taken.claim);
    taken.claim.reset();
    EXPECT_FALSE(devices.take(claimant("acme/b")).claim);
    moved = std::move(*devices.take(claimant("acme/c", "key", "hub/devices/desk")).claim);
    EXPECT_TRUE(devices.take(claimant("acme/b")).claim);
    EXPECT_FALSE(devices.take(claimant("acme/b", "key", "hub/devices/desk")).claim);
}

TEST(ConnectedDevices, OfManyShardsOneHasTheDeviceAtATime) {
    ConnectedDevices devices;
    std::atomic<int> holders{0};
    std::atomic<bool> was_shared{false};
    auto shard = [&](const std::string& name) {
        for (int won = 0; won < 1000;) {
            auto taken = devices.take(claimant(name));
            if (!taken.claim) continue;
            if (++holders > 1) was_shared = true;
            --holders;
            ++won;
        }
    };
    std::vector<std::thread> shards;
    for (const char* name : {"acme/a", "acme/b", "acme/c"}) shards.emplace_back(shard, name);
    for (auto& each : shards) each.join();
    EXPECT_FALSE(was_shared);
}

}  // namespace
}  // namespace sluice::iot_hub
