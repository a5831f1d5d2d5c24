#include "destination/connection_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include "base/fake_clock.hpp"

namespace sluice {
namespace {

using testing::HasSubstr;

enum class Owner { operator_, tenant };

class ConnectionSettingsTest : public testing::Test {
  protected:
    Result<ConnectionSettings> read(std::string_view json, Owner owner = Owner::operator_) {
        DestinationContext context{io_, clock_, "acme"};
        context.operator_owned = owner == Owner::operator_;
        context.allow_loopback = allow_loopback_;
        auto object = boost::json::parse(json).as_object();
        SettingsReader reader(object, "destination");
        auto connection = read_connection_settings(reader, context, usual_);
        if (auto finished = reader.finish(); !finished) return finished.error();
        return connection;
    }

    std::string error_of(std::string_view json, Owner owner = Owner::operator_) {
        auto connection = read(json, owner);
        EXPECT_FALSE(connection) << json;
        return connection ? "" : connection.error().message;
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    bool allow_loopback_ = true;
    std::optional<Endpoint> usual_;
};

TEST_F(ConnectionSettingsTest, NothingGivenMeansTheServicesOwnEndpointAndTheSystemsAuthorities) {
    auto connection = read("{}");
    ASSERT_TRUE(connection);
    EXPECT_FALSE(connection->endpoint);
    EXPECT_FALSE(connection->connect.proxy);
    EXPECT_EQ(connection->connect.tls.ca_file, "");
    EXPECT_FALSE(connection->connect.tls.insecure);
    EXPECT_TRUE(connection->connect.allow_internal_addresses);
}

TEST_F(ConnectionSettingsTest, ReadsEndpointProxyAndAuthority) {
    auto connection = read(R"({"endpoint":"https://vpce.example.net:8443","proxy":"http://proxy.example.net:3128",
                               "tls":{"ca_file":"/etc/ca.pem"}})");
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->endpoint, (Endpoint{true, "vpce.example.net", 8443}));
    EXPECT_EQ(connection->connect.proxy, (Endpoint{false, "proxy.example.net", 3128}));
    EXPECT_EQ(connection->connect.tls.ca_file, "/etc/ca.pem");
}

TEST_F(ConnectionSettingsTest, PlainHttpIsRefusedUnlessLoopback) {
    EXPECT_EQ(error_of(R"({"endpoint":"http://kinesis.example.net"})"), "destination.endpoint must use https://");
    EXPECT_TRUE(read(R"({"endpoint":"http://127.0.0.1:4567"})"));
    EXPECT_TRUE(read(R"({"endpoint":"http://localhost:4567"})"));
    EXPECT_TRUE(read(R"({"endpoint":"http://[::1]:4567"})"));
}

TEST_F(ConnectionSettingsTest, InsecureIsRefusedUnlessLoopback) {
    EXPECT_THAT(error_of(R"({"tls":{"insecure":true}})"), HasSubstr("destination.tls.insecure is only allowed"));
    EXPECT_THAT(error_of(R"({"endpoint":"https://a.example","tls":{"insecure":true}})"), HasSubstr("insecure"));
    EXPECT_TRUE(read(R"({"endpoint":"https://localhost:4567","tls":{"insecure":true}})"));
    EXPECT_TRUE(read(R"({"endpoint":"https://a.example","tls":{"insecure":false}})"));
}

TEST_F(ConnectionSettingsTest, TheUsualEndpointCountsWhereNoneIsGiven) {
    usual_ = Endpoint{true, "127.0.0.1", 8443};
    EXPECT_TRUE(read(R"({"tls":{"insecure":true}})"));
    usual_ = Endpoint{true, "hooks.example.net", 443};
    EXPECT_FALSE(read(R"({"tls":{"insecure":true}})"));
}

TEST_F(ConnectionSettingsTest, TenantMayNotUseInternalAddresses) {
    for (auto host : {"10.0.0.1", "192.168.1.1", "169.254.169.254", "172.16.0.1", "100.64.0.1", "[fd00:ec2::254]",
                      "[fe80::1]", "[::ffff:10.0.0.1]", "0.0.0.0"}) {
        auto json = std::string(R"({"endpoint":"https://)") + host + R"("})";
        EXPECT_THAT(error_of(json, Owner::tenant), HasSubstr("destination.endpoint is a private")) << host;
        EXPECT_TRUE(read(json)) << host;
    }
    EXPECT_THAT(error_of(R"({"proxy":"http://10.0.0.1:3128"})", Owner::tenant),
                HasSubstr("destination.proxy is a private"));
}

TEST_F(ConnectionSettingsTest, AnAddressIsKnownHoweverItIsWritten) {
    allow_loopback_ = false;
    for (auto host : {"2130706433", "0x7f.1", "0177.1", "localhost.", "LOCALHOST", "[::ffff:7f00:1]"}) {
        auto json = std::string(R"({"endpoint":"https://)") + host + R"("})";
        EXPECT_THAT(error_of(json, Owner::tenant), HasSubstr("points at this machine")) << host;
    }
    for (auto host : {"10.1", "0xa9fea9fe", "169.254.43518", "[64:ff9b::10.0.0.1]"}) {
        auto json = std::string(R"({"endpoint":"https://)") + host + R"("})";
        EXPECT_THAT(error_of(json, Owner::tenant), HasSubstr("is a private, link-local")) << host;
    }
}

TEST_F(ConnectionSettingsTest, NamesThatResolveToInternalAddressesAreLeftToNetToRefuse) {
    auto connection = read(R"({"endpoint":"https://internal.example.net"})", Owner::tenant);
    ASSERT_TRUE(connection);
    EXPECT_FALSE(connection->connect.allow_internal_addresses);
}

TEST_F(ConnectionSettingsTest, TenantMayUseLoopbackOnlyWhereThatIsAllowed) {
    EXPECT_TRUE(read(R"({"endpoint":"http://127.0.0.1:4567"})", Owner::tenant));
    allow_loopback_ = false;
    EXPECT_THAT(error_of(R"({"endpoint":"http://127.0.0.1:4567"})", Owner::tenant),
                HasSubstr("points at this machine"));
    EXPECT_TRUE(read(R"({"endpoint":"http://127.0.0.1:4567"})"));
}

TEST_F(ConnectionSettingsTest, TenantMayNotNameFilesOfTheOperatorsMachine) {
    EXPECT_THAT(error_of(R"({"tls":{"ca_file":"/etc/shadow"}})", Owner::tenant), HasSubstr("destination.tls.ca_file"));
}

TEST_F(ConnectionSettingsTest, EndpointsThatAreNoneAreToldByPath) {
    EXPECT_THAT(error_of(R"({"endpoint":"kinesis"})"), HasSubstr("destination.endpoint is not an endpoint"));
    EXPECT_THAT(error_of(R"({"endpoint":7})"), HasSubstr("destination.endpoint must be text"));
}

}  // namespace
}  // namespace sluice
