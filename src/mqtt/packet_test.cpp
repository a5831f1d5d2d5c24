#include "mqtt/packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "mqtt/decoder.hpp"

namespace sluice::mqtt {
namespace {

using namespace std::string_view_literals;

std::string encoded(const Packet& packet) {
    std::string bytes;
    auto done = encode(packet, bytes);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return bytes;
}

Error refused(const Packet& packet) {
    std::string bytes = "before";
    auto done = encode(packet, bytes);
    EXPECT_FALSE(done);
    EXPECT_EQ(bytes, "before");
    return done ? Error() : done.error();
}

Result<std::optional<Packet>> decoded(Side reader, std::string_view bytes, std::size_t most = 1 << 20) {
    Decoder decoder(reader, most);
    decoder.feed(bytes);
    return decoder.next();
}

Packet whole(Side reader, std::string_view bytes) {
    auto packet = decoded(reader, bytes);
    if (!packet) throw std::runtime_error(packet.error().message);
    if (!*packet) throw std::runtime_error("more bytes are needed");
    return **packet;
}

Errc error_of(Side reader, std::string_view bytes) {
    auto packet = decoded(reader, bytes);
    EXPECT_FALSE(packet) << hex_lower(bytes);
    return packet ? Errc::cancelled : packet.error().code;
}

std::string from_hex(std::string_view hex) {
    return hex_decode(hex).value();
}

Connect full_connect() {
    Connect connect;
    connect.client_id = "device";
    connect.clean_session = false;
    connect.keep_alive_seconds = 240;
    connect.username = "hub/device";
    connect.password = Secret("SharedAccessSignature sr=…");
    connect.will = Will{"gone", std::string("\0\x01", 2), 2, true};
    return connect;
}

// §3.1: fixed header, "MQTT", level 4, flags, keep-alive, then the payload's fields in their order.
TEST(MqttPacket, AConnectIsLaidOutAsTheStandardSays) {
    Connect connect;
    connect.client_id = "a";
    connect.keep_alive_seconds = 10;
    connect.username = "u";
    connect.password = Secret("p");
    EXPECT_EQ(hex_lower(encoded(connect)), "101300044d51545404c2000a000161000175000170");
}

TEST(MqttPacket, AConnectsWillComesBetweenClientIdAndUserName) {
    Connect connect = full_connect();
    connect.client_id = "c";
    connect.username = "u";
    connect.password.reset();
    connect.will = Will{"t", "w", 1, true};
    EXPECT_EQ(hex_lower(encoded(connect)), "101600044d51545404ac00f0000163000174000177000175");
}

TEST(MqttPacket, AnswersAreLaidOutAsTheStandardSays) {
    EXPECT_EQ(hex_lower(encoded(ConnAck{true, ConnectCode::accepted})), "20020100");
    EXPECT_EQ(hex_lower(encoded(ConnAck{false, ConnectCode::not_authorized})), "20020005");
    EXPECT_EQ(hex_lower(encoded(PubAck{0x1234})), "40021234");
    EXPECT_EQ(hex_lower(encoded(SubAck{10, {0, 2, 0x80}})), "9005000a000280");
    EXPECT_EQ(hex_lower(encoded(UnsubAck{10})), "b002000a");
    EXPECT_EQ(hex_lower(encoded(PingReq{})), "c000");
    EXPECT_EQ(hex_lower(encoded(PingResp{})), "d000");
    EXPECT_EQ(hex_lower(encoded(Disconnect{})), "e000");
}

// The examples of §3.3.2.3, §3.8.3.1 and §3.10.3.1: topic a/b, packet id 10; a/b with QoS 1 and c/d with QoS 2.
TEST(MqttPacket, TheStandardsExamplesComeOut) {
    Publish publish{"a/b", "x", Qos::at_least_once, false, false, 10};
    EXPECT_EQ(hex_lower(encoded(publish)), "32080003612f62000a78");
    EXPECT_EQ(hex_lower(encoded(Subscribe{10, {{"a/b", 1}, {"c/d", 2}}})), "820e000a0003612f62010003632f6402");
    EXPECT_EQ(hex_lower(encoded(Unsubscribe{10, {"a/b", "c/d"}})), "a20c000a0003612f620003632f64");
}

TEST(MqttPacket, FlagsOfAPublishAreDuplicateQosAndRetain) {
    EXPECT_EQ(encoded(Publish{"t", "", Qos::at_most_once, true, false, 0})[0], '\x31');
    EXPECT_EQ(encoded(Publish{"t", "", Qos::at_least_once, false, true, 1})[0], '\x3a');
}

// Table 2.4: where a further byte of length begins.
TEST(MqttPacket, LengthsHaveOneToFourBytes) {
    auto with_remaining = [](std::size_t remaining) {
        std::string head;
        Publish publish{"t", "", Qos::at_most_once, false, false, 0};
        EXPECT_TRUE(encode_publish_head(publish, remaining - 3, head));
        return hex_lower(head.substr(1, head.size() - 4));
    };
    EXPECT_EQ(with_remaining(127), "7f");
    EXPECT_EQ(with_remaining(128), "8001");
    EXPECT_EQ(with_remaining(16'383), "ff7f");
    EXPECT_EQ(with_remaining(16'384), "808001");
    EXPECT_EQ(with_remaining(2'097'151), "ffff7f");
    EXPECT_EQ(with_remaining(2'097'152), "80808001");
    EXPECT_EQ(with_remaining(268'435'455), "ffffff7f");
    std::string head;
    EXPECT_FALSE(encode_publish_head(Publish{"t", "", Qos::at_most_once, false, false, 0}, 268'435'455, head));
}

TEST(MqttPacket, AHeadAndItsPayloadAreTheWholePublish) {
    Publish publish{"devices/d/messages/events/", std::string(300, 'p'), Qos::at_least_once, false, false, 7};
    std::string head;
    ASSERT_TRUE(encode_publish_head(publish, publish.payload.size(), head));
    EXPECT_EQ(head + publish.payload, encoded(publish));
    EXPECT_EQ(publish_bytes(publish.topic.size(), publish.payload.size()), encoded(publish).size());
    EXPECT_EQ(publish_bytes(1, 122),
              encoded(Publish{"t", std::string(122, 'p'), Qos::at_least_once, false, false, 1}).size());
    EXPECT_EQ(publish_bytes(1, 123),
              encoded(Publish{"t", std::string(123, 'p'), Qos::at_least_once, false, false, 1}).size());
}

TEST(MqttPacket, WhatIsEncodedIsDecodedAsItWas) {
    const std::vector<std::pair<Side, Packet>> packets = {
        {Side::server, full_connect()},
        {Side::server, Connect{}},
        {Side::client, ConnAck{true, ConnectCode::accepted}},
        {Side::client, ConnAck{false, ConnectCode::server_unavailable}},
        {Side::server, Publish{"t", std::string("\0\xFF", 2), Qos::at_most_once, true, false, 0}},
        {Side::client, Publish{"t/u", std::string(200'000, 'x'), Qos::at_least_once, false, true, 65'535}},
        {Side::client, PubAck{1}},
        {Side::server, Subscribe{3, {{"a/+/#", 2}, {"b", 0}}}},
        {Side::client, SubAck{3, {1, 0x80}}},
        {Side::server, Unsubscribe{4, {"a/+/#", "b"}}},
        {Side::client, UnsubAck{4}},
        {Side::server, PingReq{}},
        {Side::client, PingResp{}},
        {Side::server, Disconnect{}},
    };
    for (const auto& [reader, packet] : packets) {
        EXPECT_TRUE(whole(reader, encoded(packet)) == packet) << name_of(packet);
    }
}

TEST(MqttPacket, WhatTheStandardForbidsIsNotEncoded) {
    Connect connect;
    connect.password = Secret("p");
    EXPECT_THAT(refused(connect).message, testing::HasSubstr("password without a user name"));
    connect.username = "a\0b"sv;
    EXPECT_THAT(refused(connect).message, testing::HasSubstr("user name"));
    connect = full_connect();
    connect.will->topic = "a/#";
    refused(connect);
    refused(ConnAck{true, ConnectCode::not_authorized});
    refused(Publish{"", "", Qos::at_most_once, false, false, 0});
    refused(Publish{"a/+", "", Qos::at_most_once, false, false, 0});
    refused(Publish{std::string(65'536, 't'), "", Qos::at_most_once, false, false, 0});
    refused(Publish{"t", "", Qos::at_least_once, false, false, 0});
    refused(Publish{"t", "", Qos::at_most_once, false, false, 1});
    refused(Publish{"t", "", Qos::at_most_once, false, true, 0});
    refused(Publish{"t", "", static_cast<Qos>(2), false, false, 1});
    refused(PubAck{0});
    refused(Subscribe{1, {}});
    refused(Subscribe{0, {{"a", 0}}});
    refused(Subscribe{1, {{"a#", 0}}});
    refused(Subscribe{1, {{"a", 3}}});
    refused(SubAck{1, {}});
    refused(SubAck{1, {3}});
    refused(Unsubscribe{1, {}});
    refused(Unsubscribe{1, {""}});
    refused(UnsubAck{0});
}

TEST(MqttPacket, AMessageNeverContainsThePassword) {
    Connect connect = full_connect();
    connect.password = Secret(std::string(65'536, 'S'));
    EXPECT_THAT(refused(connect).message, testing::Not(testing::HasSubstr("SSS")));
}

TEST(MqttDecoder, BytesMayComeInAnyPieces) {
    auto bytes = encoded(full_connect()) +
                 encoded(Publish{"t", std::string(500, 'x'), Qos::at_least_once, false, false, 9}) + encoded(PingReq{});
    Decoder decoder(Side::server, 1024);
    std::vector<Packet> got;
    for (char byte : bytes) {
        decoder.feed({&byte, 1});
        while (auto packet = decoder.next().value()) got.push_back(std::move(*packet));
    }
    ASSERT_EQ(got.size(), 3u);
    EXPECT_TRUE(got[0] == Packet(full_connect()));
    EXPECT_EQ(std::get<Publish>(got[1]).packet_id, 9);
    EXPECT_TRUE(std::holds_alternative<PingReq>(got[2]));
    EXPECT_EQ(decoder.pending(), 0u);
}

TEST(MqttDecoder, ManyPacketsMayComeAtOnce) {
    std::string bytes;
    for (std::uint16_t id = 1; id <= 3000; ++id) ASSERT_TRUE(encode(PubAck{id}, bytes));
    Decoder decoder(Side::client, 16);
    decoder.feed(bytes);
    for (std::uint16_t id = 1; id <= 3000; ++id) {
        EXPECT_EQ(std::get<PubAck>(*decoder.next().value()).packet_id, id);
    }
    EXPECT_FALSE(decoder.next().value());
}

TEST(MqttDecoder, APacketThatIsTooLargeIsRefusedBeforeItsBytesCome) {
    auto announced = from_hex("30ffffff7f");
    EXPECT_EQ(error_of(Side::server, announced), Errc::too_large);
    auto fits = encoded(Publish{"t", std::string(95, 'x'), Qos::at_most_once, false, false, 0});
    ASSERT_EQ(fits.size(), 100u);
    EXPECT_TRUE(decoded(Side::server, fits, 100));
    EXPECT_FALSE(decoded(Side::server, fits, 99));
}

TEST(MqttDecoder, AfterAnErrorThereIsNothingButTheError) {
    Decoder decoder(Side::client, 1024);
    decoder.feed(from_hex("f000"));
    auto first = decoder.next();
    ASSERT_FALSE(first);
    decoder.feed(encoded(PingResp{}));
    auto second = decoder.next();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), first.error());
    EXPECT_EQ(decoder.pending(), 0u);
}

TEST(MqttDecoder, EachSideMaySendOnlyItsOwnPackets) {
    for (const Packet& packet : {Packet(Connect{}), Packet(Subscribe{1, {{"a", 0}}}), Packet(Unsubscribe{1, {"a"}}),
                                 Packet(PingReq{}), Packet(Disconnect{})}) {
        EXPECT_EQ(error_of(Side::client, encoded(packet)), Errc::corrupt) << name_of(packet);
    }
    for (const Packet& packet : {Packet(ConnAck{}), Packet(SubAck{1, {0}}), Packet(UnsubAck{1}), Packet(PingResp{})}) {
        EXPECT_EQ(error_of(Side::server, encoded(packet)), Errc::corrupt) << name_of(packet);
    }
}

TEST(MqttDecoder, QualityOfServiceTwoIsNotSpoken) {
    EXPECT_EQ(error_of(Side::server, from_hex("3405000174000178")), Errc::unsupported);
    for (auto head : {"50020001", "62020001", "70020001"})
        EXPECT_EQ(error_of(Side::server, from_hex(head)), Errc::unsupported);
}

TEST(MqttDecoder, AnotherProtocolLevelIsToldSoThatItCanBeAnswered) {
    auto packet = whole(Side::server, from_hex("100d00044d5154540502003c000000"));
    EXPECT_EQ(std::get<Connect>(packet).level, 5);
    EXPECT_EQ(error_of(Side::server, from_hex("100e00064d51497364700302003c0000")), Errc::unsupported);  // MQIsdp, 3.1
}

struct Malformed {
    const char* why;
    Side reader;
    const char* hex;
};

class MqttDecoderRefuses : public testing::TestWithParam<Malformed> {};

TEST_P(MqttDecoderRefuses, WhatTheStandardForbids) {
    EXPECT_EQ(error_of(GetParam().reader, from_hex(GetParam().hex)), Errc::corrupt) << GetParam().why;
}

constexpr auto kServer = Side::server;
constexpr auto kClient = Side::client;

INSTANTIATE_TEST_SUITE_P(
    Standard, MqttDecoderRefuses,
    testing::Values(
        Malformed{"reserved type 0", kServer, "0000"}, Malformed{"reserved type 15", kServer, "f000"},
        Malformed{"five bytes of length", kServer, "30808080800100"},
        Malformed{"four bytes of length that go on", kServer, "30ffffffff"},
        Malformed{"flags of CONNECT", kServer, "110c00044d5154540402003c0000"},
        Malformed{"flags of PINGREQ", kServer, "c100"},
        Malformed{"flags of SUBSCRIBE (MQTT-3.8.1-1)", kServer, "8006000a00016100"},
        Malformed{"flags of UNSUBSCRIBE (MQTT-3.10.1-1)", kServer, "a005000a000161"},
        Malformed{"flags of PUBACK", kServer, "42020001"},
        Malformed{"CONNECT's reserved flag (MQTT-3.1.2-3)", kServer, "100c00044d5154540403003c0000"},
        Malformed{"password without user name (MQTT-3.1.2-22)", kServer, "100f00044d5154540442003c0000000170"},
        Malformed{"will's QoS without a will (MQTT-3.1.2-13)", kServer, "100c00044d515454040a003c0000"},
        Malformed{"will's retain without a will (MQTT-3.1.2-15)", kServer, "100c00044d5154540422003c0000"},
        Malformed{"will with QoS 3 (MQTT-3.1.2-14)", kServer, "101100044d515454041e003c00000001740000"},
        Malformed{"will's topic with a wildcard", kServer, "101100044d5154540406003c00000001230000"},
        Malformed{"client id that is not UTF-8", kServer, "100d00044d5154540402003c0001ff"},
        Malformed{"CONNECT cut short", kServer, "100b00044d5154540402003c00"},
        Malformed{"CONNECT with bytes behind it", kServer, "100d00044d5154540402003c000000"},
        Malformed{"CONNACK's reserved flags", kClient, "20020200"},
        Malformed{"CONNACK's reserved code", kClient, "20020006"},
        Malformed{"CONNACK that refuses with a session (MQTT-3.2.2-4)", kClient, "20020105"},
        Malformed{"CONNACK too short", kClient, "200100"}, Malformed{"CONNACK too long", kClient, "2003000000"},
        Malformed{"PUBLISH with QoS 3 (MQTT-3.3.1-4)", kServer, "3606000174000178"},
        Malformed{"duplicate of QoS 0 (MQTT-3.3.1-2)", kServer, "3803000174"},
        Malformed{"topic with a wildcard (MQTT-3.3.2-2)", kServer, "300300012b"},
        Malformed{"empty topic (MQTT-4.7.3-1)", kServer, "30020000"},
        Malformed{"topic with U+0000 (MQTT-1.5.3-2)", kServer, "3003000100"},
        Malformed{"topic longer than the packet", kServer, "3003000274"},
        Malformed{"PUBLISH of QoS 1 without a packet id", kServer, "3203000174"},
        Malformed{"packet id 0 (MQTT-2.3.1-1)", kServer, "32050001740000"},
        Malformed{"PUBACK with packet id 0", kClient, "40020000"}, Malformed{"PUBACK too short", kClient, "400101"},
        Malformed{"PUBACK too long", kClient, "4003000100"},
        Malformed{"SUBSCRIBE for nothing (MQTT-3.8.3-3)", kServer, "8202000a"},
        Malformed{"SUBSCRIBE with QoS 3 (MQTT-3-8.3-4)", kServer, "8206000a00016103"},
        Malformed{"SUBSCRIBE with a broken filter", kServer, "8207000a0002612300"},
        Malformed{"SUBSCRIBE without a QoS", kServer, "8205000a000161"},
        Malformed{"SUBACK for nothing", kClient, "9002000a"},
        Malformed{"SUBACK with a reserved code (MQTT-3.9.3-2)", kClient, "9003000a03"},
        Malformed{"UNSUBSCRIBE for nothing (MQTT-3.10.3-2)", kServer, "a202000a"},
        Malformed{"UNSUBACK with packet id 0", kClient, "b0020000"},
        Malformed{"PINGREQ with a body", kServer, "c00100"}, Malformed{"PINGRESP with a body", kClient, "d00100"},
        Malformed{"DISCONNECT with a body", kServer, "e00100"}));

}  // namespace
}  // namespace sluice::mqtt
