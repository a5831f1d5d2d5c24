// Server and client pool over TLS, and the pool through a proxy.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "http/client.hpp"
#include "http/scripted_server.hpp"
#include "http/server_fixture.hpp"
#include "net/certificate.hpp"
#include "net/run_for_test.hpp"
#include "net/task_group.hpp"

namespace sluice::http {
namespace {

namespace asio = boost::asio;

class HttpsTest : public ServerTest {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  fmt::format("sluice-https-{}-{}", ::getpid(), std::random_device()());
        std::filesystem::create_directories(folder_);
        std::string pem;
        options_.tls = TlsServerContext::self_signed(pem).value();
        trust(pem);
    }
    void TearDown() override {
        ServerTest::TearDown();
        std::filesystem::remove_all(folder_);
    }
    void trust(const std::string& pem) { std::ofstream(folder_ / "ca.pem") << pem; }

    ClientPool::Options pool_options() {
        if (!server_) start();
        ClientPool::Options options;
        options.endpoint = Endpoint{true, "localhost", server_->port()};
        options.connect.tls.ca_file = folder_ / "ca.pem";
        return options;
    }
    static ClientRequest post(std::string_view body) {
        ClientRequest request;
        request.body = {body};
        return request;
    }
    ClientResult send(ClientPool& pool, ClientRequest request) {
        return run_for_test(io_, pool.send(std::move(request), Deadline::never()));
    }
    ClientError refused_with(const CertificateRequest& request) {
        auto made = make_certificate(request).value();
        options_.tls = TlsServerContext::from_pem(made.certificate_pem, made.key_pem).value();
        trust(made.certificate_pem);
        ClientPool pool(io_, pool_options());
        auto response = send(pool, post("secret"));
        EXPECT_FALSE(response);
        EXPECT_EQ(pool.open_connections(), 0u);
        return response.error();
    }

    asio::io_context io_;
    std::filesystem::path folder_;
};

TEST_F(HttpsTest, CarriesRequestsOverOneConnection) {
    handler_ = [](Request request) -> asio::awaitable<Response> {
        EXPECT_TRUE(request.secure);
        co_return Response::text(200, std::move(request.body));
    };
    ClientPool pool(io_, pool_options());
    for (std::size_t size : {0, 1, 5'000, 100'000, 3'000'000}) {
        std::string body(size, 'x');
        auto response = send(pool, post(body));
        ASSERT_TRUE(response) << response.error().error.message;
        EXPECT_TRUE(response->body == body) << size;
        EXPECT_EQ(server_->open_connections(), 1u);
    }
    pool.close();
}

TEST_F(HttpsTest, StreamsAndEndsWithAGoodbye) {
    handler_ = [](Request) -> asio::awaitable<Response> {
        Response response;
        response.stream = [](BodyWriter& writer) -> asio::awaitable<void> {
            for (int i = 0; i < 100; ++i) {
                auto written = co_await writer.write("data: event\n\n");
                EXPECT_TRUE(written);
            }
        };
        co_return response;
    };
    ClientPool pool(io_, pool_options());
    auto response = send(pool, post(""));
    ASSERT_TRUE(response) << response.error().error.message;
    EXPECT_EQ(response->body.size(), 1300u);
    EXPECT_EQ(pool.open_connections(), 0u);
}

TEST_F(HttpsTest, LimitsHoldAndTheirAnswersArrive) {
    options_.limits.max_body_bytes = 1000;
    ClientPool pool(io_, pool_options());
    std::string body(3'000'000, 'x');
    auto response = send(pool, post(body));
    ASSERT_TRUE(response) << response.error().error.message;
    EXPECT_EQ(response->status, 413);
}

TEST_F(HttpsTest, APlainClientIsDroppedAndOthersAreServed) {
    ClientPool pool(io_, pool_options());
    auto plain = connect();
    plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(plain.read_to_end().find("HTTP/"), std::string::npos) << "nothing is answered in plain text";
    EXPECT_TRUE(send(pool, post("x")));
    pool.close();
}

TEST_F(HttpsTest, AHandshakeThatNeverEndsIsDropped) {
    options_.limits.head_timeout = std::chrono::milliseconds(10);
    pool_options();
    auto silent = connect();
    EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(HttpsTest, StopEndsConnectionsInEveryState) {
    ClientPool pool(io_, pool_options());
    ASSERT_TRUE(send(pool, post("x")));
    auto in_handshake = connect();
    in_handshake.send("\x16\x03\x01");
    server_->stop(Deadline::after({}));
    EXPECT_EQ(server_->open_connections(), 0u);
    auto response = send(pool, post("x"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "connection_refused") << "the old connection was seen to be closed";
    pool.close();
}

TEST_F(HttpsTest, AnExpiredCertificateSendsNothing) {
    CertificateRequest request;
    request.dns_names = {"localhost"};
    request.valid_from = -std::chrono::hours(48);
    request.valid_until = -std::chrono::hours(24);
    auto error = refused_with(request);
    EXPECT_EQ(error.code, "tls_certificate_expired");
    EXPECT_EQ(error.step, ClientError::Step::tls);
    EXPECT_FALSE(error.maybe_sent);
}

TEST_F(HttpsTest, ACertificateForAnotherHostSendsNothing) {
    CertificateRequest request;
    request.dns_names = {"example.com"};
    auto error = refused_with(request);
    EXPECT_EQ(error.code, "tls_wrong_host");
    EXPECT_FALSE(error.maybe_sent);
}

TEST_F(HttpsTest, AnUnreadableCaFileIsToldBeforeConnecting) {
    auto options = pool_options();
    options.connect.tls.ca_file = "/does/not/exist";
    ClientPool pool(io_, options);
    auto response = send(pool, post("x"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, "tls_failed");
    EXPECT_NE(response.error().error.message.find("/does/not/exist"), std::string::npos);
}

// --- proxies

class ProxyTest : public testing::Test {
  protected:
    ClientResult send_through(const ScriptedServer& proxy, const Endpoint& endpoint) {
        ClientPool::Options options;
        options.endpoint = endpoint;
        options.connect.proxy = proxy.endpoint();
        ClientPool pool(io_, options);
        ClientRequest request;
        request.target = "/path?q";
        return run_for_test(io_, pool.send(std::move(request), Deadline::never()));
    }
    asio::io_context io_;
};

TEST_F(ProxyTest, PlainHttpAsksTheProxyForTheWholeUrl) {
    ScriptedServer proxy({Behaviour::respond(200, "through")});
    EXPECT_EQ(send_through(proxy, {false, "example.com", 8080})->body, "through");
    auto seen = proxy.requests().at(0);
    EXPECT_EQ(seen.target, "http://example.com:8080/path?q");
    EXPECT_EQ(seen.headers.get("Host"), "example.com:8080");
}

TEST_F(ProxyTest, TlsAsksForATunnelAndARefusalIsNamed) {
    ScriptedServer proxy({Behaviour::respond(407)});
    auto response = send_through(proxy, {true, "example.com", 443});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().step, ClientError::Step::proxy);
    EXPECT_EQ(response.error().code, "proxy_refused");
    EXPECT_FALSE(response.error().maybe_sent);
    EXPECT_EQ(proxy.requests().at(0).method, "CONNECT");
    EXPECT_EQ(proxy.requests().at(0).target, "example.com:443");
}

}  // namespace
}  // namespace sluice::http
