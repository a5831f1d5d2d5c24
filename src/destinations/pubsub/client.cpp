#include "destinations/pubsub/client.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <fstream>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"
#include "destinations/pubsub/channel_pool.hpp"
#include "net/post_gate.hpp"
#include "net/resolve.hpp"

namespace sluice::pubsub {
namespace {

using Addresses = std::vector<boost::asio::ip::address>;

// Channel arguments. A connection attempt may take kConnectLimit; attempts follow each other no slower than the lane's
// own back-off would like.
constexpr int kConnectLimitMs = 10'000;
constexpr int kFirstReconnectMs = 200;
constexpr int kMostReconnectMs = 5'000;
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveLimitMs = 20'000;
/// GRPC_ARG_HTTP_CONNECT_SERVER of gRPC's core: what the connection's first hop is asked for with HTTP CONNECT.
constexpr const char* kHttpConnectServer = "grpc.http_connect_server";

/// Under this a body is not worth compressing (Google's clients take the same).
constexpr std::size_t kLeastCompressed = 240;

/// What tells a channel's target from a peer's address: see may_have_been_sent().
constexpr std::string_view kSlashes = ":///";

/// `ipv4:///192.0.2.1:443,192.0.2.2:443`. gRPC takes one family at a time: the preferred one, or the other when that
/// did not answer.
std::string target_of(const Addresses& addresses, std::uint16_t port, bool other_family) {
    bool v6 = addresses.front().is_v6();
    if (other_family) {
        for (const auto& address : addresses) {
            if (address.is_v6() != v6) {
                v6 = !v6;
                break;
            }
        }
    }
    std::string target = fmt::format("{}{}", v6 ? "ipv6" : "ipv4", kSlashes);
    bool first = true;
    for (const auto& address : addresses) {
        if (address.is_v6() != v6) continue;
        if (!first) target += ',';
        first = false;
        target +=
            v6 ? fmt::format("[{}]:{}", address.to_string(), port) : fmt::format("{}:{}", address.to_string(), port);
    }
    return target;
}

std::string host_and_port(const Endpoint& endpoint) {
    bool bracketed = endpoint.host.find(':') != std::string::npos;
    return fmt::format("{}:{}", bracketed ? "[" + endpoint.host + "]" : endpoint.host, endpoint.port);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const ChannelKey& key, const std::string& ca_pem) {
    if (!key.endpoint.tls) return grpc::InsecureChannelCredentials();
    if (key.insecure) {
        grpc::experimental::TlsChannelCredentialsOptions options;
        options.set_verify_server_certs(false);
        options.set_check_call_host(false);
        options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
        return grpc::experimental::TlsCredentials(options);
    }
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_pem;  // empty: the system's
    return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> make_channel(const ChannelKey& key, const std::string& ca_pem) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    // A connection of its own: gRPC would otherwise share it between all channels with equal arguments.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectLimitMs);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostReconnectMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveLimitMs);
    arguments.SetUserAgentPrefix("sluice");
    // The addresses are what is connected to; the name is what is asked for and what the certificate must be for.
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, key.endpoint.host_header());
    if (!key.proxied.empty()) arguments.SetString(kHttpConnectServer, key.proxied);
    return grpc::CreateCustomChannel(key.target, channel_credentials(key, ca_pem), arguments);
}

gpr_timespec grpc_deadline(Deadline deadline) {
    if (deadline.at() == Deadline::Clock::time_point::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.remaining());
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(left.count(), GPR_TIMESPAN));
}

/// The bytes of a text, without a copy.
grpc::ByteBuffer buffer_of(std::string text) {
    auto* kept = new std::string(std::move(text));
    grpc::Slice slice(
        kept->data(), kept->size(), [](void* owner) { delete static_cast<std::string*>(owner); }, kept);
    return grpc::ByteBuffer(&slice, 1);
}

std::string text_of(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    std::string text;
    if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return text;
    for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    return text;
}

/// The text of a file of certificates. An error when there is none to trust: gRPC would take the system's instead.
Result<std::string> read_ca_file(const std::string& path) {
    std::ifstream file(path);
    std::stringstream content;
    content << file.rdbuf();
    auto text = content.str();
    if (!file || text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
        return make_error(Errc::unavailable, "tls.ca_file holds no certificate in PEM: " + path);
    }
    return text;
}

std::shared_ptr<const Failure> no_connection(const Endpoint& endpoint, ConnectStep step, std::string code,
                                             const Error& error) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.code = std::move(code);
    failure.message = endpoint.to_url() + ": " + shown_text(error.message, kMostMessageBytes);
    failure.hint = connection_hint(step, endpoint, error);
    return std::make_shared<const Failure>(std::move(failure));
}

/// Whether a channel has had a connection at any time while a call lasted: gRPC does not tell whether a call that was
/// ended here, by deadline or cancellation, was sent. Lives until gRPC has told it the last. Thread: begin() the
/// shard's, then the queue's; was_ready() any.
class ReadyWatch final : public QueueTag, public std::enable_shared_from_this<ReadyWatch> {
  public:
    ReadyWatch(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue)
        : channel_(std::move(channel)), queue_(queue) {}

    /// Before the call begins. With a connection there is nothing to watch.
    void begin() {
        last_ = channel_->GetState(false);
        if (last_ == GRPC_CHANNEL_READY) {
            was_ready_ = true;
        } else {
            watch();
        }
    }
    /// The call is over.
    void end() noexcept { is_over_ = true; }
    bool was_ready() const noexcept { return was_ready_; }

  private:
    using Clock = std::chrono::system_clock;
    /// gRPC cannot be asked to stop watching, and ends only when it has: so it watches for a little while at a time.
    static constexpr std::chrono::milliseconds kPiece{50};

    void watch() {
        self_ = shared_from_this();
        const auto last = last_;
        const auto until = until_ = Clock::now() + kPiece;
        hand_over();
        channel_->NotifyOnStateChange(last, until, &queue_, static_cast<QueueTag*>(this));
    }

    void over() override {
        auto self = std::move(self_);
        auto state = channel_->GetState(false);
        bool is_other = state != last_;
        // A state that was left and is back, or one that comes after a connection: in between there may have been one.
        bool has_changed = is_other || Clock::now() < until_;
        bool is_without = is_other && (state == GRPC_CHANNEL_CONNECTING || state == GRPC_CHANNEL_TRANSIENT_FAILURE);
        if (has_changed && !is_without) was_ready_ = true;
        last_ = state;
        if (!was_ready_ && !is_over_) watch();
    }

    const std::shared_ptr<grpc::Channel> channel_;
    grpc::CompletionQueue& queue_;
    grpc_connectivity_state last_ = GRPC_CHANNEL_IDLE;
    Clock::time_point until_;
    bool is_over_ = false;
    std::atomic<bool> was_ready_{false};
    std::shared_ptr<ReadyWatch> self_;
};

class GrpcCall;

/// Brings finished calls from the queue's thread to the shard, as many at a time as there are.
class Inbox {
  public:
    explicit Inbox(boost::asio::any_io_executor executor) : executor_(executor), gate_(PostGate::of(executor)) {}

    void put(std::shared_ptr<Inbox> self, std::shared_ptr<GrpcCall> call) {
        bool first = false;
        {
            std::lock_guard lock(mutex_);
            first = finished_.empty();
            finished_.push_back(std::move(call));
        }
        if (first) gate_->post(executor_, [self = std::move(self)] { self->empty(); });
    }
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  private:
    void empty();

    boost::asio::any_io_executor executor_;
    std::shared_ptr<PostGate> gate_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<GrpcCall>> finished_;
};

/// One unary call. Keeps itself until it is over.
class GrpcCall final : public RunningCall, public QueueTag, public std::enable_shared_from_this<GrpcCall> {
  public:
    GrpcCall(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<Inbox> inbox, std::function<void(Answer)> done)
        : channel_(std::move(channel)),
          stub_(channel_),
          inbox_(std::move(inbox)),
          guard_(inbox_->executor()),
          done_(std::move(done)) {}

    grpc::ClientContext& context() noexcept { return context_; }

    void begin(std::string_view method, std::string body, grpc::CompletionQueue& queue) {
        self_ = shared_from_this();
        watch_ = std::make_shared<ReadyWatch>(channel_, queue);
        watch_->begin();
        auto request = buffer_of(std::move(body));
        reader_ = stub_.PrepareUnaryCall(&context_, std::string(method), request, &queue);
        hand_over();
        reader_->StartCall();
        reader_->Finish(&response_, &status_, static_cast<QueueTag*>(this));
    }

    void cancel() override { context_.TryCancel(); }

    void over() override {
        watch_->end();
        auto self = std::move(self_);
        auto inbox = inbox_;
        inbox->put(inbox, std::move(self));
    }

    /// On the shard.
    void tell() {
        Answer answer;
        answer.status = static_cast<Status>(status_.error_code());
        if (status_.ok()) {
            answer.maybe_sent = true;
            answer.body = text_of(response_);
        } else {
            answer.message = status_.error_message();
            answer.details = status_.error_details();
            answer.date = told("date");
            answer.maybe_sent = may_have_been_sent();
        }
        auto done = std::move(done_);
        done_ = nullptr;
        done(std::move(answer));
    }

  private:
    /// What the service told beside its answer.
    std::string told(const char* name) const {
        for (const auto* metadata : {&context_.GetServerTrailingMetadata(), &context_.GetServerInitialMetadata()}) {
            auto found = metadata->find(name);
            if (found != metadata->end()) return {found->second.data(), found->second.size()};
        }
        return {};
    }

    /// Of a call that failed. gRPC tells it in two ways. Once it is over by the connection's doing, its peer is the
    /// connection's: an address without the slashes that our targets have. When it was ended here, by deadline or
    /// cancellation, that is not told; but if there was no connection all the while it can have gone nowhere.
    bool may_have_been_sent() const {
        if (context_.peer().find(kSlashes) == std::string::npos) return true;
        auto status = static_cast<Status>(status_.error_code());
        if (status == Status::unavailable) return false;
        if (status != Status::deadline_exceeded && status != Status::cancelled) return true;
        auto state = channel_->GetState(false);
        return watch_->was_ready() || (state != GRPC_CHANNEL_CONNECTING && state != GRPC_CHANNEL_TRANSIENT_FAILURE);
    }

    std::shared_ptr<grpc::Channel> channel_;
    std::shared_ptr<ReadyWatch> watch_;
    grpc::GenericStub stub_;
    std::shared_ptr<Inbox> inbox_;
    boost::asio::executor_work_guard<boost::asio::any_io_executor> guard_;
    std::function<void(Answer)> done_;
    grpc::ClientContext context_;
    grpc::ByteBuffer response_;
    grpc::Status status_;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
    std::shared_ptr<GrpcCall> self_;
};

void Inbox::empty() {
    std::vector<std::shared_ptr<GrpcCall>> finished;
    {
        std::lock_guard lock(mutex_);
        finished.swap(finished_);
    }
    for (auto& call : finished) {
        call->tell();
        call.reset();
    }
}

}  // namespace

struct Client::Impl {
    explicit Impl(boost::asio::io_context& io) : inbox(std::make_shared<Inbox>(io.get_executor())) {}

    std::shared_ptr<Inbox> inbox;
    std::shared_ptr<ChannelPool> pool;
    std::string ca_pem;
    ChannelKey key;             ///< its target is empty until there are addresses
    bool other_family = false;  ///< the preferred family of addresses did not answer
    bool resolve_again = false;
};

Client::Client(boost::asio::io_context& io, Options options)
    : options_(std::move(options)), impl_(std::make_unique<Impl>(io)) {
    impl_->key.owner = options_.owner;
    impl_->key.endpoint = options_.endpoint;
    impl_->key.ca_file = options_.connect.tls.ca_file;
    impl_->key.insecure = options_.connect.tls.insecure;
    if (options_.connect.proxy) impl_->key.proxied = host_and_port(options_.endpoint);
}

Client::~Client() = default;

boost::asio::awaitable<std::shared_ptr<const Failure>> Client::prepare(Deadline deadline) {
    if (!impl_->pool) impl_->pool = ChannelPool::instance();
    if (!impl_->pool) {
        Failure failure{
            ErrorClass::transient, "no_thread", "no thread could be made for Pub/Sub's connections", {}, {}, {}};
        failure.hint = "Raise the limit on this process's tasks (TasksMax, pids).";
        co_return std::make_shared<const Failure>(std::move(failure));
    }
    if (!impl_->key.target.empty() && !impl_->resolve_again) co_return nullptr;
    const auto& ca_file = options_.connect.tls.ca_file;
    if (!ca_file.empty()) {
        auto read = read_ca_file(ca_file);
        if (!read) co_return no_connection(options_.endpoint, ConnectStep::tls, "tls_failed", read.error());
        impl_->ca_pem = std::move(*read);
    }
    auto addresses = co_await resolve_first_hop(options_.endpoint, options_.connect, deadline);
    if (!addresses) {
        const ConnectError& error = addresses.error();
        co_return no_connection(options_.endpoint, error.step, error.code, error.error);
    }
    const Endpoint& first_hop = options_.connect.proxy ? *options_.connect.proxy : options_.endpoint;
    impl_->key.target = target_of(*addresses, first_hop.port, impl_->other_family);
    impl_->resolve_again = false;
    co_return nullptr;
}

std::shared_ptr<RunningCall> Client::start(Call call, const auth::GoogleToken* token, Deadline deadline,
                                           std::function<void(Answer)> done) {
    auto channel =
        impl_->pool->get(impl_->key, [this](const ChannelKey& key) { return make_channel(key, impl_->ca_pem); });
    auto* impl = impl_.get();
    auto told = [impl, done = std::move(done), key = impl_->key, used = std::weak_ptr(channel)](Answer answer) {
        // A connection that was lost is not tried again: gRPC may give it calls for a moment after it told the first.
        if (answer.status == Status::unavailable) impl->pool->discard(key, used.lock());
        if (answer.status == Status::unavailable && !answer.maybe_sent) {
            // Nobody answers at these addresses: others may have taken their place.
            impl->resolve_again = true;
            impl->other_family = !impl->other_family;
        }
        done(std::move(answer));
    };
    auto running = std::make_shared<GrpcCall>(std::move(channel), impl_->inbox, std::move(told));
    auto& context = running->context();
    context.set_deadline(grpc_deadline(deadline));
    if (!call.routing.empty()) context.AddMetadata("x-goog-request-params", call.routing);
    if (token != nullptr) {
        context.AddMetadata("authorization", "Bearer " + token->bearer.reveal());
        if (!token->quota_project.empty()) context.AddMetadata("x-goog-user-project", token->quota_project);
    }
    if (options_.compress && call.body.size() >= kLeastCompressed) {
        context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    }
    running->begin(call.method, std::move(call.body), impl_->pool->queue());
    return running;
}

}  // namespace sluice::pubsub
