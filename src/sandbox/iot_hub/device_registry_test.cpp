#include "sandbox/iot_hub/device_registry.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

const HubIdentity kDevice{"d1", ""};
const HubIdentity kModule{"d1", "m"};
const std::string kKey = base64_encode("0123456789abcdef0123456789abcdef");

class DeviceRegistryTest : public testing::Test {
  protected:
    DeviceRegistry registry_{DeviceRegistry::Options{}};
};

TEST_F(DeviceRegistryTest, HasEveryDeviceWithTheKeyOfAnEnrolmentGroup) {
    // "Symmetric key attestation", Device Provisioning Service: its worked example of a derived key.
    EXPECT_EQ(
        derived_hub_key("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==",
                        {"sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", ""}),
        "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
    auto device = registry_.find(kDevice);
    ASSERT_TRUE(device);
    EXPECT_EQ(device->primary_key, derived_hub_key(kSandboxHubGroupKey, kDevice));
    EXPECT_TRUE(device->enabled);
    EXPECT_FALSE(device->registered);
    EXPECT_NE(registry_.find(kModule)->primary_key, device->primary_key);
    EXPECT_FALSE(registry_.find({"a/b", ""}));
}

TEST_F(DeviceRegistryTest, ListsWhatWasUsedOrRegistered) {
    EXPECT_TRUE(registry_.list().empty());
    registry_.note_use(kModule);
    ASSERT_TRUE(registry_.put(kDevice, {}, false));
    auto all = registry_.list();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].first, kDevice);
    EXPECT_TRUE(all[0].second.registered);
    EXPECT_EQ(all[1].first, kModule);
}

TEST_F(DeviceRegistryTest, RegistersOnceAndReplaces) {
    registry_.note_use(kDevice);
    ASSERT_TRUE(registry_.put(kDevice, {{}, kKey, {}}, false)) << "use alone registers nothing";
    EXPECT_EQ(registry_.put(kDevice, {}, false).error().code, Errc::conflict);
    auto replaced = registry_.put(kDevice, {false, {}, {}}, true);
    ASSERT_TRUE(replaced);
    EXPECT_FALSE(replaced->enabled);
    EXPECT_EQ(replaced->primary_key, kKey) << "what is not given stays";
    EXPECT_GT(replaced->version, 1u);
}

TEST_F(DeviceRegistryTest, ARemovedDeviceIsGoneUntilItIsRegistered) {
    registry_.note_use(kModule);
    ASSERT_TRUE(registry_.remove(kDevice));
    EXPECT_FALSE(registry_.find(kDevice));
    EXPECT_FALSE(registry_.find(kModule));
    registry_.note_use(kDevice);
    EXPECT_FALSE(registry_.find(kDevice));
    EXPECT_EQ(registry_.remove(kDevice).error().code, Errc::not_found);
    EXPECT_EQ(registry_.put(kModule, {}, false).error().code, Errc::not_found);
    ASSERT_TRUE(registry_.put(kDevice, {}, false));
    EXPECT_TRUE(registry_.find(kDevice));
    EXPECT_TRUE(registry_.find(kModule));
}

TEST_F(DeviceRegistryTest, AModuleIsWorthWhatItsDeviceIs) {
    ASSERT_TRUE(registry_.put(kDevice, {false, {}, {}}, false));
    EXPECT_TRUE(registry_.find(kDevice));
    EXPECT_FALSE(registry_.find(kModule));
}

TEST_F(DeviceRegistryTest, RefusesIdsAndKeysThatCannotBe) {
    EXPECT_EQ(registry_.put({"a/b", ""}, {}, false).error().code, Errc::invalid_argument);
    EXPECT_EQ(registry_.put(kDevice, {{}, "not base64", {}}, false).error().code, Errc::invalid_argument);
    EXPECT_EQ(registry_.put(kDevice, {{}, {}, base64_encode("short")}, false).error().code, Errc::invalid_argument);
    EXPECT_TRUE(registry_.list().empty());
}

TEST(DeviceRegistryOptions, KnowOnlyRegisteredDevicesWhenToldSo) {
    DeviceRegistry registry({std::string(kSandboxHubGroupKey), false});
    EXPECT_FALSE(registry.find(kDevice));
    ASSERT_TRUE(registry.put(kDevice, {}, false));
    EXPECT_TRUE(registry.find(kDevice));
    EXPECT_FALSE(registry.find(kModule));
}

}  // namespace
}  // namespace sluice::sandbox
