#include "sandbox/iot_hub/hub_access.hpp"

#include <gtest/gtest.h>

#include "auth/azure_sas.hpp"
#include "base/encoding.hpp"
#include "base/secret.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = from_epoch_ms(1'700'000'000'000);
const HubIdentity kKnownDevice{"d1", ""};
const HubIdentity kKnownModule{"d1", "m1"};
constexpr std::string_view kHost = "hub.azure-devices.net";

Secret raw(std::string_view key) {
    return Secret(base64_decode(key).value());
}

std::string token(std::string_view uri, const Secret& key, Timestamp expires = kNow + 1h,
                  std::string_view policy = {}) {
    return auth::azure_sas_token(uri, key, expires, policy).reveal();
}

class HubAccessTest : public testing::Test {
  protected:
    Secret device_key() { return raw(registry_.find(kKnownDevice)->primary_key); }
    Secret policy_key() { return raw(kSandboxHubPolicyKey); }
    /// nullopt: let in.
    std::optional<HubRefusal> refusal(std::string_view text, const HubIdentity& identity = kKnownDevice) {
        auto result = access_.as_device(text, kHost, identity, kNow);
        return result ? std::nullopt : std::optional(result.error());
    }
    std::optional<HubRefusal> service_refusal(std::string_view text) {
        auto result = access_.as_service(text, "devices/d1", kNow);
        return result ? std::nullopt : std::optional(result.error());
    }

    DeviceRegistry registry_{DeviceRegistry::Options{}};
    HubAccess access_{registry_, std::string(kSandboxHubPolicyKey)};
};

TEST(SasToken, IsReadInAnyOrder) {
    auto parsed = parse_sas_token("SharedAccessSignature se=1578941692&skn=&sig=a%2Fb%3D&sr=h%2Fdevices%2Fd");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->encoded_resource, "h%2Fdevices%2Fd");
    EXPECT_EQ(parsed->resource, "h/devices/d");
    EXPECT_EQ(parsed->signature, "a/b=");
    EXPECT_EQ(parsed->expires, from_epoch_ms(1'578'941'692'000));
    EXPECT_EQ(parsed->policy, "");
}

TEST(SasToken, IsRefusedWhenAnythingElse) {
    for (const auto* wrong : {
             "",
             "SharedAccessSignature",
             "SharedAccessSignature ",
             "sharedaccesssignature sr=h&sig=s&se=1",
             "SharedAccessSignature sr=h&sig=s",
             "SharedAccessSignature sr=h&se=1",
             "SharedAccessSignature sig=s&se=1",
             "SharedAccessSignature sr=h&sr=h&sig=s&se=1",
             "SharedAccessSignature sr=h&sig=s&se=1&sig=s",
             "SharedAccessSignature sr=h&sig=s&se=1&x=y",
             "SharedAccessSignature sr=%2&sig=s&se=1",
             "SharedAccessSignature sr=h&sig=s&se=-1",
             "SharedAccessSignature sr=h&sig=s&se=1.5",
             "SharedAccessSignature sr=h&sig=s&se=999999999999",
             "SharedAccessSignature sr=h&sig=s&se=",
             "SharedAccessSignature sr=h&sig=s&se=1&",
         }) {
        EXPECT_FALSE(parse_sas_token(wrong)) << wrong;
    }
    EXPECT_FALSE(parse_sas_token("SharedAccessSignature sr=h&sig=s&se=1&skn=" + std::string(5000, 'a')));
}

TEST_F(HubAccessTest, LetsADeviceInWithEitherOfItsKeys) {
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d1", device_key())), std::nullopt);
    EXPECT_EQ(refusal(token("HUB.azure-devices.net/devices/d1", device_key())), std::nullopt);
    auto secondary = base64_encode("0123456789abcdef0123456789abcdef");
    ASSERT_TRUE(registry_.put(kKnownDevice, {{}, {}, secondary}, false));
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d1", raw(secondary))), std::nullopt);
    EXPECT_EQ(access_.as_device(token("h/devices/d1", device_key()), {}, kKnownDevice, kNow)->expires, kNow + 1h);
}

TEST_F(HubAccessTest, TellsWhyItDoesNot) {
    auto uri = "hub.azure-devices.net/devices/d1";
    EXPECT_EQ(refusal("letmein"), HubRefusal::malformed_token);
    EXPECT_EQ(refusal(token(uri, raw(kSandboxHubGroupKey))), HubRefusal::wrong_key);
    EXPECT_EQ(refusal(token(uri, device_key(), kNow)), HubRefusal::expired);
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d2", device_key())), HubRefusal::wrong_scope);
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d", device_key())), HubRefusal::wrong_scope);
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d1/modules/m1", device_key())), HubRefusal::wrong_scope);
    EXPECT_EQ(refusal(token("hub.azure-devices.net", device_key())), HubRefusal::wrong_scope);
    EXPECT_EQ(refusal(token("other.azure-devices.net/devices/d1", device_key())), HubRefusal::wrong_scope);
    EXPECT_EQ(refusal(token(uri, device_key(), kNow + 1h, "nobody")), HubRefusal::unknown_policy);
    EXPECT_EQ(refusal(token(uri, device_key()), kKnownModule), HubRefusal::wrong_key);
    ASSERT_TRUE(registry_.put(kKnownDevice, {false, {}, {}}, false));
    EXPECT_EQ(refusal(token(uri, device_key())), HubRefusal::disabled_device);
    auto key = device_key();
    ASSERT_TRUE(registry_.remove(kKnownDevice));
    EXPECT_EQ(refusal(token(uri, key)), HubRefusal::unknown_device);
}

TEST_F(HubAccessTest, ASignatureIsForWhatWasSigned) {
    auto good = token("hub.azure-devices.net/devices/d1", device_key());
    auto later = good;
    auto digit = later.rfind("se=") + 3;
    later[digit] = '9';
    EXPECT_EQ(refusal(later), HubRefusal::wrong_key);
}

TEST_F(HubAccessTest, ModulesHaveKeysOfTheirOwn) {
    auto key = raw(registry_.find(kKnownModule)->primary_key);
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d1/modules/m1", key), kKnownModule), std::nullopt);
}

TEST_F(HubAccessTest, PoliciesConnectAnyDevice) {
    EXPECT_EQ(refusal(token("hub.azure-devices.net", policy_key(), kNow + 1h, kHubDevicePolicy)), std::nullopt);
    EXPECT_EQ(refusal(token("hub.azure-devices.net/devices/d1", policy_key(), kNow + 1h, kHubOwnerPolicy)),
              std::nullopt);
    EXPECT_EQ(refusal(token("hub.azure-devices.net", device_key(), kNow + 1h, kHubDevicePolicy)),
              HubRefusal::wrong_key);
}

TEST_F(HubAccessTest, OnlyTheOwnersPolicyOpensTheRegistry) {
    EXPECT_EQ(service_refusal(token("hub", policy_key(), kNow + 1h, kHubOwnerPolicy)), std::nullopt);
    EXPECT_EQ(service_refusal(token("hub", policy_key(), kNow + 1h, kHubDevicePolicy)), HubRefusal::missing_right);
    EXPECT_EQ(service_refusal(token("hub/devices/d1", device_key())), HubRefusal::missing_right);
    EXPECT_EQ(service_refusal(token("hub/devices/d2", policy_key(), kNow + 1h, kHubOwnerPolicy)),
              HubRefusal::wrong_scope);
    EXPECT_EQ(service_refusal(token("hub", policy_key(), kNow - 1s, kHubOwnerPolicy)), HubRefusal::expired);
    EXPECT_EQ(service_refusal(token("hub", device_key(), kNow + 1h, kHubOwnerPolicy)), HubRefusal::wrong_key);
    EXPECT_EQ(service_refusal("x"), HubRefusal::malformed_token);
}

}  // namespace
}  // namespace sluice::sandbox
