#include <boost/json/object.hpp>

#include "destination/conformance.hpp"
#include "destinations/iot_hub/factory.hpp"
#include "destinations/iot_hub/request.hpp"
#include "http/scripted_server.hpp"
#include "mqtt/scripted_broker.hpp"

namespace sluice {
namespace {

using http::ScriptedServer;
using mqtt::ScriptedBroker;
using OnConnect = ScriptedBroker::OnConnect;
using OnPublish = ScriptedBroker::OnPublish;

constexpr std::string_view kSecretKey = "c2VjcmV0LWtleS1vZi10aGUtZGV2aWNl";

std::unique_ptr<Destination> make_iot_hub(boost::asio::io_context& io, const std::string& endpoint,
                                          std::string_view transport) {
    boost::json::object settings{{"type", "iot_hub"},
                                 {"connection_string", "HostName=hub.azure-devices.net;DeviceId=room;SharedAccessKey=" +
                                                           std::string(kSecretKey)},
                                 {"transport", transport},
                                 {"endpoint", endpoint}};
    return iot_hub_kind()
        .make(settings, {.io = io, .clock = SystemClock::instance(), .integration_id = "acme"})
        .value();
}

std::vector<std::string> secrets_of_the_device() {
    return {std::string(kSecretKey), "secret-key-of-the-device", "SharedAccessSignature sr="};
}

class MqttHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        switch (behaviour) {
            case PeerBehaviour::accept:
                break;
            case PeerBehaviour::refuse_credentials:
                broker_.on_connect([](const mqtt::Connect&) {
                    return OnConnect{OnConnect::Kind::answer, mqtt::ConnectCode::not_authorized};
                });
                break;
            case PeerBehaviour::fail:
                publishes_end_in(OnPublish::close);
                break;
            case PeerBehaviour::talk_nonsense:
                publishes_end_in(OnPublish::talk_nonsense);
                break;
            case PeerBehaviour::store_and_hang_up:
                publishes_end_in(OnPublish::record_and_close);
                break;
            case PeerBehaviour::stay_silent:
                publishes_end_in(OnPublish::stay_silent);
                // A test call publishes nothing: it is silence in answer to its CONNECT that it meets.
                broker_.on_connect([](const mqtt::Connect& connect) {
                    bool test = connect.keep_alive_seconds == iot_hub::kTestKeepAliveSeconds;
                    return OnConnect{test ? OnConnect::Kind::stay_silent : OnConnect::Kind::answer,
                                     mqtt::ConnectCode::accepted};
                });
                break;
            case PeerBehaviour::be_unreachable:
                endpoint_ = ScriptedBroker().endpoint().to_url();  // nobody is there any more
                break;
            // Over MQTT a hub has no way to say any of these: it closes the connection.
            case PeerBehaviour::refuse_every_other:
            case PeerBehaviour::throttle:
            case PeerBehaviour::miss_target:
            case PeerBehaviour::refuse_as_too_large:
                return false;
        }
        return true;
    }
    void peer_recovers() override { publishes_end_in(OnPublish::acknowledge); }
    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        return make_iot_hub(io, endpoint_, "mqtt");
    }
    std::vector<std::string> stored() const override {
        std::vector<std::string> bodies;
        for (const auto& each : broker_.published()) bodies.push_back(each.message.payload);
        return bodies;
    }
    std::size_t requests() const override { return broker_.published().size(); }
    std::vector<std::string> secrets() const override { return secrets_of_the_device(); }

  private:
    void publishes_end_in(OnPublish what) {
        broker_.on_publish([what](const mqtt::Publish&, std::size_t) { return what; });
    }

    ScriptedBroker broker_;
    std::string endpoint_ = broker_.endpoint().to_url();
};

class HttpsHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        behaviour_ = behaviour;
        if (behaviour == PeerBehaviour::be_unreachable) {
            endpoint_ = ScriptedServer().endpoint().to_url();
            return true;
        }
        // Enough for a delivery and a test call; what hangs up is the one that recovers after its first.
        int times = behaviour == PeerBehaviour::store_and_hang_up ? 1 : 6;
        for (int i = 0; i < times; ++i) server_.then(scripted(behaviour));
        return true;
    }
    void peer_recovers() override {
        behaviour_ = PeerBehaviour::accept;
        for (int i = 0; i < 6; ++i) server_.then(scripted(behaviour_));
    }
    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        return make_iot_hub(io, endpoint_, "https");
    }
    std::vector<std::string> stored() const override {
        bool stores = behaviour_ == PeerBehaviour::accept || behaviour_ == PeerBehaviour::refuse_every_other ||
                      behaviour_ == PeerBehaviour::stay_silent || behaviour_ == PeerBehaviour::store_and_hang_up;
        std::vector<std::string> bodies;
        for (const auto& request : server_.requests()) {
            if (stores && is_send(request)) bodies.push_back(request.body);
        }
        return bodies;
    }
    std::size_t requests() const override {
        auto all = server_.requests();
        return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_send));
    }
    std::vector<std::string> secrets() const override { return secrets_of_the_device(); }

  private:
    static bool is_send(const ScriptedServer::Recorded& request) {
        return request.target.find("/messages/events") != std::string::npos;
    }
    static http::Behaviour scripted(PeerBehaviour behaviour) {
        auto refuse = [](int status, std::string_view code) {
            return http::Behaviour::respond(status, R"({"errorCode":)" + std::string(code) + R"(,"message":"no"})");
        };
        switch (behaviour) {
            case PeerBehaviour::accept:
            case PeerBehaviour::refuse_every_other:  // every batch is of one
                return http::Behaviour::respond(204);
            case PeerBehaviour::throttle:
                return refuse(429, "429001");
            case PeerBehaviour::refuse_credentials:
                return refuse(401, "401003");
            case PeerBehaviour::miss_target:
                return refuse(404, "404001");
            case PeerBehaviour::refuse_as_too_large:
                return refuse(413, "413001");
            case PeerBehaviour::fail:
                return refuse(500, "500001");
            case PeerBehaviour::talk_nonsense:
                return http::Behaviour::respond(200, "<html>welcome</html>");
            case PeerBehaviour::store_and_hang_up:
                return http::Behaviour::close_after_reading();
            case PeerBehaviour::stay_silent:
            case PeerBehaviour::be_unreachable:
                break;
        }
        return http::Behaviour::hang();
    }

    ScriptedServer server_;
    std::string endpoint_ = server_.endpoint().to_url();
    PeerBehaviour behaviour_ = PeerBehaviour::accept;
};

template <class Harness>
std::unique_ptr<ConformanceHarness> make_harness() {
    return std::make_unique<Harness>();
}

INSTANTIATE_TEST_SUITE_P(IotHubMqtt, DestinationConformance, testing::Values(&make_harness<MqttHarness>));
INSTANTIATE_TEST_SUITE_P(IotHubHttps, DestinationConformance, testing::Values(&make_harness<HttpsHarness>));

}  // namespace
}  // namespace sluice
