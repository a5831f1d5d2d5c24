#include "sandbox/pubsub/pubsub_service.hpp"

#include <fmt/format.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "sandbox/pubsub/apis.hpp"
#include "sandbox/pubsub/resource_name.hpp"
#include "sandbox/pubsub/rpc_door.hpp"

namespace sluice::sandbox {
namespace {

namespace asio = boost::asio;

/// Where the listener is when the sandbox's own port was chosen.
constexpr int kPortAfterBase = 3;
/// The service's limit is looked at by us, so that it is told in the service's words; gRPC's own must be wider.
constexpr int kMostMessageBytes = 20 << 20;
constexpr int kLeastPingIntervalMs = 5'000;
constexpr std::string_view kTokenPath = "/token";
constexpr std::string_view kMetadataPath = "/computeMetadata/";
// As fault rules name them; those over gRPC have the calls' names.
constexpr std::string_view kTokenOperation = "Token";
constexpr std::string_view kMetadataOperation = "Metadata";

std::shared_ptr<grpc::ServerCredentials> credentials_for(const ListenOptions& options) {
    if (options.certificate_pem.empty()) return grpc::InsecureServerCredentials();
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs.push_back({options.key_pem, options.certificate_pem});
    return grpc::SslServerCredentials(tls);
}

Error to_error(const RpcError& error) {
    auto code = error.code == RpcCode::already_exists ? Errc::conflict
                : error.code == RpcCode::not_found    ? Errc::not_found
                                                      : Errc::invalid_argument;
    return make_error(code, error.message);
}

}  // namespace

/// The gRPC server with what its calls need.
struct PubsubService::Server {
    Server(FaultInjector& faults, const GoogleAccounts& accounts, const Clock& clock)
        : door{faults, accounts, clock, {}, false, {}} {}

    RpcDoor door;
    std::vector<std::unique_ptr<grpc::Service>> apis;
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor;
    std::unique_ptr<grpc::Server> server;
};

PubsubService::PubsubService(PubsubOptions options, ReceivedLog& received, FaultInjector& faults, const Clock& clock)
    : faults_(faults),
      clock_(clock),
      options_(options),
      accounts_(options.accounts),
      topics_(options.topics, received, faults, clock) {}

PubsubService::~PubsubService() {
    stop();
}

Result<void> PubsubService::start(const ListenOptions& options) {
    auto server = std::make_unique<Server>(faults_, accounts_, clock_);
    auto& door = server->door;
    auto port = port_;
    if (options.base_port != 0 && options.base_port + kPortAfterBase <= 65'535)
        port = static_cast<std::uint16_t>(options.base_port + kPortAfterBase);
    if (auto opened = door.connections.open(options.address, port); !opened)
        return make_error(opened.error().code, "Pub/Sub's gRPC endpoint " + opened.error().message);

    bool tls = !options.certificate_pem.empty();
    bool v6 = options.address.find(':') != std::string::npos;
    auto authority = fmt::format("{}{}{}:{}", v6 ? "[" : "", options.address, v6 ? "]" : "", door.connections.port());
    door.token_required = tls || options_.token_required_in_plain_text;
    door.authorities = {authority, fmt::format("localhost:{}", door.connections.port())};

    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(kMostMessageBytes);
    builder.SetMaxSendMessageSize(-1);
    // Clients keep idle channels alive with pings; gRPC's own patience with those ends after three.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    server->apis.push_back(make_publisher_api(door, topics_));
    server->apis.push_back(make_subscriber_api(door, topics_));
    server->apis.push_back(make_iam_api(door, topics_));
    for (auto& api : server->apis) builder.RegisterService(api.get());
    using Acceptors = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
    server->acceptor =
        builder.experimental().AddExternalConnectionAcceptor(Acceptors::FROM_FD, credentials_for(options));
    server->server = builder.BuildAndStart();
    if (!server->server) return make_error(Errc::io, "Pub/Sub's gRPC server did not start");
    door.connections.serve([acceptor = server->acceptor.get()](int listener, int connection) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
        parameters.listener_fd = listener;
        parameters.fd = connection;
        acceptor->HandleNewConnection(&parameters);
    });

    port_ = door.connections.port();
    server_ = std::move(server);
    std::lock_guard lock(mutex_);
    url_ = fmt::format("http{}://{}", tls ? "s" : "", authority);
    token_uri_ = options.url + std::string(kTokenPath);
    listening_ = true;
    return {};
}

void PubsubService::stop() {
    if (!server_) return;
    {
        std::lock_guard lock(mutex_);
        listening_ = false;
    }
    server_->door.connections.close();
    server_->server->Shutdown(std::chrono::system_clock::now());
    server_->server->Wait();
    server_.reset();
}

std::vector<Listener> PubsubService::listeners() const {
    std::lock_guard lock(mutex_);
    if (!listening_) return {};
    return {{"pubsub_grpc", url_}};
}

std::vector<Credential> PubsubService::credentials() const {
    auto token_uri = this->token_uri();
    return {{"google_admin.json", accounts_.service_account_json(GoogleRole::admin, token_uri)},
            {"google_publisher.json", accounts_.service_account_json(GoogleRole::publisher, token_uri)},
            {"google_user.json", accounts_.authorized_user_json(token_uri)}};
}

std::string PubsubService::url() const {
    std::lock_guard lock(mutex_);
    return url_;
}

std::string PubsubService::token_uri() const {
    std::lock_guard lock(mutex_);
    return token_uri_;
}

std::string PubsubService::service_account_json(GoogleRole role) const {
    return accounts_.service_account_json(role, token_uri());
}

bool PubsubService::claims(const http::Request& request) const {
    return (request.method == "POST" && request.path == kTokenPath) || request.path.starts_with(kMetadataPath);
}

asio::awaitable<Outcome> PubsubService::handle(http::Request request) {
    bool token = request.path == kTokenPath;
    Outcome outcome;
    auto faults = faults_.on_request({"pubsub", token ? kTokenOperation : kMetadataOperation, {}});
    if (faults.delay.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_after(faults.delay);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    auto loses = faults.refusal == FaultAction::reset_before || faults.ending == FaultAction::reset_after;
    auto hangs = faults.refusal == FaultAction::hang || faults.ending == FaultAction::hang_after;
    if (loses || hangs) {
        outcome.ending = loses ? Outcome::Ending::reset : Outcome::Ending::hang;
        co_return outcome;
    }
    if (faults.refusal == FaultAction::http_500) {
        outcome.response = http::Response::json(faults.status, R"({"error":"internal_failure"})");
    } else if (faults.refusal == FaultAction::throttle_request) {
        outcome.response = http::Response::json(429, R"({"error":"rate_limit_exceeded"})");
    } else if (faults.refusal) {
        outcome.response =
            http::Response::json(400, R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})");
    } else {
        auto now = clock_.now() + faults.skew;
        outcome.response = token ? accounts_.token(request.body, now) : accounts_.metadata(request, now);
    }
    co_return outcome;
}

std::vector<FaultWords> PubsubService::fault_words() const {
    FaultWords calls{"pubsub",
                     {"Publish", "CreateTopic", "GetTopic", "ListTopics", "ListTopicSubscriptions", "DeleteTopic",
                      "TestIamPermissions", "CreateSubscription", "GetSubscription", "ListSubscriptions",
                      "DeleteSubscription", "Pull", "StreamingPull", "Acknowledge", "ModifyAckDeadline"},
                     {"Publish"}};
    calls.codes = rpc_code_names();
    FaultWords over_http{"pubsub", {kTokenOperation, kMetadataOperation}};
    over_http.codes.emplace();
    return {std::move(calls), std::move(over_http)};
}

std::vector<Target> PubsubService::targets() const {
    std::vector<Target> all;
    for (const auto& topic : topics_.list_all()) {
        auto subscriptions = topics_.subscriptions_of(topic.name);
        all.push_back({"pubsub", Topics::target_name(topic.name),
                       fmt::format(R"({{"topic":"{}","subscriptions":{}}})", topic.name,
                                   subscriptions ? subscriptions->size() : 0)});
    }
    return all;
}

Result<void> PubsubService::create_target(std::string_view, std::string_view name, std::string_view settings) {
    TopicSettings topic;
    topic.name = Topics::topic_name(name);
    if (!settings.empty()) {
        boost::system::error_code failure;
        auto parsed = boost::json::parse({settings.data(), settings.size()}, failure);
        const auto* object = parsed.if_object();
        if (failure || object == nullptr)
            return make_error(Errc::invalid_argument, "a topic's settings must be a JSON object");
        for (const auto& member : *object) {
            if (member.key() != "retention_seconds" || !member.value().is_int64())
                return make_error(
                    Errc::invalid_argument,
                    fmt::format("{}: a topic has only retention_seconds, an integer", std::string_view(member.key())));
            topic.retention = std::chrono::seconds(member.value().as_int64());
        }
    }
    auto created = topics_.create(std::move(topic));
    if (!created) return to_error(created.error());
    return {};
}

Result<void> PubsubService::delete_target(std::string_view, std::string_view name) {
    auto removed = topics_.remove(Topics::topic_name(name));
    if (!removed) return to_error(removed.error());
    return {};
}

}  // namespace sluice::sandbox
