#include "sandbox/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <iterator>
#include <mutex>

#include "http/server.hpp"
#include "net/certificate.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"
#include "sandbox/control_api.hpp"

namespace sluice::sandbox {

namespace asio = boost::asio;

namespace {

/// A request that hangs is let go of after this, when no client had less patience.
constexpr auto kLongestHang = std::chrono::minutes(10);
/// Ten MiB of records in base64, with their keys.
constexpr std::size_t kMaxBodyBytes = std::size_t{20} << 20;

constexpr std::array<std::string_view, 3> kShown{"good", "expired", "wrong_host"};

CertificateRequest authority_certificate() {
    CertificateRequest request;
    request.common_name = "Sluice sandbox";
    request.is_ca = true;
    return request;
}

/// The loopback's and the listening address's, or one that a client must refuse.
CertificateRequest server_certificate(std::string_view shown, const std::string& address) {
    CertificateRequest request;
    request.common_name = "localhost";
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1", "::1"};
    boost::system::error_code not_an_address;
    asio::ip::make_address(address, not_an_address);
    if (!not_an_address && address != "127.0.0.1" && address != "::1") request.ip_addresses.push_back(address);
    if (shown == "expired") {
        request.valid_from = -std::chrono::hours(48);
        request.valid_until = -std::chrono::hours(24);
    } else if (shown == "wrong_host") {
        request.common_name = "elsewhere.example";
        request.dns_names = {"elsewhere.example"};
        request.ip_addresses = {};
    }
    return request;
}

Result<std::string> read_file(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file) return make_error(Errc::not_found, fmt::format("faults file {} cannot be read", name));
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

struct Sandbox::Impl {
    explicit Impl(SandboxOptions given)
        : options(std::move(given)),
          received(options.received, *options.clock),
          aws(options.aws, options.shards, received, faults, *options.clock),
          iot_hub(options.iot_hub, received, faults, *options.clock),
          event_hubs(options.event_hubs, received, faults, *options.clock),
          pubsub(options.pubsub, received, faults, *options.clock),
          services{&event_hubs, &iot_hub, &pubsub, &aws},
          control(received, faults, services, certificate_pem,
                  [this](std::string_view shown) { return show_certificate(shown); }) {
        std::vector<FaultWords> words;
        for (const auto* service : services) {
            for (auto& each : service->fault_words()) words.push_back(std::move(each));
        }
        faults.know(std::move(words));
    }

    asio::awaitable<http::Response> handle(http::Request request) {
        if (ControlApi::claims(request)) co_return control.handle(request);
        for (auto* service : services) {
            if (!service->claims(request)) continue;
            auto outcome = co_await service->handle(std::move(request));
            if (outcome.ending == Outcome::Ending::hang) {
                asio::steady_timer timer(co_await asio::this_coro::executor, kLongestHang);
                co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            }
            outcome.response.abort = outcome.ending != Outcome::Ending::answer;
            co_return std::move(outcome.response);
        }
        co_return http::problem(
            404, "not_found", http::reason_phrase(404),
            "no service of the sandbox is asked for by this request; the control API is under /_sandbox/");
    }

    /// An authority, so that a bad certificate is bad for one reason only, and the server's own certificate.
    Result<void> make_certificates() {
        auto made = make_certificate(authority_certificate());
        if (!made) return made.error();
        authority = std::move(*made);
        auto signed_one = make_certificate(server_certificate("good", options.address), &authority);
        if (!signed_one) return signed_one.error();
        auto context = TlsServerContext::from_pem(signed_one->certificate_pem, signed_one->key_pem);
        if (!context) return context.error();
        tls = std::move(*context);
        server_identity = std::move(*signed_one);
        certificate_pem = authority.certificate_pem;
        return {};
    }

    /// For connections from here on. The stand-ins with listeners of their own are opened again, on the same ports.
    Result<void> show_certificate(std::string_view shown) {
        if (std::find(kShown.begin(), kShown.end(), shown) == kShown.end())
            return make_error(Errc::invalid_argument, fmt::format("there is no certificate \"{}\"", shown),
                              "one of: good, expired, wrong_host");
        auto made = make_certificate(server_certificate(shown, options.address), &authority);
        if (!made) return made.error();
        auto context = TlsServerContext::from_pem(made->certificate_pem, made->key_pem);
        if (!context) return context.error();
        std::lock_guard lock(certificate_mutex);
        server_identity = std::move(*made);
        tls->show_certificate_of(**context);
        for (auto* service : services) {
            if (service->listeners().empty()) continue;
            service->stop();
            if (auto opened = open_listeners(*service, 0); !opened) return opened;
        }
        return {};
    }

    std::string url() const {
        bool v6 = options.address.find(':') != std::string::npos;
        return fmt::format("{}://{}{}{}:{}", options.tls ? "https" : "http", v6 ? "[" : "", options.address,
                           v6 ? "]" : "", options.port);
    }

    Result<void> open_listeners(Service& service, std::uint16_t base_port) {
        return service.start(
            {options.address, base_port, server_identity.certificate_pem, server_identity.key_pem, url()});
    }

    Result<void> load_faults() {
        if (options.faults_file.empty()) return {};
        auto text = read_file(options.faults_file);
        if (!text) return text.error();
        auto set = faults.set_json(*text);
        if (!set)
            return make_error(set.error().code, fmt::format("{}: {}", options.faults_file, set.error().message),
                              set.error().hint);
        options.faults_file.clear();  // a later start() goes on with the rules as they are then
        return {};
    }

    SandboxOptions options;
    FaultInjector faults;
    ReceivedLog received;
    AwsService aws;
    IotHubService iot_hub;
    EventHubsService event_hubs;
    PubsubService pubsub;
    std::vector<Service*> services;  ///< the first that claims a request gets it: those that look closest come first
    Certificate authority;
    Certificate server_identity;  ///< what is shown at the moment
    std::string certificate_pem;  ///< what clients must trust: the authority's
    std::mutex certificate_mutex;
    ControlApi control;
    std::shared_ptr<TlsServerContext> tls;
    std::unique_ptr<ShardSet> shards;
    std::unique_ptr<http::Server> server;
    bool started_before = false;
};

Sandbox::Sandbox(SandboxOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Sandbox::~Sandbox() {
    stop();
}

Result<void> Sandbox::prepare() {
    if (!impl_->options.tls || impl_->tls) return {};
    return impl_->make_certificates();
}

Result<void> Sandbox::start() {
    if (impl_->server) return make_error(Errc::conflict, "the sandbox is running already");
    auto loaded = impl_->load_faults();
    if (!loaded) return loaded.error();
    const auto base_port = impl_->options.port;
    if (auto prepared = prepare(); !prepared) return prepared.error();
    http::Server::Options server;
    server.address = impl_->options.address;
    server.port = impl_->options.port;
    server.limits.max_body_bytes = kMaxBodyBytes;
    server.tls = impl_->tls;
    impl_->shards = std::make_unique<ShardSet>(impl_->options.shards);
    auto* impl = impl_.get();
    impl_->server = std::make_unique<http::Server>(
        *impl_->shards, std::move(server), [impl](http::Request request) { return impl->handle(std::move(request)); });
    impl_->shards->start();
    auto started = impl_->server->start();
    if (!started) {
        stop();
        return started.error();
    }
    impl_->options.port = impl_->server->port();
    for (auto* service : impl_->services) {
        // Over stop() and start() a listener keeps its port by itself; only a port that was chosen gives a base.
        auto opened = impl_->open_listeners(*service, impl_->started_before ? std::uint16_t{0} : base_port);
        if (opened) continue;
        stop();
        return opened.error();
    }
    impl_->started_before = true;
    return {};
}

void Sandbox::stop() {
    if (!impl_->server) return;
    for (auto* service : impl_->services) service->stop();
    impl_->server->stop(Deadline::after({}));
    impl_->server.reset();
    impl_->shards->stop_and_join();
    impl_->shards.reset();
}

std::uint16_t Sandbox::port() const noexcept {
    return impl_->options.port;
}

std::string Sandbox::url() const {
    return impl_->url();
}

std::vector<Listener> Sandbox::listeners() const {
    std::vector<Listener> all;
    for (const auto* service : impl_->services) {
        for (auto& listener : service->listeners()) all.push_back(std::move(listener));
    }
    return all;
}

const std::string& Sandbox::certificate_pem() const noexcept {
    return impl_->certificate_pem;
}
ReceivedLog& Sandbox::received() noexcept {
    return impl_->received;
}
FaultInjector& Sandbox::faults() noexcept {
    return impl_->faults;
}
AwsService& Sandbox::aws() noexcept {
    return impl_->aws;
}
IotHubService& Sandbox::iot_hub() noexcept {
    return impl_->iot_hub;
}
EventHubsService& Sandbox::event_hubs() noexcept {
    return impl_->event_hubs;
}
PubsubService& Sandbox::pubsub() noexcept {
    return impl_->pubsub;
}

std::vector<Credential> Sandbox::credentials() const {
    std::vector<Credential> all;
    for (const auto* service : impl_->services) {
        for (auto& credential : service->credentials()) all.push_back(std::move(credential));
    }
    return all;
}

}  // namespace sluice::sandbox
