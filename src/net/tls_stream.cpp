#include "net/tls_stream.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::size_t kSealAtOnce = 256 << 10;
constexpr std::size_t kSmallInput = 4 << 10;  ///< what an idle connection keeps
constexpr std::size_t kLargeInput = 64 << 10;

Error tls_error(std::string_view doing) {
    return make_error(Errc::corrupt, std::string(doing) + ": " + take_openssl_reason("TLS failed without a reason"));
}

/// Hands the parts out in pieces that make full records: many small parts in records of their own would cost more.
class Records {
  public:
    explicit Records(std::span<const std::string_view> parts) : parts_(parts) {}

    /// The next record's worth; empty at the end. Valid until the next call.
    std::string_view next() {
        skip_empty();
        if (parts_.empty()) return {};
        if (rest_.size() >= kRecord || parts_.size() == 1) return take(std::min(rest_.size(), kRecord));
        gathered_.clear();
        while (!parts_.empty() && gathered_.size() < kRecord) {
            gathered_ += take(std::min(rest_.size(), kRecord - gathered_.size()));
            skip_empty();
        }
        return gathered_;
    }

  private:
    void skip_empty() {
        while (!started_ || (rest_.empty() && !parts_.empty())) {
            if (started_) parts_ = parts_.subspan(1);
            started_ = true;
            if (!parts_.empty()) rest_ = parts_.front();
        }
    }
    std::string_view take(std::size_t size) {
        auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::span<const std::string_view> parts_;
    std::string_view rest_;  ///< of the first part
    bool started_ = false;
    std::string gathered_;
};

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpTransport> transport, SslPtr ssl, std::shared_ptr<void> owner)
    : owner_(std::move(owner)), transport_(std::move(transport)), engine_(std::move(ssl)) {}

asio::awaitable<Result<void>> TlsStream::send_output(Deadline deadline) {
    SLUICE_ASSERT(!sending_, "a stream has one write at a time");
    sending_ = true;
    Result<void> sent;
    // Reading may add to the output meanwhile (an answer to a key update): what is being sent must stay where it is.
    while (sent && !engine_.output().empty()) {
        std::string sealed;
        sealed.swap(engine_.output());
        std::array<std::string_view, 1> parts{sealed};
        sent = co_await transport_->send(parts, deadline);
        if (engine_.output().empty() && sealed.capacity() <= kLargeInput) {
            sealed.clear();
            sealed.swap(engine_.output());  // for the next write
        }
    }
    sending_ = false;
    co_return sent;
}

void TlsStream::try_send_output() noexcept {
    if (sending_ || engine_.output().empty()) return;  // whoever sends will send this too
    auto sent = transport_->try_send(engine_.output());
    engine_.output().erase(0, sent);
}

asio::awaitable<Result<std::size_t>> TlsStream::receive_input(Deadline deadline) {
    SLUICE_ASSERT(!engine_.has_input(), "input is taken in before more is received");
    if (!received_) {
        received_size_ = kSmallInput;
        received_ = std::make_unique_for_overwrite<char[]>(received_size_);
    }
    std::span<char> room(received_.get(), received_size_);
    auto received = co_await transport_->receive(room, deadline);
    if (received) engine_.set_input({received_.get(), *received});
    co_return received;
}

asio::awaitable<Result<void>> TlsStream::handshake(Deadline deadline) {
    while (true) {
        auto step = engine_.handshake();
        auto failure = step == TlsEngine::Step::failed ? tls_error("the TLS handshake failed") : Error{};
        // Also after a failure: the alert tells the peer what was wrong.
        auto sent = co_await send_output(deadline);
        if (step == TlsEngine::Step::failed) co_return failure;
        if (!sent) co_return sent;
        if (step == TlsEngine::Step::done) co_return Result<void>();
        auto received = co_await receive_input(deadline);
        if (!received) co_return received.error();
        if (*received == 0)
            co_return make_error(Errc::corrupt, "the peer closed the connection during the TLS handshake");
    }
}

asio::awaitable<Result<std::size_t>> TlsStream::read_some(std::span<char> buffer, Deadline deadline) {
    while (true) {
        std::size_t count = 0;
        auto step = engine_.read(buffer, count);
        try_send_output();
        switch (step) {
            case TlsEngine::Step::done:
                co_return count;
            case TlsEngine::Step::closed:
                co_return std::size_t{0};
            case TlsEngine::Step::failed:
                co_return tls_error("what the peer sent cannot be read");
            case TlsEngine::Step::want_input:
                break;
        }
        auto received = co_await receive_input(deadline);
        if (!received) co_return received;
        if (*received == 0) {
            co_return make_error(Errc::unavailable, "the peer closed the connection without TLS's goodbye");
        }
        // The bytes lie in the old buffer until they are taken in, which the next round does before it receives again.
        if (*received == received_size_ && received_size_ < kLargeInput) {
            auto larger = std::make_unique_for_overwrite<char[]>(received_size_ * 2);
            std::copy_n(received_.get(), *received, larger.get());
            received_ = std::move(larger);
            received_size_ *= 2;
            engine_.set_input({received_.get(), *received});
        } else if (*received <= kSmallInput && received_size_ > kSmallInput) {
            auto smaller = std::make_unique_for_overwrite<char[]>(kSmallInput);
            std::copy_n(received_.get(), *received, smaller.get());
            received_ = std::move(smaller);
            received_size_ = kSmallInput;
            engine_.set_input({received_.get(), *received});
        }
    }
}

asio::awaitable<Result<void>> TlsStream::write(std::span<const std::string_view> parts, Deadline deadline) {
    std::size_t total = 0;
    for (auto part : parts) total += part.size();
    // A record adds 22 bytes (TLS 1.3) to 37 (1.2, the dearest cipher).
    engine_.output().reserve(std::min(total, kSealAtOnce) + (std::min(total, kSealAtOnce) / kRecord + 2) * 64);
    Records records(parts);
    while (true) {
        auto record = records.next();
        if (!record.empty() && !engine_.seal(record)) co_return tls_error("what is to be sent cannot be sealed");
        if (!record.empty() && engine_.output().size() < kSealAtOnce) continue;
        auto sent = co_await send_output(deadline);
        if (!sent || record.empty()) co_return sent;
    }
}

void TlsStream::finish_writing() noexcept {
    engine_.say_goodbye();
    try_send_output();
    transport_->shutdown_send();
}

void TlsStream::close() noexcept {
    engine_.say_goodbye();
    try_send_output();
    transport_->close();
}

bool TlsStream::is_stale() noexcept {
    // A server sends session tickets when it likes: taking them in shows whether anything else came with them.
    std::array<char, kSmallInput> buffer;
    while (true) {
        if (engine_.look_for_plaintext() != TlsEngine::Step::want_input) {
            engine_.set_input({});  // it lies on this stack
            return true;
        }
        std::size_t received = 0;
        switch (transport_->try_receive(buffer, received)) {
            case TcpTransport::Pending::nothing:
                return false;
            case TcpTransport::Pending::closed:
                return true;
            case TcpTransport::Pending::bytes:
                engine_.set_input({buffer.data(), received});
                break;
        }
    }
}

std::string TlsStream::tls_description() const {
    std::string text = SSL_get_version(ssl());
    text += std::string(" ") + SSL_get_cipher_name(ssl());
    if (X509Ptr certificate{SSL_get1_peer_certificate(ssl())}) {
        BioPtr bio(BIO_new(BIO_s_mem()));
        X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
        char* data = nullptr;
        auto size = BIO_get_mem_data(bio.get(), &data);
        text += ", certificate " + std::string(data, static_cast<std::size_t>(size));
    }
    if (SSL_session_reused(ssl())) text += ", resumed";
    return text;
}

}  // namespace sluice
