#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "net/accept_stream.hpp"
#include "net/certificate.hpp"
#include "net/run_for_test.hpp"
#include "net/stream.hpp"
#include "net/task_group.hpp"

namespace sluice {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Files for a test, gone after it.
class TlsTest : public testing::Test {
  protected:
    TlsTest() {
        folder_ = std::filesystem::temp_directory_path() /
                  fmt::format("sluice-tls-{}-{}", ::getpid(), std::random_device()());
        std::filesystem::create_directories(folder_);
        CertificateRequest request;
        request.common_name = "test authority";
        request.is_ca = true;
        authority_ = make_certificate(request).value();
    }
    ~TlsTest() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, std::string_view text) {
        auto path = folder_ / name;
        std::ofstream(path) << text;
        return path;
    }

    Certificate issue(CertificateRequest request) {
        request.common_name = "server";
        return make_certificate(request, &authority_).value();
    }
    Certificate good() {
        CertificateRequest request;
        request.dns_names = {"localhost"};
        request.ip_addresses = {"127.0.0.1"};
        return issue(request);
    }

    /// Accepts one connection with this certificate, and echoes until the peer ends.
    void serve(const Certificate& certificate) {
        serve(TlsServerContext::from_pem(certificate.certificate_pem, certificate.key_pem).value());
    }
    void serve(std::shared_ptr<TlsServerContext> context) { tasks_.spawn(echo_one(*this, std::move(context))); }

    static asio::awaitable<void> echo_one(TlsTest& test, std::shared_ptr<TlsServerContext> context) {
        auto [error, socket] = co_await test.acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        auto stream = co_await accept_tls_stream(std::move(socket), std::move(context), Deadline::never());
        if (!stream) {
            test.server_error_ = stream.error();
            co_return;
        }
        test.server_description_ = (*stream)->tls_description();
        std::string buffer(100'000, '\0');
        while (true) {
            auto got = co_await (*stream)->read_some(buffer, Deadline::never());
            if (!got || *got == 0) break;
            std::array<std::string_view, 1> parts{std::string_view(buffer).substr(0, *got)};
            auto sent = co_await (*stream)->write(parts, Deadline::never());
            if (!sent) break;
        }
        (*stream)->close();
    }

    std::shared_ptr<TlsClientContext> trusting_authority() {
        TlsSettings settings;
        settings.ca_file = file("ca.pem", authority_.certificate_pem);
        return TlsClientContext::make(settings).value();
    }

    ConnectResult connect(std::shared_ptr<TlsClientContext> context, std::string host = "localhost") {
        Endpoint endpoint{true, std::move(host), acceptor_.local_endpoint().port()};
        return run_for_test(io_, connect_stream(io_, endpoint, {}, std::move(context), Deadline::never()));
    }

    void finish() {
        tasks_.cancel();
        run_for_test(io_, tasks_.join());
    }

    std::string echo(Stream& stream, std::string_view text) {
        std::array<std::string_view, 1> parts{text};
        EXPECT_TRUE(run_for_test(io_, stream.write(parts, Deadline::never())));
        std::string back(text.size(), '\0');
        std::size_t got = 0;
        while (got < back.size()) {
            auto read = run_for_test(io_, stream.read_some({back.data() + got, back.size() - got}, Deadline::never()));
            if (!read || *read == 0) break;
            got += *read;
        }
        back.resize(got);
        return back;
    }

    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    TaskGroup tasks_{io_};
    std::filesystem::path folder_;
    Certificate authority_;
    std::optional<Error> server_error_;
    std::string server_description_;
};

TEST_F(TlsTest, CarriesBytesBothWays) {
    serve(good());
    auto stream = connect(trusting_authority());
    ASSERT_TRUE(stream) << stream.error().error.message;
    EXPECT_EQ(echo(**stream, "hello"), "hello");
    EXPECT_TRUE((*stream)->tls_description().starts_with("TLSv1.3 TLS_")) << (*stream)->tls_description();
    EXPECT_TRUE((*stream)->tls_description().ends_with("certificate CN=server")) << (*stream)->tls_description();
    EXPECT_EQ((*stream)->remote_address(), "127.0.0.1");
    (*stream)->close();
    finish();
}

asio::awaitable<void> write_all(Stream& stream, std::vector<std::string_view> parts, bool& written) {
    auto result = co_await stream.write(parts, Deadline::never());
    written = static_cast<bool>(result);
}

TEST_F(TlsTest, CarriesManyPartsOfEverySizeWhileReading) {
    serve(good());
    auto stream = connect(trusting_authority());
    ASSERT_TRUE(stream);
    std::string all;
    std::mt19937 random(7);
    std::vector<std::size_t> sizes{0, 1, 16'383, 16'384, 16'385, 0, 40'000, 3, 1'000'000, 0};
    for (int i = 0; i < 300; ++i) sizes.push_back(random() % 4'000);
    std::size_t total = 0;
    for (auto size : sizes) total += size;
    while (all.size() < total) all += static_cast<char>(random());
    std::vector<std::string_view> parts;
    std::size_t at = 0;
    for (auto size : sizes) {
        parts.push_back(std::string_view(all).substr(at, size));
        at += size;
    }
    bool written = false;
    tasks_.spawn(write_all(**stream, parts, written));
    std::string back(total, '\0');
    std::size_t got = 0;
    while (got < total) {
        auto read = run_for_test(io_, (*stream)->read_some({back.data() + got, total - got}, Deadline::never()));
        ASSERT_TRUE(read);
        ASSERT_GT(*read, 0u);
        got += *read;
    }
    EXPECT_TRUE(written);
    EXPECT_TRUE(back == all);
    (*stream)->close();
    finish();
}

TEST_F(TlsTest, ASelfSignedContextIsTrustedByItsCertificateAlone) {
    std::string pem;
    auto context = TlsServerContext::self_signed(pem);
    ASSERT_TRUE(context);
    TlsSettings settings;
    settings.ca_file = file("self.pem", pem);
    for (auto host : {"localhost", "127.0.0.1"}) {
        serve(*context);
        auto stream = connect(TlsClientContext::make(settings).value(), host);
        ASSERT_TRUE(stream) << stream.error().error.message;
        (*stream)->close();
    }
    serve(*context);
    auto refused = connect(trusting_authority());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "tls_untrusted");
    finish();
}

TEST_F(TlsTest, AnExpiredCertificateIsNamed) {
    CertificateRequest request;
    request.dns_names = {"localhost"};
    request.valid_from = -std::chrono::hours(48);
    request.valid_until = -std::chrono::hours(24);
    serve(issue(request));
    auto refused = connect(trusting_authority());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().step, ConnectStep::tls);
    EXPECT_EQ(refused.error().code, "tls_certificate_expired");
    EXPECT_NE(refused.error().error.message.find("certificate has expired"), std::string::npos);
    finish();
    EXPECT_TRUE(server_error_) << "the server learns of it by an alert";
}

TEST_F(TlsTest, ACertificateOfTheFutureIsOutsideItsTimeToo) {
    CertificateRequest request;
    request.dns_names = {"localhost"};
    request.valid_from = std::chrono::hours(24);
    request.valid_until = std::chrono::hours(48);
    serve(issue(request));
    auto refused = connect(trusting_authority());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "tls_certificate_expired");
    EXPECT_NE(refused.error().error.message.find("not yet valid"), std::string::npos);
    finish();
}

TEST_F(TlsTest, ACertificateForAnotherHostIsNamed) {
    CertificateRequest request;
    request.dns_names = {"example.com", "*.localhost"};
    for (auto host : {"localhost", "127.0.0.1"}) {
        serve(issue(request));
        auto refused = connect(trusting_authority(), host);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, "tls_wrong_host") << host;
        EXPECT_NE(refused.error().error.message.find(host), std::string::npos);
    }
    finish();
}

TEST_F(TlsTest, AnUnknownAuthorityIsNamedAndTheSystemDoesNotKnowOurs) {
    CertificateRequest other;
    other.common_name = "another authority";
    other.is_ca = true;
    TlsSettings settings;
    settings.ca_file = file("other.pem", make_certificate(other).value().certificate_pem);
    for (auto context : {TlsClientContext::make(settings).value(), TlsClientContext::make({}).value()}) {
        serve(good());
        auto refused = connect(context);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, "tls_untrusted");
        EXPECT_NE(refused.error().error.hint.find("ca_file"), std::string::npos);
    }
    finish();
}

TEST_F(TlsTest, InsecureIsHonouredForLoopbackOnly) {
    TlsSettings settings;
    settings.insecure = true;
    serve(good());
    auto stream = connect(TlsClientContext::make(settings).value());
    ASSERT_TRUE(stream);
    (*stream)->close();
    finish();
}

TEST_F(TlsTest, ResumesASessionPerEndpoint) {
    auto server = TlsServerContext::from_pem(good().certificate_pem, good().key_pem);
    ASSERT_FALSE(server) << "a key of another certificate must be refused";
    auto certificate = good();
    server = TlsServerContext::from_pem(certificate.certificate_pem, certificate.key_pem);
    auto client = trusting_authority();
    for (int i = 0; i < 3; ++i) {
        serve(*server);
        auto stream = connect(client);
        ASSERT_TRUE(stream);
        EXPECT_EQ(echo(**stream, "x"), "x");  // with it come the tickets
        EXPECT_EQ((*stream)->tls_description().ends_with(", resumed"), i > 0);
        EXPECT_EQ(server_description_.ends_with(", resumed"), i > 0) << "the server agrees";
        (*stream)->close();
    }
    serve(*server);
    auto other_name = connect(client, "127.0.0.1");
    ASSERT_TRUE(other_name);
    EXPECT_FALSE((*other_name)->tls_description().ends_with(", resumed")) << "a session belongs to its endpoint";
    (*other_name)->close();
    finish();
}

TEST_F(TlsTest, TicketsDoNotMakeAnIdleConnectionStale) {
    serve(good());
    auto stream = connect(trusting_authority());
    ASSERT_TRUE(stream);
    io_.poll();  // the server has sent its tickets, which nobody has read
    EXPECT_FALSE((*stream)->is_stale());
    EXPECT_EQ(echo(**stream, "still good"), "still good");
    EXPECT_FALSE((*stream)->is_stale());

    std::array<std::string_view, 1> parts{"unexpected"};
    ASSERT_TRUE(run_for_test(io_, (*stream)->write(parts, Deadline::never())));
    io_.poll();  // the echo comes, and nobody asked for it
    while (!(*stream)->is_stale()) io_.poll();
    (*stream)->close();
    finish();
}

TEST_F(TlsTest, AGoodbyeMakesAConnectionStale) {
    serve(good());
    auto stream = connect(trusting_authority());
    ASSERT_TRUE(stream);
    EXPECT_EQ(echo(**stream, "x"), "x");
    finish();  // the server says goodbye
    EXPECT_TRUE((*stream)->is_stale());
}

TEST_F(TlsTest, AnEndWithoutGoodbyeIsTold) {
    auto certificate = good();
    auto context = TlsServerContext::from_pem(certificate.certificate_pem, certificate.key_pem).value();
    auto cut = [](tcp::acceptor& acceptor, std::shared_ptr<TlsServerContext> server) -> asio::awaitable<void> {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        int raw = ::dup(socket.native_handle());
        auto stream = co_await accept_tls_stream(std::move(socket), std::move(server), Deadline::never());
        EXPECT_TRUE(stream);
        ::shutdown(raw, SHUT_WR);  // as a middle-box would
        ::close(raw);
    };
    tasks_.spawn(cut(acceptor_, context));
    auto stream = connect(trusting_authority());
    ASSERT_TRUE(stream);
    std::array<char, 10> buffer;
    auto read = run_for_test(io_, (*stream)->read_some(buffer, Deadline::never()));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::unavailable);
    finish();
}

TEST_F(TlsTest, APeerThatSpeaksSomethingElseIsNamed) {
    auto plain = [](tcp::acceptor& acceptor) -> asio::awaitable<void> {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto stream = make_plain_stream(std::move(socket));
        std::array<std::string_view, 1> parts{"HTTP/1.1 400 Bad Request\r\n\r\n"};
        auto sent = co_await stream->write(parts, Deadline::never());
        EXPECT_TRUE(sent);
        std::array<char, 1000> buffer;
        while (true) {
            auto got = co_await stream->read_some(buffer, Deadline::never());
            if (!got || *got == 0) break;
        }
    };
    tasks_.spawn(plain(acceptor_));
    auto refused = connect(trusting_authority());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "tls_failed");
    EXPECT_NE(refused.error().error.message.find("wrong version number"), std::string::npos)
        << refused.error().error.message;
    EXPECT_NE(refused.error().error.hint.find("http://"), std::string::npos);
    finish();
}

TEST_F(TlsTest, AHandshakeEndsAtItsDeadline) {
    auto client = trusting_authority();
    Endpoint endpoint{true, "localhost",
                      acceptor_.local_endpoint().port()};  // accepted by the kernel, answered by nobody
    auto refused =
        run_for_test(io_, connect_stream(io_, endpoint, {}, client, Deadline::after(std::chrono::milliseconds(20))));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().step, ConnectStep::tls);
    EXPECT_EQ(refused.error().code, "timeout");
}

TEST_F(TlsTest, TheServersErrorsNameTheFile) {
    auto certificate = good();
    auto cert_file = file("cert.pem", certificate.certificate_pem + authority_.certificate_pem);
    auto key_file = file("key.pem", certificate.key_pem);
    auto nothing = file("nothing.pem", "hello");
    auto locked =
        file("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    auto other_key = file("other.pem", good().key_pem);
    EXPECT_TRUE(TlsServerContext::from_files(cert_file, key_file));

    auto message = [](const std::string& cert, const std::string& key) {
        auto made = TlsServerContext::from_files(cert, key);
        return made ? "" : made.error().message;
    };
    EXPECT_NE(message("/does/not/exist", key_file).find("/does/not/exist cannot be read"), std::string::npos);
    EXPECT_NE(message(nothing, key_file).find(nothing + " holds no PEM certificate"), std::string::npos);
    EXPECT_NE(message(cert_file, nothing).find(nothing + " holds no PEM private key"), std::string::npos);
    EXPECT_NE(message(cert_file, locked).find(locked + " is encrypted"), std::string::npos);
    EXPECT_NE(message(cert_file, other_key).find(other_key + " is not the one"), std::string::npos);
}

TEST_F(TlsTest, AnUnreadableCaFileIsNamed) {
    TlsSettings settings;
    for (auto path : {std::string("/does/not/exist"), file("empty.pem", "")}) {
        settings.ca_file = path;
        auto made = TlsClientContext::make(settings);
        ASSERT_FALSE(made);
        EXPECT_NE(made.error().message.find(path), std::string::npos);
    }
}

}  // namespace
}  // namespace sluice
