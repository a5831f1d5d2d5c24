#include "net/tls_engine.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sluice {

namespace {

int read_input(BIO* bio, char* out, int size) {
    auto& input = static_cast<TlsEngine::Buffers*>(BIO_get_data(bio))->input;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    auto count = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(out, input.data(), count);
    input.remove_prefix(count);
    return static_cast<int>(count);
}

int write_output(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    static_cast<TlsEngine::Buffers*>(BIO_get_data(bio))->output.append(bytes, static_cast<std::size_t>(size));
    return size;
}

long control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// OpenSSL's own memory BIO wipes and copies its whole content each time it grows, and hands input over in one more
/// copy.
const BIO_METHOD* buffer_method() {
    static BIO_METHOD* method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice buffers");
        if (!made) throw std::bad_alloc();
        BIO_meth_set_read(made, read_input);
        BIO_meth_set_write(made, write_output);
        BIO_meth_set_ctrl(made, control);
        return made;
    }();
    return method;
}

}  // namespace

TlsEngine::TlsEngine(SslPtr ssl) : ssl_(std::move(ssl)) {
    auto* bio = BIO_new(buffer_method());
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio, &buffers_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // both ways over one BIO, which SSL owns now
}

TlsEngine::Step TlsEngine::explain(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_NONE:
            return Step::done;
        case SSL_ERROR_WANT_READ:
            return Step::want_input;
        case SSL_ERROR_ZERO_RETURN:
            return Step::closed;
        default:
            return Step::failed;
    }
}

TlsEngine::Step TlsEngine::handshake() {
    ERR_clear_error();
    return explain(SSL_do_handshake(ssl_.get()));
}

TlsEngine::Step TlsEngine::read(std::span<char> out, std::size_t& count) {
    count = 0;
    while (count < out.size()) {
        ERR_clear_error();
        std::size_t got = 0;
        int result = SSL_read_ex(ssl_.get(), out.data() + count, out.size() - count, &got);
        count += got;
        if (result == 1) continue;
        // What came before the end or the error is given first; the next call meets it again.
        if (count > 0) break;
        return explain(result);
    }
    return Step::done;
}

TlsEngine::Step TlsEngine::look_for_plaintext() {
    ERR_clear_error();
    char byte;
    std::size_t got = 0;
    return explain(SSL_peek_ex(ssl_.get(), &byte, 1, &got));
}

bool TlsEngine::seal(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    return bytes.empty() || SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
}

void TlsEngine::say_goodbye() {
    ERR_clear_error();
    // Not before the handshake is over: there would be no key to say it with, and OpenSSL counts it as an error.
    if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

}  // namespace sluice
