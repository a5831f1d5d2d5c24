#include "destinations/iot_hub/device_string.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::iot_hub {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kKey = "c2VjcmV0LWtleS1vZi10aGUtZGV2aWNl";
constexpr std::string_view kToken =
    "SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Froom&sig=c2ln%3D&se=1767225600";

std::string with_key(std::string_view more = {}) {
    return "HostName=hub.azure-devices.net;DeviceId=room;SharedAccessKey=" + std::string(kKey) + std::string(more);
}

Error refusal(std::string_view text) {
    auto device = parse_device_string(text);
    EXPECT_FALSE(device) << text;
    if (device) return {};
    EXPECT_NE(device.error().hint, "");
    EXPECT_THAT(device.error().message + device.error().hint, Not(HasSubstr(std::string(kKey))));
    return device.error();
}

TEST(DeviceString, ReadsWhatThePortalShows) {
    auto device = parse_device_string(with_key()).value();
    EXPECT_EQ(device.host, "hub.azure-devices.net");
    EXPECT_EQ(device.connect_host(), "hub.azure-devices.net");
    EXPECT_EQ(device.name(), "room");
    EXPECT_EQ(device.resource(), "hub.azure-devices.net/devices/room");
    EXPECT_EQ(device.key.reveal(), "secret-key-of-the-device");
    EXPECT_TRUE(device.token.empty());
}

TEST(DeviceString, ForgivesWhatPastingDoes) {
    auto device = parse_device_string("\xef\xbb\xbf \"" + with_key(";") + "\"\r\n").value();
    EXPECT_EQ(device.name(), "room");
}

TEST(DeviceString, AModuleIsNamedWithItsDevice) {
    auto device = parse_device_string(with_key(";ModuleId=forwarder")).value();
    EXPECT_EQ(device.name(), "room/forwarder");
    EXPECT_EQ(device.resource(), "hub.azure-devices.net/devices/room/modules/forwarder");
}

TEST(DeviceString, AGatewayIsConnectedToInTheHubsPlace) {
    auto device = parse_device_string(with_key(";GatewayHostName=edge.example.com")).value();
    EXPECT_EQ(device.connect_host(), "edge.example.com");
    EXPECT_EQ(device.resource(), "hub.azure-devices.net/devices/room");
}

TEST(DeviceString, ATokenTellsWhenItEnds) {
    auto text = "HostName=hub.azure-devices.net;DeviceId=room;SharedAccessSignature=" + std::string(kToken);
    auto device = parse_device_string(text).value();
    EXPECT_EQ(device.token.reveal(), kToken);
    EXPECT_TRUE(device.key.empty());
    EXPECT_EQ(format_rfc3339(*device.token_expires), "2026-01-01T00:00:00.000Z");
}

TEST(DeviceString, ATokenMayBeForTheWholeHub) {
    EXPECT_TRUE(
        parse_device_string("HostName=hub.azure-devices.net;DeviceId=room;SharedAccessSignature="
                            "SharedAccessSignature sr=hub.azure-devices.net&sig=x&se=1&skn=device"));
}

TEST(DeviceString, ATokenForSomethingElseIsRefused) {
    for (auto resource : {"other.azure-devices.net%2Fdevices%2Froom", "hub.azure-devices.net%2Fdevices%2Froo",
                          "hub.azure-devices.net%2Fdevices%2Froom2"}) {
        auto error =
            refusal("HostName=hub.azure-devices.net;DeviceId=room;SharedAccessSignature=SharedAccessSignature sr=" +
                    std::string(resource) + "&sig=x&se=1");
        EXPECT_THAT(error.message, HasSubstr("for something else than this device"));
    }
}

TEST(DeviceString, ATokenThatIsNoneIsRefused) {
    for (auto token :
         {"sr=hub.azure-devices.net&sig=x&se=1", "SharedAccessSignature sig=x&se=1",
          "SharedAccessSignature sr=hub.azure-devices.net&se=1",
          "SharedAccessSignature sr=hub.azure-devices.net&sig=x&se=soon",
          "SharedAccessSignature sr=hub.azure-devices.net&sig=x&se=99999999999999",
          "SharedAccessSignature sr=hub.azure-devices.net&sig=x&se=-1", "SharedAccessSignature sr=%zz&sig=x&se=1"}) {
        auto error =
            refusal("HostName=hub.azure-devices.net;DeviceId=room;SharedAccessSignature=" + std::string(token));
        EXPECT_THAT(error.message, HasSubstr("SharedAccessSignature that is none")) << token;
    }
}

TEST(DeviceString, OtherKindsAreRefusedByName) {
    auto service =
        refusal("HostName=hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=" + std::string(kKey));
    EXPECT_THAT(service.message, HasSubstr("SharedAccessKeyName"));
    EXPECT_THAT(service.message, HasSubstr("service side"));
    EXPECT_THAT(refusal(with_key(";SharedAccessKeyName=device")).message, HasSubstr("its own key"));
    EXPECT_THAT(refusal("HostName=hub.azure-devices.net;DeviceId=room;x509=true").message, HasSubstr("x509"));
    EXPECT_THAT(
        refusal("Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=" + std::string(kKey))
            .hint,
        HasSubstr("event_hubs"));
}

TEST(DeviceString, WhatIsMissingOrWrongIsNamed) {
    EXPECT_THAT(refusal("").message, HasSubstr("is empty"));
    EXPECT_THAT(refusal("DeviceId=room;SharedAccessKey=" + std::string(kKey)).message, HasSubstr("no HostName"));
    EXPECT_THAT(refusal("HostName=hub.azure-devices.net;SharedAccessKey=" + std::string(kKey)).message,
                HasSubstr("no DeviceId"));
    EXPECT_THAT(refusal("HostName=hub.azure-devices.net;DeviceId=room").message, HasSubstr("no SharedAccessKey"));
    EXPECT_THAT(refusal(with_key(";SharedAccessSignature=" + std::string(kToken))).message, HasSubstr("both"));
    EXPECT_THAT(refusal(with_key(";Colour=red")).message, HasSubstr("Colour"));
    EXPECT_THAT(
        refusal("HostName=hub.azure-devices.net:8883;DeviceId=room;SharedAccessKey=" + std::string(kKey)).message,
        HasSubstr("HostName"));
    EXPECT_THAT(refusal(with_key(";GatewayHostName=https://edge")).message, HasSubstr("GatewayHostName"));
    EXPECT_THAT(refusal("HostName=h;DeviceId=a room;SharedAccessKey=" + std::string(kKey)).message,
                HasSubstr("DeviceId"));
    EXPECT_THAT(refusal(with_key(";ModuleId=a/b")).message, HasSubstr("ModuleId"));
}

TEST(DeviceString, AKeyThatIsNotBase64IsNamedAndNotTold) {
    auto error = refusal("HostName=hub.azure-devices.net;DeviceId=room;SharedAccessKey=c2VjcmV0!");
    EXPECT_THAT(error.message, HasSubstr("SharedAccessKey that is not base64"));
    EXPECT_THAT(error.message + error.hint, Not(HasSubstr("c2VjcmV0")));
}

}  // namespace
}  // namespace sluice::iot_hub
