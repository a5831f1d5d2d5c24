#include "net/accept_stream.hpp"
#include "net/tcp_transport.hpp"

namespace sluice {

namespace {

class PlainStream final : public Stream {
  public:
    explicit PlainStream(boost::asio::ip::tcp::socket socket) : transport_(std::move(socket)) {}

    boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer, Deadline deadline) override {
        return transport_.receive(buffer, deadline);
    }
    boost::asio::awaitable<Result<void>> write(std::span<const std::string_view> parts, Deadline deadline) override {
        return transport_.send(parts, deadline);
    }
    void cancel() noexcept override { transport_.cancel(); }
    void finish_writing() noexcept override { transport_.shutdown_send(); }
    void close() noexcept override { transport_.close(); }
    bool is_stale() noexcept override { return transport_.peek() != TcpTransport::Pending::nothing; }
    std::uint64_t bytes_sent() const noexcept override { return transport_.bytes_sent(); }
    std::string tls_description() const override { return {}; }
    std::string remote_address() const override { return transport_.remote_address(); }

  private:
    TcpTransport transport_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace sluice
