#include "net/tls_client_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

namespace sluice {

namespace asio = boost::asio;

namespace {

/// A pool talks to one endpoint; the bound is for whoever uses one context for many.
constexpr std::size_t kMaxSessions = 256;

/// What a connection's SSL object carries so that a new session finds its way into the context.
struct SessionOwner {
    OpenSslClientContext* context;
    Endpoint endpoint;
};

int owner_index() {
    static int index = SSL_get_ex_new_index(
        0, nullptr, nullptr, nullptr,
        [](void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<SessionOwner*>(pointer); });
    return index;
}

/// The system's certificates, read once for the process and shared: a context of its own costs each integration little.
X509_STORE* system_store() {
    static X509_STORE* store = [] {
        auto* made = X509_STORE_new();
        if (made) X509_STORE_set_default_paths(made);
        ERR_clear_error();
        return made;
    }();
    return store;
}

ConnectError tls_failure(std::string code, std::string message, std::string hint = {}) {
    return ConnectError{ConnectStep::tls, make_error(Errc::forbidden, std::move(message), std::move(hint)),
                        std::move(code)};
}

ConnectError explain_verification(long result, const Endpoint& endpoint) {
    std::string reason = X509_verify_cert_error_string(result);
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return tls_failure("tls_certificate_expired",
                               fmt::format("the certificate of {} is outside its time: {}", endpoint.host, reason),
                               "the other side must renew it; or this machine's clock is wrong");
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return tls_failure(
                "tls_wrong_host", fmt::format("the certificate is not for {}: {}", endpoint.host, reason),
                "check the endpoint's name; behind a private link its own name must be in the certificate");
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_UNTRUSTED:
            return tls_failure(
                "tls_untrusted",
                fmt::format("nobody trusted here has signed the certificate of {}: {}", endpoint.host, reason),
                "give the authority's certificate as tls.ca_file, if it is one you trust");
        default:
            return tls_failure("tls_failed",
                               fmt::format("the certificate of {} was refused: {}", endpoint.host, reason));
    }
}

ConnectError explain_handshake(const Error& error, SSL* ssl, const Endpoint& endpoint) {
    if (error.code == Errc::timeout) {
        return {ConnectStep::tls,
                make_error(Errc::timeout, fmt::format("{} did not finish the TLS handshake in time", endpoint.host)),
                "timeout"};
    }
    if (error.code == Errc::cancelled) return {ConnectStep::tls, error, "cancelled"};
    if (auto result = SSL_get_verify_result(ssl); result != X509_V_OK && error.code == Errc::corrupt) {
        return explain_verification(result, endpoint);
    }
    auto failure = tls_failure("tls_failed", fmt::format("no TLS with {}: {}", endpoint.host_header(), error.message),
                               "check that the port speaks TLS 1.2 or later (is it one for plain http://?)");
    failure.error.code = error.code;
    return failure;
}

Result<SslContextPtr> make_context(const TlsSettings& settings) {
    ERR_clear_error();
    SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    if (!context) return make_error(Errc::unavailable, "TLS cannot be used: " + take_openssl_reason("no reason given"));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    // What is in ca_file is trusted as it is, also when it is no root: a pinned intermediate, a server's own
    // certificate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
    if (settings.ca_file.empty()) {
        if (auto* store = system_store()) SSL_CTX_set1_cert_store(context.get(), store);
    } else if (SSL_CTX_load_verify_file(context.get(), settings.ca_file.c_str()) != 1) {
        return make_error(Errc::invalid_argument,
                          fmt::format("no certificates could be read from ca_file {}: {}", settings.ca_file,
                                      take_openssl_reason("no reason given")),
                          "it must be a readable file of PEM certificates");
    }
    return context;
}

}  // namespace

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::make(const TlsSettings& settings) {
    auto context = make_context(settings);
    if (!context) return context.error();
    return std::make_shared<OpenSslClientContext>(std::move(*context), settings);
}

OpenSslClientContext::OpenSslClientContext(SslContextPtr context, TlsSettings settings)
    : context_(std::move(context)), settings_(std::move(settings)) {
    SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
}

int OpenSslClientContext::keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* owner = static_cast<SessionOwner*>(SSL_get_ex_data(ssl, owner_index()));
    if (!owner || !SSL_SESSION_is_resumable(session)) return 0;
    auto& sessions = owner->context->sessions_;
    if (sessions.size() >= kMaxSessions && !sessions.contains(owner->endpoint)) sessions.erase(sessions.begin());
    sessions[owner->endpoint].reset(session);
    return 1;  // it is ours now
}

Result<SslPtr> OpenSslClientContext::prepare(const Endpoint& endpoint) {
    ERR_clear_error();
    SslPtr ssl(SSL_new(context_.get()));
    bool ok = ssl != nullptr;
    boost::system::error_code not_an_address;
    asio::ip::make_address(endpoint.host, not_an_address);
    if (ok && not_an_address) {
        ok = SSL_set_tlsext_host_name(ssl.get(), endpoint.host.c_str()) == 1 &&
             SSL_set1_host(ssl.get(), endpoint.host.c_str()) == 1;
        SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    } else if (ok) {
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), endpoint.host.c_str()) == 1;
    }
    if (!ok) {
        return make_error(Errc::invalid_argument, fmt::format("TLS cannot be set up for {}: {}", endpoint.host,
                                                              take_openssl_reason("no reason given")));
    }
    // Whoever reaches past this machine is verified, whatever the settings say.
    bool insecure = settings_.insecure && is_loopback_host(endpoint.host);
    SSL_set_verify(ssl.get(), insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    SSL_set_ex_data(ssl.get(), owner_index(), new SessionOwner{this, endpoint});
    if (auto known = sessions_.find(endpoint); known != sessions_.end())
        SSL_set_session(ssl.get(), known->second.get());
    SSL_set_connect_state(ssl.get());
    return ssl;
}

asio::awaitable<ConnectResult> OpenSslClientContext::handshake(std::unique_ptr<TcpTransport> transport,
                                                               Endpoint endpoint, Deadline deadline) {
    auto ssl = prepare(endpoint);
    if (!ssl) co_return ConnectError{ConnectStep::tls, ssl.error(), "tls_failed"};
    auto stream = std::make_unique<TlsStream>(std::move(transport), std::move(*ssl), shared_from_this());
    auto done = co_await stream->handshake(deadline);
    if (!done) {
        sessions_.erase(endpoint);  // should it have been the session that the peer did not like
        co_return explain_handshake(done.error(), stream->ssl(), endpoint);
    }
    std::unique_ptr<Stream> made = std::move(stream);
    co_return made;
}

}  // namespace sluice
