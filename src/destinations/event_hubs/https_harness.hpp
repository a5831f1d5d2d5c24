#pragma once

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <mutex>
#include <tuple>

#include "auth/azure_sas.hpp"
#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "destination/conformance.hpp"
#include "destinations/event_hubs/closed_port.hpp"
#include "destinations/event_hubs/factory.hpp"
#include "http/scripted_server.hpp"
#include "http/server.hpp"
#include "net/shard.hpp"

namespace sluice::event_hubs {

inline constexpr std::string_view kKey = "c2VjcmV0LW9mLXRoZS1uYW1lc3BhY2U0123456789ab=";

/// A namespace's HTTPS side with one hub, that behaves as told, checks every signature and keeps what it stores.
class FakeNamespace {
  public:
    FakeNamespace() {
        auto handler = [this](http::Request request) { return answer(std::move(request)); };
        server_ = std::make_unique<http::Server>(shards_, http::Server::Options(), handler);
        shards_.start();
        SLUICE_ASSERT(server_->start(), "a server on a free port starts");
    }
    ~FakeNamespace() {
        server_->stop(Deadline::after({}));
        server_.reset();
        shards_.stop_and_join();
    }

    std::uint16_t port() const { return server_->port(); }
    void shall(PeerBehaviour behaviour) {
        std::lock_guard lock(mutex_);
        behaviour_ = behaviour;
    }
    std::vector<std::string> stored() const {
        std::lock_guard lock(mutex_);
        return stored_;
    }
    std::size_t requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    static http::Response error(int status, std::string_view detail) {
        return http::Response::text(status,
                                    fmt::format("<Error><Code>{}</Code><Detail>{}</Detail></Error>", status, detail));
    }

    /// The signature is made again over what it says it covers.
    static bool is_signed(const http::Request& request) {
        std::string given(request.headers.get("authorization"));
        constexpr std::string_view kScope =
            "SharedAccessSignature sr=sb%3A%2F%2Facme.servicebus.windows.net%2Fbuilding-events&sig=";
        if (!given.starts_with(kScope)) return false;
        auto expires = given.substr(given.find("&se=") + 4);
        expires = expires.substr(0, expires.find('&'));
        auto signature = auth::azure_sas_signature("sb%3A%2F%2Facme.servicebus.windows.net%2Fbuilding-events",
                                                   Secret(std::string(kKey)), expires);
        return given == fmt::format("{}{}&se={}&skn=Root", kScope, percent_encode(signature), expires) &&
               std::stoll(expires) > to_epoch_ms(SystemClock::instance().now()) / 1000;
    }

    static boost::asio::awaitable<void> never() {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                        boost::asio::steady_timer::time_point::max());
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    boost::asio::awaitable<http::Response> answer(http::Request request) {
        auto behaviour = PeerBehaviour::accept;
        {
            std::lock_guard lock(mutex_);
            behaviour = behaviour_;
        }
        if (behaviour == PeerBehaviour::stay_silent) {
            std::ignore = decide(request, PeerBehaviour::accept);
            co_await never();
        }
        co_return decide(request, behaviour);
    }

    http::Response decide(const http::Request& request, PeerBehaviour behaviour) {
        std::lock_guard lock(mutex_);
        bool sends = request.method == "POST";
        requests_ += sends;
        if (!is_signed(request)) return error(401, "InvalidSignature: The token has an invalid signature.");
        switch (behaviour) {
            case PeerBehaviour::throttle:
                return error(503, "ServerBusy: The request was terminated because the namespace is being throttled.");
            case PeerBehaviour::refuse_credentials:
                return error(401, "InvalidSignature: The token has an invalid signature.");
            case PeerBehaviour::miss_target:
                return error(404, "The messaging entity could not be found.");
            case PeerBehaviour::refuse_as_too_large:
                return error(413, "The message size exceeds the limit.");
            case PeerBehaviour::fail:
                return error(500, "The server encountered an internal error.");
            case PeerBehaviour::talk_nonsense:
                return http::Response::text(200, "<html>Welcome to the hotel's network</html>");
            default:
                break;
        }
        if (!sends) return http::Response::text(200, "<entry><EventHubDescription/></entry>");
        auto batch = boost::json::parse(request.body);
        for (const auto& each : batch.as_array()) {
            const auto& body = each.at("Body").as_string();
            stored_.emplace_back(body.data(), body.size());
        }
        return http::Response::text(201, "");
    }

    mutable std::mutex mutex_;
    PeerBehaviour behaviour_ = PeerBehaviour::accept;
    std::vector<std::string> stored_;
    std::size_t requests_ = 0;
    ShardSet shards_{1};
    std::unique_ptr<http::Server> server_;
};

/// The connector as its factory makes it, with `ordering: none`, so that a batch is one request (with keys, each has
/// one of its own, at the same time as the others: https_destination_test).
class HttpsHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        if (behaviour == PeerBehaviour::refuse_every_other) return false;  // a request is taken or refused as a whole
        if (behaviour == PeerBehaviour::store_and_hang_up) {
            hanging_up_ = std::make_unique<http::ScriptedServer>(
                std::vector<http::Behaviour>{http::Behaviour::close_after_reading()});
            port_ = hanging_up_->port();
        } else if (behaviour == PeerBehaviour::be_unreachable) {
            port_ = closed_.port();
        } else {
            service_ = std::make_unique<FakeNamespace>();
            service_->shall(behaviour);
            port_ = service_->port();
        }
        return true;
    }

    void peer_recovers() override {
        if (service_) return service_->shall(PeerBehaviour::accept);
        hanging_up_->then(http::Behaviour::respond(201));
    }

    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        DestinationContext context{io, SystemClock::instance(), "acme"};
        context.keyed = false;
        boost::json::object settings{
            {"type", "event_hubs"},
            {"protocol", "https"},
            {"connection_string",
             fmt::format("Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
                         kKey)},
            {"hub", "building-events"},
            {"create_hubs", false},
            {"endpoint", fmt::format("http://127.0.0.1:{}", port_)}};
        return event_hubs_kind().make(settings, context).value();
    }

    std::vector<std::string> stored() const override {
        return service_ ? service_->stored() : std::vector<std::string>();
    }
    std::size_t requests() const override {
        if (service_) return service_->requests();
        return hanging_up_ ? hanging_up_->requests().size() : 0;
    }
    std::vector<std::string> secrets() const override { return {std::string(kKey)}; }

  private:
    std::unique_ptr<FakeNamespace> service_;
    std::unique_ptr<http::ScriptedServer> hanging_up_;
    ClosedPort closed_;
    std::uint16_t port_ = 0;
};

}  // namespace sluice::event_hubs
