#include "destination/conformance.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "auth/google_key_for_test.hpp"
#include "base/clock.hpp"
#include "destinations/pubsub/config.hpp"
#include "destinations/pubsub/destination.hpp"
#include "destinations/pubsub/factory.hpp"
#include "destinations/pubsub/fake_service.hpp"
#include "http/scripted_server.hpp"

namespace sluice::pubsub {
namespace {

const std::string kTopic = "io.acme.room";

/// The connector before a fake of the service. `Keyed`: a request for each message, one after the other, so that the
/// order of arrival is that of the batch; else one request for all.
template <bool Keyed>
class PubSubHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        // A request is stored whole or not at all.
        if (!Keyed && behaviour == PeerBehaviour::refuse_every_other) return false;
        // What is still waiting for its turn when the first request is lost was never sent: nothing is ambiguous about
        // it, which destination_test.cpp shows.
        bool stops = behaviour == PeerBehaviour::stay_silent || behaviour == PeerBehaviour::store_and_hang_up;
        if (Keyed && stops) return false;

        create_topics_ = behaviour != PeerBehaviour::miss_target;
        if (behaviour == PeerBehaviour::be_unreachable) {
            port_ = http::ScriptedServer().port();
            return true;
        }
        service_ = std::make_unique<FakeService>();
        port_ = service_->port();
        if (behaviour == PeerBehaviour::store_and_hang_up) {
            relay_ = std::make_unique<Relay>(port_);
            port_ = relay_->port();
        }
        service_->react([this, behaviour](const FakeService::Request& request) { return react(behaviour, request); });
        return true;
    }

    void peer_recovers() override { service_->react({}); }

    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        DestinationContext context{io, SystemClock::instance(), "acme"};
        boost::json::object settings{{"type", "pubsub"},
                                     {"topic", kTopic},
                                     {"create_topics", create_topics_},
                                     {"ordering_keys", Keyed},
                                     {"endpoint", fmt::format("http://127.0.0.1:{}", port_)},
                                     {"credentials", auth::service_account_for_test()}};
        if (!Keyed) return pubsub_kind().make(settings, context).value();
        auto config = parse_config(settings, context).value();
        auto tokens = auth::make_google_credentials(*config.credentials,
                                                    {io, context.clock, "https://pubsub.googleapis.com/", {}, {}});
        PubSubDestination::Options options;
        options.max_calls = 1;
        return std::make_unique<PubSubDestination>(io, std::move(config), std::move(tokens), options);
    }

    std::vector<std::string> stored() const override {
        std::vector<std::string> bodies;
        if (!service_) return bodies;
        for (auto& message : service_->stored()) bodies.push_back(std::move(message.data));
        return bodies;
    }
    std::size_t requests() const override { return service_ ? service_->requests("Publish").size() : 0; }
    std::vector<std::string> secrets() const override {
        const auto& pem = auth::rsa_pem_for_test();
        return {pem.substr(100, 40), pem.substr(900, 40), "Bearer ", "eyJhbGci"};
    }

  private:
    FakeService::Reaction react(PeerBehaviour behaviour, const FakeService::Request& request) {
        FakeService::Reaction reaction;
        auto refuse = [&reaction](Status status, std::string message) {
            reaction.status = status;
            reaction.message = std::move(message);
        };
        bool is_publish = request.method == "Publish";
        switch (behaviour) {
            case PeerBehaviour::refuse_every_other:
                if (is_publish && ++published_ % 2 == 0) refuse(Status::aborted, "not this time");
                break;
            case PeerBehaviour::throttle:
                if (is_publish)
                    refuse(Status::resource_exhausted, "Quota exceeded for quota metric 'Regional publisher'");
                break;
            case PeerBehaviour::refuse_credentials:
                refuse(Status::unauthenticated, "Request had invalid authentication credentials.");
                break;
            case PeerBehaviour::miss_target:
                refuse(Status::not_found, "Resource not found (resource=io.acme.room).");
                break;
            case PeerBehaviour::refuse_as_too_large:
                if (is_publish) {
                    refuse(Status::invalid_argument, "Request payload size exceeds the limit: 10485760 bytes.");
                }
                break;
            case PeerBehaviour::fail:
                if (is_publish) refuse(Status::internal, "Internal error encountered.");
                break;
            case PeerBehaviour::talk_nonsense:
                reaction.is_nonsense = is_publish;
                break;
            case PeerBehaviour::stay_silent:
                reaction.is_silent = true;
                break;
            case PeerBehaviour::store_and_hang_up:
                reaction.is_silent = true;
                relay_->cut();
                break;
            case PeerBehaviour::accept:
            case PeerBehaviour::be_unreachable:
                break;
        }
        return reaction;
    }

    std::unique_ptr<FakeService> service_;
    std::unique_ptr<Relay> relay_;
    std::uint16_t port_ = 0;
    bool create_topics_ = true;
    std::size_t published_ = 0;
};

template <bool Keyed>
std::unique_ptr<ConformanceHarness> make_harness() {
    return std::make_unique<PubSubHarness<Keyed>>();
}

}  // namespace
}  // namespace sluice::pubsub

namespace sluice {
INSTANTIATE_TEST_SUITE_P(PubSub, DestinationConformance, testing::Values(&pubsub::make_harness<false>));
INSTANTIATE_TEST_SUITE_P(PubSubWithOrderingKeys, DestinationConformance, testing::Values(&pubsub::make_harness<true>));
}  // namespace sluice
