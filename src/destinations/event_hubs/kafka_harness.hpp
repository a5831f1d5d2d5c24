#pragma once

#include <fmt/format.h>

#include "base/clock.hpp"
#include "destination/conformance.hpp"
#include "destinations/event_hubs/closed_port.hpp"
#include "destinations/event_hubs/kafka_destination.hpp"
#include "destinations/event_hubs/mock_namespace.hpp"
#include "destinations/event_hubs/sasl_refuser.hpp"

namespace sluice::event_hubs {

inline constexpr std::string_view kSecretOfKafka = "c2VjcmV0LW9mLXRoZS1uYW1lc3BhY2U0123456789ab=";
inline constexpr std::string_view kHub = "building-events";
inline constexpr int kForEver = 3'600'000;

/// The connector before librdkafka's mock cluster. What the mock cannot do, refusing a password, another server does.
/// The mock has no answer for `refuse_every_other` (a partition's batch is taken or refused as a whole) and none that
/// is nonsense.
class KafkaHarness final : public ConformanceHarness {
  public:
    ~KafkaHarness() override {
        if (hanging_up_.joinable()) hanging_up_.join();
    }

    bool peer_shall(PeerBehaviour behaviour) override {
        switch (behaviour) {
            case PeerBehaviour::refuse_every_other:
            case PeerBehaviour::talk_nonsense:
                return false;
            case PeerBehaviour::refuse_credentials:
                refuser_ = std::make_unique<SaslRefuser>();
                port_ = refuser_->port();
                return true;
            case PeerBehaviour::be_unreachable:
                port_ = closed_.port();
                return true;
            default:
                break;
        }
        service_ = std::make_unique<MockNamespace>(std::string(kHub));
        port_ = service_->port();
        if (behaviour == PeerBehaviour::miss_target) {
            hub_ = "another-hub";
            service_->fail_hub(hub_, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
            return true;
        }
        service_->read(hub_);
        if (behaviour == PeerBehaviour::throttle) push(RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED);
        if (behaviour == PeerBehaviour::refuse_as_too_large) push(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        if (behaviour == PeerBehaviour::fail) push(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
        if (behaviour == PeerBehaviour::stay_silent) push_late();
        if (behaviour == PeerBehaviour::store_and_hang_up) {
            push_late();
            hanging_up_ = std::thread([this] {
                service_->wait_until_seen(1);
                service_->go_down();
            });
        }
        return true;
    }

    void peer_recovers() override {
        if (hanging_up_.joinable()) hanging_up_.join();
        service_->answer_no_more(MockNamespace::kProduce);
        service_->come_up();
        service_->use_up_late_answers();
    }

    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        DestinationContext context{io, SystemClock::instance(), "acme"};
        boost::json::object settings{
            {"type", "event_hubs"},
            {"connection_string",
             fmt::format("Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={}",
                         kSecretOfKafka)},
            {"hub", hub_},
            {"create_hubs", false},
            {"endpoint", fmt::format("http://127.0.0.1:{}", port_)}};
        auto config = parse_config(settings, context).value();
        config.sasl = refuser_ != nullptr;
        return std::make_unique<KafkaDestination>(io, SystemClock::instance(), std::move(config), pool_);
    }

    std::vector<std::string> stored() const override {
        bool reads = service_ && hub_ == kHub;
        return reads ? service_->bodies() : std::vector<std::string>();
    }
    std::size_t requests() const override {
        if (!service_ || hub_ != kHub) return 0;
        return static_cast<std::size_t>(service_->end()) +
               (pushed_ - service_->still_to_answer(MockNamespace::kProduce));
    }
    std::vector<std::string> secrets() const override { return {std::string(kSecretOfKafka)}; }
    /// It can; but what the mock answers late is told by kind of request, and being silent to both a look-up and a
    /// delivery would leave no way to deliver. probe_test has the cases.
    bool can_be_asked() const override { return false; }

  private:
    void push_late() {
        pushed_ = 5;  // a batch is one request, unless this machine is slow
        service_->answer_late(MockNamespace::kProduce, pushed_, kForEver);
    }
    void push(rd_kafka_resp_err_t error) {
        pushed_ = 20;
        service_->answer(MockNamespace::kProduce, error, pushed_);
    }

    ProducerPool pool_;
    std::unique_ptr<MockNamespace> service_;
    std::unique_ptr<SaslRefuser> refuser_;
    ClosedPort closed_;
    std::thread hanging_up_;
    std::string hub_{kHub};
    std::size_t pushed_ = 0;
    std::uint16_t port_ = 0;
};

}  // namespace sluice::event_hubs
