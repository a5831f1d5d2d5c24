#include "destination/conformance.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "destinations/kinesis/factory.hpp"
#include "destinations/kinesis/fake_kinesis.hpp"
#include "http/scripted_server.hpp"

namespace sluice::kinesis {
namespace {

constexpr std::string_view kKeyId = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kToken = "AQoDYXdzEPT//////////wEXAMPLEtc764==";

auth::AwsCredentials known_credentials() {
    auth::AwsCredentials credentials;
    credentials.access_key_id = kKeyId;
    credentials.secret_access_key = Secret(std::string(kSecret));
    credentials.session_token = Secret(std::string(kToken));
    return credentials;
}

/// The connector as its factory makes it, before a fake of the service. What the fake's HTTP server cannot do, closing
/// a connection instead of answering, a scripted server does.
class KinesisHarness final : public ConformanceHarness {
  public:
    bool peer_shall(PeerBehaviour behaviour) override {
        if (behaviour == PeerBehaviour::store_and_hang_up) {
            hanging_up_ = std::make_unique<http::ScriptedServer>(
                std::vector<http::Behaviour>{http::Behaviour::close_after_reading()});
            port_ = hanging_up_->port();
        } else if (behaviour == PeerBehaviour::be_unreachable) {
            port_ = http::ScriptedServer().port();
        } else {
            service_ = std::make_unique<FakeKinesis>(known_credentials());
            service_->shall(behaviour);
            port_ = service_->port();
        }
        return true;
    }

    void peer_recovers() override {
        if (service_) return service_->shall(PeerBehaviour::accept);
        // The same batch is sent again, so the answer has as many entries.
        auto last = boost::json::parse(hanging_up_->requests().back().body);
        boost::json::array entries(last.at("Records").as_array().size(), {{"SequenceNumber", "1"}, {"ShardId", "s"}});
        auto answer = boost::json::serialize(boost::json::object{{"FailedRecordCount", 0}, {"Records", entries}});
        hanging_up_->then(http::Behaviour::respond(200, answer));
    }

    std::unique_ptr<Destination> make(boost::asio::io_context& io) override {
        DestinationContext context{io, SystemClock::instance(), "acme"};
        boost::json::object settings{
            {"type", "kinesis"},
            {"stream", FakeKinesis::kStream},
            {"region", FakeKinesis::kRegion},
            {"endpoint", fmt::format("http://127.0.0.1:{}", port_)},
            {"credentials", {{"access_key_id", kKeyId}, {"secret_access_key", kSecret}, {"session_token", kToken}}}};
        return kinesis_kind().make(settings, context).value();
    }

    std::vector<std::string> stored() const override {
        return service_ ? service_->stored() : std::vector<std::string>();
    }
    std::size_t requests() const override { return service_ ? service_->requests() : hanging_up_->requests().size(); }
    std::vector<std::string> secrets() const override { return {std::string(kSecret), std::string(kToken)}; }

  private:
    std::unique_ptr<FakeKinesis> service_;
    std::unique_ptr<http::ScriptedServer> hanging_up_;
    std::uint16_t port_ = 0;
};

std::unique_ptr<ConformanceHarness> make_harness() {
    return std::make_unique<KinesisHarness>();
}

}  // namespace
}  // namespace sluice::kinesis

namespace sluice {
INSTANTIATE_TEST_SUITE_P(Kinesis, DestinationConformance, testing::Values(&kinesis::make_harness));
}  // namespace sluice
