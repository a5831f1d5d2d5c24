#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <mutex>
#include <system_error>

#include "net/accept_stream.hpp"
#include "net/certificate.hpp"
#include "net/openssl_ptr.hpp"
#include "net/tls_stream.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

class OpenSslServerContext final : public TlsServerContext {
  public:
    explicit OpenSslServerContext(SslContextPtr context) : context_(std::move(context)) {}
    SslPtr accept() const {
        SslPtr ssl(SSL_new(current().get()));  // which keeps the context it was made from
        if (ssl) SSL_set_accept_state(ssl.get());
        return ssl;
    }
    void show_certificate_of(const TlsServerContext& other) override {
        SslContextPtr shown = static_cast<const OpenSslServerContext&>(other).current();
        std::lock_guard lock(mutex_);
        context_ = std::move(shown);
    }

  private:
    SslContextPtr current() const {
        std::lock_guard lock(mutex_);
        SSL_CTX_up_ref(context_.get());
        return SslContextPtr(context_.get());
    }

    mutable std::mutex mutex_;
    SslContextPtr context_;
};

/// Chooses http/1.1 where a client offers protocols: some clients would otherwise take silence for h2.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void*) {
    static constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kHttp.data(), kHttp.size(), in, in_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

Result<std::string> read_file(const std::string& path, std::string_view what) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) {
        return make_error(Errc::invalid_argument, fmt::format("the {} {} cannot be read: {}", what, path,
                                                              std::generic_category().message(errno)));
    }
    return text;
}

/// OpenSSL's own would ask on the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

struct Pem {
    std::string text;
    std::string name;  ///< for messages: `file /etc/…`
};

Result<void> use_chain(SSL_CTX* context, const Pem& pem) {
    auto bio = pem_reader(pem.text);
    X509Ptr leaf(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!leaf) {
        take_openssl_reason({});
        return make_error(Errc::invalid_argument, fmt::format("the certificate {} holds no PEM certificate", pem.name),
                          "it begins with -----BEGIN CERTIFICATE-----, the server's own first, then what signed it");
    }
    if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return make_error(Errc::invalid_argument, fmt::format("the certificate {} cannot be used: {}", pem.name,
                                                              take_openssl_reason("no reason given")));
    }
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr))
        SSL_CTX_add0_chain_cert(context, next);
    take_openssl_reason({});  // the end of the file is an error to OpenSSL
    return {};
}

Result<void> use_key(SSL_CTX* context, const Pem& pem, const Pem& certificate) {
    auto bio = pem_reader(pem.text);
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (!key) {
        take_openssl_reason({});
        bool encrypted = pem.text.find("ENCRYPTED") != std::string::npos;
        return make_error(
            Errc::invalid_argument,
            fmt::format("the key {} {}", pem.name, encrypted ? "is encrypted" : "holds no PEM private key"),
            encrypted ? "give a key without a passphrase, readable by this user only"
                      : "it begins with -----BEGIN PRIVATE KEY-----");
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
        take_openssl_reason({});
        return make_error(Errc::invalid_argument,
                          fmt::format("the key {} is not the one of the certificate {}", pem.name, certificate.name));
    }
    return {};
}

Result<std::shared_ptr<TlsServerContext>> make_server_context(const Pem& certificate, const Pem& key) {
    ERR_clear_error();
    SslContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context) return make_error(Errc::unavailable, "TLS cannot be used: " + take_openssl_reason("no reason given"));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(),
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Clients keep the tickets; the server keeps nothing per client, and its shards share nothing.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    static constexpr std::string_view kName = "sluice";
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(kName.data()), kName.size());
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    if (auto used = use_chain(context.get(), certificate); !used) return used.error();
    if (auto used = use_key(context.get(), key, certificate); !used) return used.error();
    return std::make_shared<OpenSslServerContext>(std::move(context));
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::from_files(const std::string& certificate,
                                                                       const std::string& key) {
    auto certificate_pem = read_file(certificate, "certificate file");
    if (!certificate_pem) return certificate_pem.error();
    auto key_pem = read_file(key, "key file");
    if (!key_pem) return key_pem.error();
    return make_server_context({*certificate_pem, "file " + certificate}, {*key_pem, "file " + key});
}

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::from_pem(const std::string& certificate,
                                                                     const std::string& key) {
    return make_server_context({certificate, "given"}, {key, "given"});
}

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::self_signed(std::string& certificate_pem) {
    CertificateRequest request;
    request.common_name = "localhost";
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1", "::1"};
    auto made = make_certificate(request);
    if (!made) return made.error();
    certificate_pem = made->certificate_pem;
    return from_pem(made->certificate_pem, made->key_pem);
}

asio::awaitable<Result<std::unique_ptr<Stream>>> accept_tls_stream(asio::ip::tcp::socket socket,
                                                                   std::shared_ptr<TlsServerContext> context,
                                                                   Deadline deadline) {
    auto ssl = static_cast<const OpenSslServerContext&>(*context).accept();
    if (!ssl) co_return make_error(Errc::unavailable, "no memory for a TLS connection");
    auto transport = std::make_unique<TcpTransport>(std::move(socket));
    auto stream = std::make_unique<TlsStream>(std::move(transport), std::move(ssl), std::move(context));
    auto done = co_await stream->handshake(deadline);
    if (!done) co_return done.error();
    std::unique_ptr<Stream> made = std::move(stream);
    co_return made;
}

}  // namespace sluice
