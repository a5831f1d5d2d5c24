#include "sandbox/iot_hub/hub_identity.hpp"

#include <gtest/gtest.h>

namespace sluice::sandbox {
namespace {

TEST(HubId, HasTheCharactersThatTheRegistryTakes) {
    EXPECT_TRUE(is_valid_hub_id("dev-1_%:.+#*?!(),=@;$'"));
    EXPECT_TRUE(is_valid_hub_id(std::string(128, 'a')));
    EXPECT_FALSE(is_valid_hub_id(""));
    EXPECT_FALSE(is_valid_hub_id(std::string(129, 'a')));
    EXPECT_FALSE(is_valid_hub_id("a/b"));
    EXPECT_FALSE(is_valid_hub_id("a b"));
    EXPECT_FALSE(is_valid_hub_id("gerät"));
}

TEST(HubClientId, IsADeviceOrAModule) {
    EXPECT_EQ(parse_client_id("my_device"), (HubIdentity{"my_device", ""}));
    EXPECT_EQ(parse_client_id("my_device/my_module"), (HubIdentity{"my_device", "my_module"}));
    EXPECT_EQ(parse_client_id("my_device/my_module")->name(), "my_device/my_module");
    for (const auto* wrong : {"", "/", "d/", "/m", "d/m/x", "d m"}) EXPECT_FALSE(parse_client_id(wrong)) << wrong;
}

TEST(HubUserName, GivesHostIdentityAndVersion) {
    auto parsed =
        parse_user_name("myhub.azure-devices.net/my_device/?api-version=2020-09-30&DeviceClientType=az%2Frtos");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->host, "myhub.azure-devices.net");
    EXPECT_EQ(parsed->identity, (HubIdentity{"my_device", ""}));
    EXPECT_EQ(parsed->api_version, "2020-09-30");
    EXPECT_EQ(parsed->client_type, "az/rtos");
    auto module = parse_user_name("127.0.0.1:8883/d?1/m/?api-version=2021-04-12");
    ASSERT_TRUE(module);
    EXPECT_EQ(module->identity, (HubIdentity{"d?1", "m"}));
}

TEST(HubUserName, IsRefusedWhenAnythingElse) {
    for (const auto* wrong : {
             "",
             "/?",
             "h/?api-version=2021-04-12",
             "h/d",
             "h/d/",
             "h/d/?",
             "h/d/?api-version",
             "h/d/?api-version=",
             "h/d/?api-version=today",
             "h/d/?DeviceClientType=x",
             "h/d/?api-version=2021-04-12&DeviceClientType=%2",
             "h/d/m/x/?api-version=2021-04-12",
             "/d/?api-version=2021-04-12",
             "h st/d/?api-version=2021-04-12",
             "d/?api-version=2021-04-12",
         }) {
        EXPECT_FALSE(parse_user_name(wrong)) << wrong;
    }
}

}  // namespace
}  // namespace sluice::sandbox
