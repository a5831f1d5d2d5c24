#include "load.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <thread>

namespace sluice::bench {
namespace {

constexpr std::string_view kMarker = "\"n\":\"";
/// Every event has an id of its own, as readings do: one key each.
constexpr std::string_view kIdMarker = "\"id\":\"n";
constexpr std::size_t kDigits = 12;

/// A plausible reading of the size asked for: short members first, then a text that fills up.
std::string make_object(std::size_t bytes) {
    std::string out =
        R"({"n":"000000000000","device":{"id":"70B3D5000A1B2C3D","maker":"ERS","use":"Indoor climate","firmware":"1.4"},)"
        R"("location":{"site":"Dublin","building":"B1","floor":3,"room":"Open plan east"},)"
        R"("environment":{"temperature":21.53,"humidity":41.2,"co2":612,"light":341,"tvoc":120},)"
        R"("meta":{"time":"2026-01-05T07:00:00.000Z","battery":97.3,"rssi":-87,"snr":7.5,"dataRate":"SF7BW125"},"raw":")";
    while (out.size() + 2 < bytes) out += "0A1B2C3D4E5F6071"[out.size() % 16];
    return out + "\"}";
}

std::string make_item(const LoadOptions& options) {
    auto object = make_object(options.object_bytes);
    if (options.mode != LoadOptions::Mode::events) return object;
    return fmt::format(
        R"({{"event_type":"create","id":"n000000000000","obj":{{"data":{}}},"obj_type":"objs","recType":"{}","source":"bench"}})",
        object, options.rec_type);
}

}  // namespace

std::int64_t now_us() noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

bool number_in(std::string_view body, std::uint64_t& n) noexcept {
    auto at = body.find(kMarker);
    if (at == std::string_view::npos || body.size() < at + kMarker.size() + kDigits) return false;
    const char* first = body.data() + at + kMarker.size();
    auto [end, error] = std::from_chars(first, first + kDigits, n);
    return error == std::errc() && end == first + kDigits;
}

/// One keep-alive connection with one request under way.
class Load::Connection {
  public:
    Connection(const LoadOptions& options, int epoll, std::size_t index) : index_(index) {
        std::string item = make_item(options), body;
        for (std::size_t i = 0; i < options.batch; ++i) body += i == 0 ? item : "\n" + item;
        auto path = options.mode == LoadOptions::Mode::events ? std::string("/events") : "/share/" + options.rec_type;
        auto type = options.batch == 1 ? "application/json" : "application/x-ndjson";
        request_ = fmt::format(
            "POST {} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\nContent-Length: "
            "{}\r\n\r\n",
            path, options.token, type, body.size());
        auto head = request_.size();
        request_ += body;
        for (auto marker : {kMarker, kIdMarker})
            for (auto at = request_.find(marker, head); at != std::string::npos; at = request_.find(marker, at + 1))
                numbers_.push_back(at + marker.size());

        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = index;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket_, &event);
    }
    ~Connection() { ::close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool connected() const noexcept { return connected_; }
    bool busy() const noexcept { return busy_; }
    std::uint64_t request_number() const noexcept { return number_; }

    /// Blocking send: the server reads on loopback while it is written.
    bool send(std::uint64_t number, std::size_t batch) {
        number_ = number;
        for (std::size_t i = 0; i < numbers_.size(); ++i) {
            char digits[kDigits + 1];
            std::snprintf(digits, sizeof digits, "%012llu",
                          static_cast<unsigned long long>(number * batch + i % batch));
            std::memcpy(request_.data() + numbers_[i], digits, kDigits);
        }
        busy_ = true;
        std::size_t done = 0;
        while (done < request_.size()) {
            auto sent = ::send(socket_, request_.data() + done, request_.size() - done, MSG_NOSIGNAL);
            if (sent <= 0) return false;
            done += static_cast<std::size_t>(sent);
        }
        return true;
    }

    /// True when the answer is complete; `failure` is set when it is no 201.
    bool receive(std::string& failure) {
        char buffer[64 << 10];
        auto got = ::recv(socket_, buffer, sizeof buffer, 0);
        if (got <= 0) {
            failure = "the connection was closed";
            return true;
        }
        if (need_ == 0) {
            head_.append(buffer, static_cast<std::size_t>(got));
            auto end = head_.find("\r\n\r\n");
            if (end == std::string::npos) return false;
            if (head_.compare(9, 3, "201") != 0) {
                failure = head_.substr(0, 600);
                return true;
            }
            auto length = head_.find("ontent-Length: ");
            std::size_t size = 0;
            if (length == std::string::npos) length = head_.find("ontent-length: ");
            if (length != std::string::npos)
                std::from_chars(head_.data() + length + 15, head_.data() + head_.size(), size);
            need_ = end + 4 + size;
            have_ = head_.size();
        } else {
            have_ += static_cast<std::size_t>(got);
        }
        if (have_ < need_) return false;
        head_.clear();
        need_ = have_ = 0;
        busy_ = false;
        return true;
    }

  private:
    std::size_t index_;
    int socket_ = -1;
    bool connected_ = false;
    bool busy_ = false;
    std::uint64_t number_ = 0;
    std::string request_, head_;
    std::vector<std::size_t> numbers_;
    std::size_t need_ = 0, have_ = 0;
};

Load::Load(LoadOptions options)
    : options_(std::move(options)), accepted_us_((options_.events + options_.batch - 1) / options_.batch) {}

bool Load::run() {
    const std::uint64_t requests = accepted_us_.size();
    int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    std::vector<std::unique_ptr<Connection>> connections;
    for (std::size_t i = 0; i < options_.connections && failure_.empty(); ++i) {
        connections.push_back(std::make_unique<Connection>(options_, epoll, i));
        if (!connections.back()->connected()) failure_ = "cannot connect";
    }
    auto started = std::chrono::steady_clock::now();
    std::uint64_t answered = 0;
    std::vector<std::size_t> idle(connections.size());
    for (std::size_t i = 0; i < idle.size(); ++i) idle[i] = idle.size() - 1 - i;
    epoll_event events[256];
    while (failure_.empty() && answered < requests) {
        double allowed = static_cast<double>(requests);
        if (options_.rate > 0) {
            double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
            allowed = elapsed * options_.rate / static_cast<double>(options_.batch) + 1;
        }
        while (!idle.empty() && next_request_ < requests && static_cast<double>(next_request_) < allowed) {
            auto& connection = *connections[idle.back()];
            idle.pop_back();
            if (!connection.send(next_request_++, options_.batch)) failure_ = "a request could not be sent";
        }
        int wait_ms = options_.rate > 0 ? 1 : 1000;
        int count = ::epoll_wait(epoll, events, 256, wait_ms);
        for (int i = 0; i < count; ++i) {
            auto index = static_cast<std::size_t>(events[i].data.u64);
            auto& connection = *connections[index];
            if (!connection.receive(failure_)) continue;
            if (!failure_.empty()) break;
            accepted_us_[connection.request_number()].store(now_us(), std::memory_order_release);
            accepted_.fetch_add(options_.batch, std::memory_order_relaxed);
            ++answered;
            idle.push_back(index);
        }
    }
    ::close(epoll);
    return failure_.empty();
}

}  // namespace sluice::bench
