#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/accept_stream.hpp"
#include "net/certificate.hpp"
#include "net/resolve.hpp"
#include "net/run_for_test.hpp"
#include "net/stream.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class ConnectTest : public testing::Test {
  protected:
    Endpoint here(std::string host, bool tls = false) {
        return {tls, std::move(host), acceptor_.local_endpoint().port()};
    }
    ConnectResult connect(Endpoint endpoint, ConnectOptions options = {}, Deadline deadline = Deadline::never()) {
        return run_for_test(io_, connect_stream(io_, std::move(endpoint), std::move(options), tls_, deadline));
    }
    /// A proxy for one connection: reads a head, answers, and then echoes.
    void be_proxy(std::string answer) { tasks_.spawn(proxy(*this, std::move(answer))); }
    static asio::awaitable<void> proxy(ConnectTest& test, std::string answer) {
        auto [error, socket] = co_await test.acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        auto stream = make_plain_stream(std::move(socket));
        std::array<char, 1000> buffer;
        while (test.asked_.find("\r\n\r\n") == std::string::npos) {
            auto got = co_await stream->read_some(buffer, Deadline::never());
            if (!got || *got == 0) co_return;
            test.asked_.append(buffer.data(), *got);
        }
        // In two pieces, so that the head does not come at once.
        std::array<std::string_view, 1> first{std::string_view(answer).substr(0, answer.size() / 2)};
        std::array<std::string_view, 1> second{std::string_view(answer).substr(answer.size() / 2)};
        co_await stream->write(first, Deadline::never());
        co_await stream->write(second, Deadline::never());
        auto got = co_await stream->read_some(buffer, Deadline::never());
        if (got) test.tunnelled_.assign(buffer.data(), *got);
        stream->close();
    }
    void finish() {
        tasks_.cancel();
        run_for_test(io_, tasks_.join());
    }

    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    TaskGroup tasks_{io_};
    std::shared_ptr<TlsClientContext> tls_ = TlsClientContext::make({}).value();
    std::string asked_;
    std::string tunnelled_;
};

TEST_F(ConnectTest, ConnectsByNameAndByAddress) {
    for (auto host : {"localhost", "127.0.0.1"}) {
        auto stream = connect(here(host));
        ASSERT_TRUE(stream) << stream.error().error.message;
        EXPECT_EQ((*stream)->remote_address(), "127.0.0.1");
        EXPECT_EQ((*stream)->tls_description(), "");
        EXPECT_FALSE((*stream)->is_stale());
    }
}

TEST_F(ConnectTest, RefusesInternalAddressesAfterResolution) {
    ConnectOptions tenant;
    tenant.allow_internal_addresses = false;
    tenant.allow_loopback = false;
    for (auto host : {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "169.254.169.254", "10.1.2.3"}) {
        auto refused = connect(here(host), tenant);
        ASSERT_FALSE(refused) << host;
        EXPECT_EQ(refused.error().code, "address_not_allowed") << host;
        EXPECT_EQ(refused.error().error.code, Errc::forbidden);
    }
    acceptor_.non_blocking(true);
    boost::system::error_code error;
    acceptor_.accept(error);
    EXPECT_EQ(error, asio::error::would_block) << "nobody has even knocked";
}

// What the system's resolver takes for an address counts as one.
TEST_F(ConnectTest, RefusesInternalAddressesHoweverTheyAreWritten) {
    ConnectOptions tenant;
    tenant.allow_internal_addresses = false;
    tenant.allow_loopback = false;
    for (auto host : {"2130706433",
                      "0x7f000001",
                      "0x7f.1",
                      "127.1",
                      "0177.0.0.1",
                      "017700000001",
                      "127.0.0.1.",
                      "10.1",
                      "0xa9fea9fe",
                      "2852039166",
                      "169.254.43518",
                      "::ffff:7f00:1",
                      "::ffff:169.254.169.254",
                      "::127.0.0.1",
                      "64:ff9b::10.0.0.1",
                      "64:ff9b::a9fe:a9fe",
                      "64:ff9b:1::1",
                      "2002:7f00:1::",
                      "fe80::1",
                      "fe80::1%lo",
                      "fc00::1",
                      "fd00:ec2::254",
                      "fec0::1",
                      "ff02::1",
                      "::",
                      "100.64.0.1",
                      "224.0.0.1",
                      "255.255.255.255"}) {
        auto refused = connect(here(host), tenant);
        ASSERT_FALSE(refused) << host;
        EXPECT_EQ(refused.error().code, "address_not_allowed") << host;
        EXPECT_EQ(refused.error().step, ConnectStep::resolve) << host;
        tenant.proxy = Endpoint{false, "198.51.100.1", 3128};
        EXPECT_EQ(connect({true, host, 443}, tenant).error().code, "address_not_allowed") << host << " by proxy";
        tenant.proxy.reset();
    }
}

TEST_F(ConnectTest, ANameIsLookedAtByWhatItLeadsTo) {
    ConnectOptions tenant;
    tenant.allow_internal_addresses = false;
    tenant.allow_loopback = false;
    for (auto address : {"127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd12::1", "::ffff:192.168.0.1"}) {
        NamesForTest names([address](const std::string&) -> Result<std::vector<asio::ip::address>> {
            return std::vector{asio::ip::make_address(address)};
        });
        EXPECT_EQ(connect(here("hooks.example"), tenant).error().code, "address_not_allowed") << address;
    }
}

TEST_F(ConnectTest, OfTheAddressesOfANameOnlyTheAllowedAreConnectedTo) {
    ConnectOptions sandboxed;  // loopback stands in for the internet here
    sandboxed.allow_internal_addresses = false;
    NamesForTest names([](const std::string&) -> Result<std::vector<asio::ip::address>> {
        return std::vector{asio::ip::make_address("10.0.0.7"), asio::ip::make_address("127.0.0.1")};
    });
    auto stream = connect(here("hooks.example"), sandboxed);
    ASSERT_TRUE(stream) << stream.error().error.message;
    EXPECT_EQ((*stream)->remote_address(), "127.0.0.1");
}

// DNS rebinding: a name that leads elsewhere the second time it is asked for.
TEST_F(ConnectTest, WhatWasLookedAtIsWhatIsConnectedTo) {
    ConnectOptions sandboxed;
    sandboxed.allow_internal_addresses = false;
    int asked = 0;
    NamesForTest names([&asked](const std::string&) -> Result<std::vector<asio::ip::address>> {
        return std::vector{asio::ip::make_address(++asked == 1 ? "127.0.0.1" : "10.0.0.7")};
    });
    auto stream = connect(here("hooks.example"), sandboxed);
    ASSERT_TRUE(stream) << stream.error().error.message;
    EXPECT_EQ(asked, 1) << "once a connection";
    EXPECT_EQ(connect(here("hooks.example"), sandboxed).error().code, "address_not_allowed") << "and each is looked at";
}

TEST_F(ConnectTest, AProxyOfATenantIsHeldToTheSameRule) {
    ConnectOptions tenant;
    tenant.allow_internal_addresses = false;
    tenant.allow_loopback = false;
    NamesForTest names([](const std::string&) -> Result<std::vector<asio::ip::address>> {
        return std::vector{asio::ip::make_address("10.0.0.7")};
    });
    tenant.proxy = Endpoint{false, "proxy.example", 3128};
    EXPECT_EQ(connect({true, "hooks.example", 443}, tenant).error().code, "address_not_allowed");
}

TEST_F(ConnectTest, ASandboxOnLoopbackDoesNotOpenTheRest) {
    ConnectOptions sandboxed;
    sandboxed.allow_internal_addresses = false;
    EXPECT_TRUE(connect(here("127.0.0.1"), sandboxed));
    EXPECT_EQ(connect(here("10.1.2.3"), sandboxed).error().code, "address_not_allowed");
    EXPECT_EQ(connect(here("0.0.0.0"), sandboxed).error().code, "address_not_allowed");
}

TEST_F(ConnectTest, LoopbackCanBeRefusedAlone) {
    ConnectOptions options;
    options.allow_loopback = false;
    for (auto host : {"localhost", "127.0.0.1", "::ffff:127.0.0.1"}) {
        EXPECT_EQ(connect(here(host), options).error().code, "address_not_allowed") << host;
    }
}

TEST_F(ConnectTest, AnAddressThatWouldBeReachedThroughAProxyIsLookedAtToo) {
    ConnectOptions tenant;
    tenant.allow_internal_addresses = false;
    tenant.allow_loopback = false;
    tenant.proxy = Endpoint{false, "198.51.100.1", 3128};
    for (auto host : {"localhost", "127.0.0.1", "169.254.169.254"}) {
        auto refused = connect({true, host, 443}, tenant);
        ASSERT_FALSE(refused) << host;
        EXPECT_EQ(refused.error().code, "address_not_allowed") << host;
    }
}

TEST_F(ConnectTest, NamesARefusedConnection) {
    auto endpoint = here("127.0.0.1");
    acceptor_.close();
    auto refused = connect(endpoint);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().step, ConnectStep::connect);
    EXPECT_EQ(refused.error().code, "connection_refused");
    EXPECT_NE(refused.error().error.message.find("127.0.0.1:"), std::string::npos);
}

TEST_F(ConnectTest, APassedDeadlineIsATimeout) {
    auto refused = connect(here("localhost"), {}, Deadline::after(std::chrono::seconds(-1)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "timeout");
}

TEST_F(ConnectTest, CanBeCancelled) {
    be_proxy("");  // takes the connection and never answers
    ConnectOptions options;
    options.proxy = here("127.0.0.1");
    std::optional<ConnectResult> result;
    auto run = [](std::optional<ConnectResult>& out, asio::io_context& io, Endpoint endpoint, ConnectOptions how,
                  std::shared_ptr<TlsClientContext> tls) -> asio::awaitable<void> {
        auto connected =
            co_await connect_stream(io, std::move(endpoint), std::move(how), std::move(tls), Deadline::never());
        out.emplace(std::move(connected));
    };
    TaskGroup group(io_);
    group.spawn(run(result, io_, Endpoint{true, "example.com", 443}, options, tls_));
    while (asked_.empty()) io_.run_one();
    group.cancel();
    run_for_test(io_, group.join());
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, "cancelled");
    finish();
}

TEST_F(ConnectTest, OpensATunnelThroughAProxyAndSpeaksTlsInIt) {
    be_proxy("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
    ConnectOptions options;
    options.proxy = here("127.0.0.1");
    auto refused = connect({true, "kinesis.example.com", 443}, options);
    ASSERT_FALSE(refused) << "the proxy closes on the client's first words";
    EXPECT_EQ(refused.error().step, ConnectStep::tls);
    finish();
    EXPECT_EQ(asked_, "CONNECT kinesis.example.com:443 HTTP/1.1\r\nHost: kinesis.example.com:443\r\n\r\n");
    ASSERT_GT(tunnelled_.size(), 5u);
    EXPECT_EQ(tunnelled_.substr(0, 2), "\x16\x03") << "a TLS handshake record";
}

TEST_F(ConnectTest, NamesAProxyThatRefuses) {
    ConnectOptions options;
    options.proxy = here("127.0.0.1");
    for (auto [answer, code] : {std::pair{"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Errc::unauthenticated},
                                std::pair{"HTTP/1.1 403 Forbidden\r\n\r\n", Errc::unavailable},
                                std::pair{"SSH-2.0-hello\r\n\r\n", Errc::unavailable},
                                std::pair{"HTTP/1.1 200 OK\r\n\r\nunasked", Errc::unavailable}}) {
        asked_.clear();
        be_proxy(answer);
        auto refused = connect({true, "example.com", 443}, options);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().step, ConnectStep::proxy) << answer;
        EXPECT_EQ(refused.error().code, "proxy_refused") << answer;
        EXPECT_EQ(refused.error().error.code, code) << answer;
        run_for_test(io_, tasks_.join());
    }
}

TEST_F(ConnectTest, AProxyIsSpokenToInPlainHttp) {
    ConnectOptions options;
    options.proxy = Endpoint{true, "127.0.0.1", 443};
    auto refused = connect({true, "example.com", 443}, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "proxy_refused");
}

TEST_F(ConnectTest, AProxyThatIsNotThereIsNamedAsTheProxy) {
    ConnectOptions options;
    options.proxy = Endpoint{false, "127.0.0.1", 1};
    auto refused = connect({true, "example.com", 443}, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().step, ConnectStep::proxy);
    EXPECT_EQ(refused.error().code, "connection_refused");
    EXPECT_THAT(refused.error().error.message, testing::StartsWith("the proxy 127.0.0.1:1"));
}

TEST_F(ConnectTest, PlainHttpThroughAProxyIsAConnectionToTheProxy) {
    ConnectOptions options;
    options.proxy = here("127.0.0.1");
    auto stream = connect({false, "example.com", 80}, options);
    ASSERT_TRUE(stream);
    EXPECT_EQ((*stream)->remote_address(), "127.0.0.1");
}

}  // namespace
}  // namespace sluice
