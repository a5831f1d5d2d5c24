#include "net/endpoint.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Accepted {
    const char* text;
    Endpoint endpoint;
    const char* host_header;
};

class AcceptedEndpoint : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptedEndpoint, ParsesAndPrints) {
    auto parsed = Endpoint::parse(GetParam().text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->tls, GetParam().endpoint.tls);
    EXPECT_EQ(parsed->host, GetParam().endpoint.host);
    EXPECT_EQ(parsed->port, GetParam().endpoint.port);
    EXPECT_EQ(parsed->host_header(), GetParam().host_header);
    EXPECT_EQ(Endpoint::parse(parsed->to_url()).value(), *parsed);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AcceptedEndpoint,
    testing::Values(Accepted{"https://kinesis.eu-west-1.amazonaws.com",
                             {true, "kinesis.eu-west-1.amazonaws.com", 443},
                             "kinesis.eu-west-1.amazonaws.com"},
                    Accepted{"http://localhost:4566/", {false, "localhost", 4566}, "localhost:4566"},
                    Accepted{"HTTPS://Example.COM:443", {true, "example.com", 443}, "example.com"},
                    Accepted{"http://example.com:443", {false, "example.com", 443}, "example.com:443"},
                    Accepted{"http://example.com:", {false, "example.com", 80}, "example.com"},
                    Accepted{"http://127.0.0.1:1", {false, "127.0.0.1", 1}, "127.0.0.1:1"},
                    Accepted{"http://127.0.0.1:000080", {false, "127.0.0.1", 80}, "127.0.0.1"},
                    Accepted{"https://[::1]:65535", {true, "::1", 65535}, "[::1]:65535"},
                    Accepted{"https://[2001:DB8::1]", {true, "2001:db8::1", 443}, "[2001:db8::1]"},
                    Accepted{"http://my_service.internal", {false, "my_service.internal", 80}, "my_service.internal"}));

struct Refused {
    const char* text;
    const char* names;  ///< what the message must speak of
};

class RefusedEndpoint : public testing::TestWithParam<Refused> {};

TEST_P(RefusedEndpoint, IsRefusedNamingWhatIsWrong) {
    auto parsed = Endpoint::parse(GetParam().text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
    EXPECT_NE(parsed.error().message.find(GetParam().names), std::string::npos) << parsed.error().message;
    EXPECT_FALSE(parsed.error().hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedEndpoint,
    testing::Values(
        Refused{"", "begins with"}, Refused{"example.com", "begins with"}, Refused{"example.com:443", "begins with"},
        Refused{"ftp://example.com", "ftp"}, Refused{"https:example.com", "begins with"},
        Refused{"https://", "no host"}, Refused{"https://:443", "no host"}, Refused{"https://host/path", "path"},
        Refused{"https://host//", "path"}, Refused{"https://host?x=1", "query"}, Refused{"https://host#x", "fragment"},
        Refused{"https://user@host", "user"}, Refused{"https://user:secret@host", "user"},
        Refused{"https://host:0", "port"}, Refused{"https://host:65536", "65536 is not a port"},
        Refused{"https://host:90116", "90116 is not a port"}, Refused{"http://host:99999", "99999 is not a port"},
        Refused{"https://host:99999999999", "port"}, Refused{"https://host:00000", "port"},
        Refused{"https://host:x", "port"}, Refused{"https://ho st", "URL"}, Refused{"https://[::1", "URL"},
        Refused{"https://ho%20st", "name or an address"}, Refused{"https://h\xc3\xb6st", "URL"},
        Refused{"https://.host", "name or an address"}, Refused{" https://host", "URL"}));

TEST(Endpoint, ErrorsDoNotRepeatAPassword) {
    for (auto text :
         {"https://user:hunter2@host", "https://user:hunter2@host:x", "https://host/hunter2?hunter2#hunter2"}) {
        auto parsed = Endpoint::parse(text);
        ASSERT_FALSE(parsed);
        EXPECT_EQ((parsed.error().message + parsed.error().hint).find("hunter2"), std::string::npos);
    }
}

TEST(LoopbackHost, IsByNameOrByAddress) {
    for (auto host :
         {"localhost", "localhost.", "sqs.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback_host(host)) << host;
    }
    for (auto host : {"", "localhost.example.com", "mylocalhost", "128.0.0.1", "127.0.0.1.example.com", "::2",
                      "0.0.0.0", "10.0.0.1", ".localhost.com"}) {
        EXPECT_FALSE(is_loopback_host(host)) << host;
    }
}

TEST(InternalAddress, HoldsForEveryRangeToItsEdges) {
    for (auto text : {"0.0.0.0",
                      "0.255.255.255",
                      "10.0.0.0",
                      "10.255.255.255",
                      "100.64.0.0",
                      "100.127.255.255",
                      "127.0.0.1",
                      "127.255.255.255",
                      "168.63.129.16",
                      "169.254.0.0",
                      "169.254.169.254",
                      "169.254.255.255",
                      "172.16.0.0",
                      "172.31.255.255",
                      "192.0.0.192",
                      "192.168.0.0",
                      "192.168.255.255",
                      "198.18.0.0",
                      "198.19.255.255",
                      "224.0.0.1",
                      "239.255.255.255",
                      "240.0.0.1",
                      "255.255.255.255",
                      "::",
                      "::1",
                      "::ffff:10.0.0.1",
                      "::ffff:169.254.169.254",
                      "::ffff:127.0.0.1",
                      "::127.0.0.1",
                      "::ffff:0:127.0.0.1",
                      "64:ff9b::10.0.0.1",
                      "64:ff9b::169.254.169.254",
                      "64:ff9b:1::1",
                      "2002:7f00:1::",
                      "2002:a00:1::1",
                      "2001::1",
                      "100::1",
                      "fc00::1",
                      "fd00:ec2::254",
                      "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                      "fe80::1",
                      "fe80::1%lo",
                      "febf::1",
                      "fec0::1",
                      "ff02::1"}) {
        boost::system::error_code error;
        auto address = boost::asio::ip::make_address(text, error);
        if (error) address = boost::asio::ip::make_address(std::string(text).substr(0, std::string(text).find('%')));
        EXPECT_TRUE(is_internal_address(address)) << text;
    }
}

TEST(InternalAddress, DoesNotHoldOutsideThem) {
    for (auto text : {"1.0.0.0",
                      "9.255.255.255",
                      "11.0.0.0",
                      "100.63.255.255",
                      "100.128.0.0",
                      "126.255.255.255",
                      "128.0.0.0",
                      "168.63.129.15",
                      "168.63.129.17",
                      "169.253.255.255",
                      "169.255.0.0",
                      "172.15.255.255",
                      "172.32.0.0",
                      "192.0.1.0",
                      "192.167.255.255",
                      "192.169.0.0",
                      "198.17.255.255",
                      "198.20.0.0",
                      "223.255.255.255",
                      "8.8.8.8",
                      "::ffff:8.8.8.8",
                      "64:ff9b::8.8.8.8",
                      "64:ff9c::10.0.0.1",
                      "2002:808:808::1",
                      "2001:4860:4860::8888",
                      "2600:1f18::1",
                      "2003::1",
                      "101::1",
                      "fbff::1"}) {
        EXPECT_FALSE(is_internal_address(boost::asio::ip::make_address(text))) << text;
    }
}

}  // namespace
}  // namespace sluice
