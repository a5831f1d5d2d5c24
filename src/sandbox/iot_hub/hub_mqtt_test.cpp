#include <gmock/gmock.h>

#include "sandbox/iot_hub/hub_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::chrono_literals;
using enum mqtt::ConnectCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class HubMqttTest : public HubFixture {
  protected:
    HubMqttTest() : HubFixture(quick_options()) {}

    static IotHubOptions quick_options() {
        IotHubOptions options;
        options.throttled_ack_delay = 1ms;
        return options;
    }
    mqtt::Publish telemetry(std::string body, std::uint16_t id, std::string bag = "") {
        return MqttDevice::telemetry(kDevice, std::move(bag), std::move(body), id);
    }
    /// The answer to one CONNECT on a connection of its own, which must then be closed unless it was good.
    std::optional<mqtt::ConnectCode> answer(const mqtt::Connect& connect) {
        auto asking = device();
        auto code = asking.connect(connect);
        if (code && *code != accepted) {
            EXPECT_TRUE(asking.is_closed());
        }
        return code;
    }
};

TEST_F(HubMqttTest, TakesTelemetryInOrderAndAcknowledgesInOrder) {
    auto sender = connected(kDevice);
    constexpr std::uint16_t kMessages = 500;
    for (std::uint16_t i = 1; i <= kMessages; i++) sender.send(telemetry(std::to_string(i), i));
    for (std::uint16_t i = 1; i <= kMessages; i++) ASSERT_EQ(sender.read_ack(), i);
    auto items = received_.read(1, 1000);
    ASSERT_EQ(items.size(), kMessages);
    for (std::uint16_t i = 0; i < kMessages; i++) {
        EXPECT_EQ(items[i].body.view(), std::to_string(i + 1));
        EXPECT_EQ(items[i].sequence, std::to_string(i + 1));
    }
}

TEST_F(HubMqttTest, ShowsPropertiesAsReadersOfTheHubSeeThem) {
    auto sender = connected(kDevice);
    auto publish = telemetry("{}", 7, "%24.mid=m-1&%24.ct=application%2Fjson&%24.ce=utf-8&recType=io.x&%C3%A9=%22");
    publish.retain = true;
    sender.send(publish);
    ASSERT_EQ(sender.read_ack(), 7);
    auto item = received_.read(1, 1).at(0);
    EXPECT_EQ(item.service, "iot_hub");
    EXPECT_EQ(*item.target, "dev-1");
    EXPECT_EQ(item.id, "m-1");
    EXPECT_EQ(boost::json::parse(item.attributes), boost::json::parse(R"({
        "system": {"message-id": "m-1", "content-type": "application/json", "content-encoding": "utf-8"},
        "application": {"recType": "io.x", "é": "\"", "mqtt-retain": "true"}})"));
}

TEST_F(HubMqttTest, TakesMessagesOfQos0WithoutAWord) {
    auto sender = connected(kDevice);
    sender.send(telemetry("quiet", 0));
    sender.send(telemetry("loud", 1));
    EXPECT_EQ(sender.read_ack(), 1);
    EXPECT_THAT(bodies(), ElementsAre("quiet", "loud"));
}

TEST_F(HubMqttTest, TakesBytesOfEveryKindInPiecesOfEverySize) {
    auto sender = device();
    std::string bytes;
    ASSERT_TRUE(mqtt::encode(connect_packet(kDevice), bytes));
    std::string body;
    for (int i = 0; i < 256; i++) body += static_cast<char>(i);
    ASSERT_TRUE(mqtt::encode(telemetry(body, 3), bytes));
    for (char byte : bytes) sender.send_bytes({&byte, 1});
    ASSERT_TRUE(sender.read());
    EXPECT_EQ(sender.read_ack(), 3);
    EXPECT_THAT(bodies(), ElementsAre(body));
}

TEST_F(HubMqttTest, ModulesSendAsThemselves) {
    const HubIdentity module{"dev-1", "m"};
    auto sender = connected(module);
    sender.send(MqttDevice::telemetry(module, "", "x", 1));
    EXPECT_EQ(sender.read_ack(), 1);
    EXPECT_EQ(*received_.read(1, 1).at(0).target, "dev-1/m");
    sender.send(telemetry("as the device", 2));
    EXPECT_TRUE(sender.is_closed());
}

TEST_F(HubMqttTest, ChecksWhoConnectsAsAHubDoes) {
    auto good = connect_packet(kDevice);
    EXPECT_EQ(answer(good), accepted);

    auto packet = good;
    packet.password = Secret(MqttDevice::token(kDevice, in(1h), kSandboxHubHost, kSandboxHubPolicyKey));
    EXPECT_EQ(answer(packet), not_authorized);
    EXPECT_THAT(reason(kDevice), HasSubstr("not made with a key of the device"));

    packet.password = Secret(MqttDevice::token(kDevice, in(0s)));
    EXPECT_EQ(answer(packet), not_authorized);
    EXPECT_THAT(reason(kDevice), HasSubstr("expired"));

    packet.password = Secret(MqttDevice::token({"dev-2", ""}, in(1h)));
    EXPECT_EQ(answer(packet), not_authorized);
    packet.password = Secret(MqttDevice::token(kDevice, in(1h), "other.azure-devices.net"));
    EXPECT_EQ(answer(packet), not_authorized) << "a token for another hub than the user name's";

    packet = good;
    packet.client_id = "dev-2";
    EXPECT_EQ(answer(packet), not_authorized) << "the user name is another device's";
    packet = good;
    packet.password = Secret("password");
    EXPECT_EQ(answer(packet), bad_user_name_or_password);
    packet.password.reset();
    EXPECT_EQ(answer(packet), bad_user_name_or_password);
    packet = good;
    packet.username = "dev-1";
    EXPECT_EQ(answer(packet), bad_user_name_or_password);
    packet = good;
    packet.client_id = "no device";
    EXPECT_EQ(answer(packet), identifier_rejected);
}

TEST_F(HubMqttTest, AnswersOtherVersionsOfMqtt) {
    auto asking = device();
    using namespace std::string_view_literals;
    asking.send_bytes(
        "\x10\x0f\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x02"
        "d1"sv);
    auto packet = asking.read();
    ASSERT_TRUE(packet);
    EXPECT_EQ(std::get<mqtt::ConnAck>(*packet).code, unacceptable_protocol);
    EXPECT_TRUE(asking.is_closed());
}

TEST_F(HubMqttTest, ClosesOnWhatAHubClosesOn) {
    struct Case {
        std::string what;
        std::string bytes;
        std::string reason;
    };
    auto encoded = [](const mqtt::Packet& packet) {
        std::string bytes;
        EXPECT_TRUE(mqtt::encode(packet, bytes));
        return bytes;
    };
    auto on_topic = [&](std::string topic) {
        auto publish = telemetry("x", 1);
        publish.topic = std::move(topic);
        return encoded(publish);
    };
    auto qos2 = encoded(telemetry("x", 1));
    qos2[0] = static_cast<char>(0x34);
    for (const auto& [what, bytes, why] : std::vector<Case>{
             {"QoS 2", qos2, "QoS 2"},
             {"a foreign topic", on_topic("building/1"), "400004"},
             {"another device's topic", on_topic("devices/dev-2/messages/events/"), "another device"},
             {"a broken escape", on_topic("devices/dev-1/messages/events/a=%4"), "broken escape"},
             {"a second CONNECT", encoded(connect_packet(kDevice)), "second CONNECT"},
             {"what is not MQTT", "GET / HTTP/1.1\r\n\r\n", "understood no more"},
             {"a message of 256 KB and a byte", encoded(telemetry(std::string((256 << 10) + 1, 'x'), 1)), "413001"},
             {"properties that make it too large", encoded(telemetry(std::string((256 << 10) - 3, 'x'), 1, "ab=cd")),
              "413001"},
             {"a packet that no message could be", "\x30\xff\xff\xff\x7f", "understood no more"},
         }) {
        auto sender = connected(kDevice);
        sender.send_bytes(bytes);
        EXPECT_TRUE(sender.is_closed()) << what;
        EXPECT_THAT(reason(kDevice), HasSubstr(why)) << what;
    }
    EXPECT_EQ(received_.total().items, 0u);
    auto sender = connected(kDevice);
    sender.send(telemetry(std::string((256 << 10) - 4, 'x'), 1, "ab=cd"));
    EXPECT_EQ(sender.read_ack(), 1) << "exactly 256 KB";
}

TEST_F(HubMqttTest, AnswersWhatCameBeforeTheMistake) {
    auto sender = connected(kDevice);
    std::string bytes;
    ASSERT_TRUE(mqtt::encode(telemetry("good", 1), bytes));
    auto bad = telemetry("bad", 2);
    bad.topic = "elsewhere";
    ASSERT_TRUE(mqtt::encode(bad, bytes));
    sender.send_bytes(bytes);
    EXPECT_EQ(sender.read_ack(), 1);
    EXPECT_TRUE(sender.is_closed());
    EXPECT_THAT(bodies(), ElementsAre("good"));
}

TEST_F(HubMqttTest, TheFirstPacketIsAConnect) {
    auto asking = device();
    asking.send(telemetry("x", 1));
    EXPECT_TRUE(asking.is_closed());
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(HubMqttTest, ANewerConnectionCutsTheOlderOff) {
    auto older = connected(kDevice);
    auto other = connected({"dev-2", ""});
    auto newer = connected(kDevice);
    EXPECT_TRUE(older.is_closed());
    EXPECT_THAT(reason(kDevice), StartsWith("400027"));
    newer.send(telemetry("x", 1));
    EXPECT_EQ(newer.read_ack(), 1);
    EXPECT_EQ(hub_.connections(), 2u);
    other.send(MqttDevice::telemetry({"dev-2", ""}, "", "y", 1));
    EXPECT_EQ(other.read_ack(), 1);
}

TEST_F(HubMqttTest, ARefusedConnectionCutsNobodyOff) {
    auto older = connected(kDevice);
    auto bad = connect_packet(kDevice);
    bad.password = Secret(MqttDevice::token(kDevice, in(0s)));
    EXPECT_EQ(answer(bad), not_authorized);
    older.send(telemetry("x", 1));
    EXPECT_EQ(older.read_ack(), 1);
}

TEST_F(HubMqttTest, AnExpiredTokenEndsTheConnection) {
    auto sender = device();
    ASSERT_EQ(sender.connect(MqttDevice::connect_packet(kDevice, in(60s))), accepted);
    clock_.advance(59s);
    sender.send(telemetry("in time", 1));
    EXPECT_EQ(sender.read_ack(), 1);
    clock_.advance(1s);
    EXPECT_TRUE(sender.is_closed());
    EXPECT_THAT(reason(kDevice), HasSubstr("the token has expired"));
}

TEST_F(HubMqttTest, SilenceIsBorneForOneAndAHalfKeepAlives) {
    auto sender = device();
    auto connect = connect_packet(kDevice);
    connect.keep_alive_seconds = 10;
    ASSERT_EQ(sender.connect(connect), accepted);
    clock_.advance(14s);
    sender.send(mqtt::PingReq{});
    auto pong = sender.read();
    ASSERT_TRUE(pong);
    EXPECT_TRUE(std::holds_alternative<mqtt::PingResp>(*pong));
    clock_.advance(15s + 1ms);
    EXPECT_TRUE(sender.is_closed());
    EXPECT_THAT(reason(kDevice), HasSubstr("1.5 keep-alives"));
}

TEST_F(HubMqttTest, ADeviceWithoutKeepAliveIsCutOffInTheEnd) {
    auto sender = device();
    auto connect = MqttDevice::connect_packet(kDevice, in(24h));
    connect.keep_alive_seconds = 0;
    ASSERT_EQ(sender.connect(connect), accepted);
    clock_.advance(29min);
    sender.send(mqtt::PingReq{});
    ASSERT_TRUE(sender.read());
    clock_.advance(30min);
    EXPECT_TRUE(sender.is_closed());
}

TEST_F(HubMqttTest, AConnectionThatSaysNothingIsClosed) {
    auto silent = device();
    auto known = connected(kDevice);  // so the silent one has been accepted
    clock_.advance(31s);
    EXPECT_TRUE(silent.is_closed());
    EXPECT_EQ(hub_.connections(), 1u);
}

TEST_F(HubMqttTest, SubscribesToWhatADeviceMay) {
    auto sender = connected(kDevice);
    mqtt::Subscribe subscribe;
    subscribe.packet_id = 9;
    subscribe.subscriptions = {{"devices/dev-1/messages/devicebound/#", 1},
                               {"$iothub/twin/res/#", 0},
                               {"$iothub/methods/POST/#", 2},
                               {"devices/dev-2/messages/devicebound/#", 1},
                               {"#", 1}};
    sender.send(subscribe);
    auto packet = sender.read();
    ASSERT_TRUE(packet);
    EXPECT_EQ(std::get<mqtt::SubAck>(*packet).packet_id, 9);
    EXPECT_THAT(std::get<mqtt::SubAck>(*packet).codes, ElementsAre(1, 0, 1, 0x80, 0x80));
    sender.send(mqtt::Unsubscribe{10, {"$iothub/twin/res/#"}});
    packet = sender.read();
    ASSERT_TRUE(packet);
    EXPECT_EQ(std::get<mqtt::UnsubAck>(*packet).packet_id, 10);
}

TEST_F(HubMqttTest, ADeviceMayLeave) {
    auto sender = connected(kDevice);
    sender.send(mqtt::Disconnect{});
    EXPECT_TRUE(sender.is_closed());
    EXPECT_EQ(hub_.connections(), 0u);
    EXPECT_THAT(reason(kDevice), HasSubstr("the device disconnected"));
}

TEST_F(HubMqttTest, DeletedAndDisabledDevicesAreCutOff) {
    auto sender = connected(kDevice);
    auto module = connected({"dev-1", "m"});
    ASSERT_TRUE(hub_.create_target("iot_hub", "dev-1", R"({"status":"disabled"})"));
    EXPECT_TRUE(sender.is_closed());
    EXPECT_TRUE(module.is_closed());
    EXPECT_EQ(answer(connect_packet(kDevice)), not_authorized);
    ASSERT_TRUE(hub_.create_target("iot_hub", "dev-1", R"({"status":"enabled"})"));
    auto again = connected(kDevice);
    ASSERT_TRUE(hub_.delete_target("iot_hub", "dev-1"));
    EXPECT_TRUE(again.is_closed());
    EXPECT_EQ(answer(connect_packet(kDevice)), not_authorized);
    ASSERT_TRUE(hub_.create_target("iot_hub", "dev-1", ""));
    EXPECT_EQ(answer(connect_packet(kDevice)), accepted);
}

TEST_F(HubMqttTest, ADeviceCanBeKickedAtWill) {
    auto sender = connected(kDevice);
    hub_.disconnect(kDevice);
    EXPECT_TRUE(sender.is_closed());
    auto again = connected(kDevice);
    ASSERT_TRUE(hub_.create_target("iot_hub", "dev-1", R"({"disconnect":true})"));
    EXPECT_TRUE(again.is_closed());
}

TEST_F(HubMqttTest, StopsWhileDevicesAreConnectedAndGoesOnAtTheSamePort) {
    auto before = port();
    auto sender = connected(kDevice);
    hub_.stop();
    EXPECT_TRUE(sender.is_closed());
    EXPECT_TRUE(hub_.listeners().empty());
    EXPECT_EQ(hub_.connections(), 0u);
    ASSERT_TRUE(hub_.start({}));
    EXPECT_EQ(port(), before);
    connected(kDevice);
}

TEST_F(HubMqttTest, HoldsHundredsOfDevicesAtOnce) {
    constexpr int kDevices = 400;
    std::vector<MqttDevice> devices;
    auto identity = [](int i) { return HubIdentity{"many-" + std::to_string(i), ""}; };
    for (int i = 0; i < kDevices; i++) devices.push_back(connected(identity(i)));
    EXPECT_EQ(hub_.connections(), static_cast<std::size_t>(kDevices));
    for (std::uint16_t round = 1; round <= 5; round++) {
        for (int i = 0; i < kDevices; i++)
            devices[static_cast<std::size_t>(i)].send(
                MqttDevice::telemetry(identity(i), "", std::to_string(round), round));
        for (auto& one : devices) ASSERT_EQ(one.read_ack(), round);
    }
    EXPECT_EQ(received_.total().items, 5u * kDevices);
    EXPECT_EQ(received_.counts().size(), static_cast<std::size_t>(kDevices));
}

// What faults do to a CONNECT.

TEST_F(HubMqttTest, FaultsRefuseConnections) {
    struct Case {
        std::string action;
        std::optional<mqtt::ConnectCode> code;
    };
    for (const auto& [action, code] : std::vector<Case>{{"http_500", server_unavailable},
                                                        {"throttle_request", server_unavailable},
                                                        {"expired_token", not_authorized},
                                                        {"missing_target", not_authorized},
                                                        {"access_denied", not_authorized},
                                                        {"reset_before", std::nullopt}}) {
        set_faults(R"([{"operation":"Connect","count":1,"action":")" + action + "\"}]");
        EXPECT_EQ(answer(connect_packet(kDevice)), code) << action;
        EXPECT_EQ(answer(connect_packet(kDevice)), accepted) << action;
    }
}

TEST_F(HubMqttTest, FaultsOfTheClockAreMeasuredByTheToken) {
    set_faults(R"([{"operation":"Connect","action":"skew","skew":7200}])");
    EXPECT_EQ(answer(connect_packet(kDevice)), not_authorized);
    EXPECT_EQ(answer(MqttDevice::connect_packet(kDevice, in(3h))), accepted);
}

TEST_F(HubMqttTest, AConnectThatHangsIsNotAnsweredNorCutOff) {
    set_faults(R"([{"operation":"Connect","action":"hang","count":1}])");
    auto hanging = device();
    hanging.send(connect_packet(kDevice));
    auto second = connected(kDevice);
    EXPECT_EQ(hub_.connections(), 1u);
    clock_.advance(2min);
    auto other = connected({"dev-2", ""});
    hanging.socket().half_close();
    EXPECT_TRUE(hanging.is_closed());
}

TEST_F(HubMqttTest, AConnectCanBeAcceptedAndCut) {
    set_faults(R"([{"operation":"Connect","action":"reset_after","count":1}])");
    auto sender = device();
    EXPECT_EQ(sender.connect(connect_packet(kDevice)), accepted);
    EXPECT_TRUE(sender.is_closed());
}

// What faults do to a PUBLISH.

TEST_F(HubMqttTest, FaultsDisconnectWithoutAccepting) {
    for (const auto* action : {"http_500", "throttle_request", "expired_token", "missing_target", "access_denied",
                               "reset_before", "fail_record"}) {
        set_faults(std::string(R"([{"operation":"Publish","nth":2,"action":")") + action + "\"}]");
        received_.clear();
        auto sender = connected(kDevice);
        sender.send(telemetry("first", 1));
        sender.send(telemetry("second", 2));
        EXPECT_EQ(sender.read_ack(), 1) << action;
        EXPECT_TRUE(sender.is_closed()) << action;
        EXPECT_THAT(bodies(), ElementsAre("first")) << action;
    }
}

TEST_F(HubMqttTest, AMessageCanBeAcceptedAndItsAnswerLost) {
    set_faults(R"([{"operation":"Publish","nth":2,"action":"reset_after"}])");
    auto sender = connected(kDevice);
    sender.send(telemetry("first", 1));
    sender.send(telemetry("second", 2));
    EXPECT_EQ(sender.read_ack(), 1);
    EXPECT_TRUE(sender.is_closed());
    EXPECT_THAT(bodies(), ElementsAre("first", "second"));
}

TEST_F(HubMqttTest, AHungHubStillAnswersPings) {
    for (bool stored : {false, true}) {
        received_.clear();
        set_faults(stored ? R"([{"operation":"Publish","nth":2,"action":"hang_after"}])"
                          : R"([{"operation":"Publish","nth":2,"action":"hang"}])");
        auto sender = connected(kDevice);
        for (std::uint16_t i = 1; i <= 3; i++) sender.send(telemetry(std::to_string(i), i));
        sender.send(mqtt::PingReq{});
        EXPECT_EQ(sender.read_ack(), 1);
        auto next = sender.read();
        ASSERT_TRUE(next);
        EXPECT_TRUE(std::holds_alternative<mqtt::PingResp>(*next)) << "no PUBACK overtakes a lost one";
        EXPECT_EQ(bodies(), stored ? std::vector<std::string>({"1", "2", "3"}) : std::vector<std::string>({"1"}));
    }
}

TEST_F(HubMqttTest, ThrottlingSlowsThenDisconnects) {
    set_faults(R"([{"operation":"Publish","action":"throttle"}])");
    auto sender = connected(kDevice);
    for (std::uint16_t i = 1; i <= 5; i++) sender.send(telemetry(std::to_string(i), i));
    for (std::uint16_t i = 1; i <= 3; i++) EXPECT_EQ(sender.read_ack(), i);
    EXPECT_TRUE(sender.is_closed());
    EXPECT_THAT(bodies(), ElementsAre("1", "2", "3"));
    EXPECT_THAT(reason(kDevice), HasSubstr("429001"));
}

TEST_F(HubMqttTest, AThrottledMessageAmongOthersOnlySlows) {
    set_faults(R"([{"operation":"Publish","action":"throttle","every":2}])");
    auto sender = connected(kDevice);
    for (std::uint16_t i = 1; i <= 20; i++) sender.send(telemetry(std::to_string(i), i));
    for (std::uint16_t i = 1; i <= 20; i++) EXPECT_EQ(sender.read_ack(), i);
}

TEST_F(HubMqttTest, ADelayHoldsUpWhatIsBehind) {
    set_faults(R"([{"operation":"Publish","action":"delay","delay":"5ms","nth":1}])");
    auto sender = connected(kDevice);
    sender.send(telemetry("slow", 1));
    sender.send(telemetry("quick", 2));
    EXPECT_EQ(sender.read_ack(), 1);
    EXPECT_EQ(sender.read_ack(), 2);
    EXPECT_THAT(bodies(), ElementsAre("slow", "quick"));
}

TEST_F(HubMqttTest, ADeviceThatIsKickedInADelayHasSentNothing) {
    set_faults(R"([{"operation":"Publish","action":"delay","delay":"1h"}])");
    auto older = connected(kDevice);
    older.send(telemetry("x", 1));
    auto newer = connected(kDevice);
    EXPECT_TRUE(older.is_closed());
    EXPECT_EQ(received_.total().items, 0u);
}

}  // namespace
}  // namespace sluice::sandbox
