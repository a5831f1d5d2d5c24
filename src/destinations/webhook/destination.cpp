#include "destinations/webhook/destination.hpp"

#include "destination/connection_failure.hpp"
#include "destination/connection_probe.hpp"
#include "destinations/webhook/request.hpp"
#include "destinations/webhook/response.hpp"
#include "http/client.hpp"

namespace sluice::webhook {
namespace {

/// No receiver says what it takes; above this an event is not for a webhook.
constexpr std::size_t kMaxMessageBytes = 16 << 20;

http::ClientPool::Options pool_options(const WebhookConfig& config, std::size_t connections) {
    http::ClientPool::Options options;
    options.endpoint = config.endpoint;
    options.connect = config.connect;
    options.max_connections = connections;
    return options;
}

class WebhookDestination final : public Destination {
  public:
    WebhookDestination(WebhookConfig config, const DestinationContext& context)
        : config_(std::move(config)),
          io_(context.io),
          clock_(context.clock),
          integration_id_(context.integration_id),
          connections_(context.max_connections),
          pool_(context.io, pool_options(config_, context.max_connections)) {}

    Limits limits() const override {
        Limits limits;
        limits.max_events = 1;
        limits.max_bytes = kMaxMessageBytes;
        limits.max_message_bytes_safe = kMaxMessageBytes;
        limits.max_message_bytes_absolute = kMaxMessageBytes;
        limits.max_concurrent = connections_;
        limits.fixed_target = true;
        return limits;
    }

    Result<void> target_of(const Event&, std::string& out) const override {
        out += config_.url;
        return {};
    }

    std::size_t size_of(const Message& message) const override { return message.body.size(); }

    Result<SentBeside> beside(const Message& message) const override {
        return headers_beside(config_, integration_id_, message, clock_.now());
    }

    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages,
                                                         Deadline deadline) override {
        std::vector<Verdict> verdicts;
        verdicts.reserve(messages.size());
        for (const auto& message : messages) {
            auto request = build_request(config_, integration_id_, message, clock_.now());
            http::ClientResult answer = co_await pool_.send(std::move(request), deadline);
            if (answer)
                verdicts.push_back(verdict_of(*answer, config_.url, config_.unquotable));
            else
                verdicts.push_back(connection_verdict(answer.error(), config_.endpoint));
        }
        co_return verdicts;
    }

    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override {
        ProbeReport report;
        bool connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
        if (connected)
            report.steps.push_back({"right to write", ProbeStep::Outcome::warning,
                                    "connected; whether the receiver takes events is only known by sending one", ""});
        co_return report;
    }

    boost::asio::awaitable<void> close() override {
        pool_.close();
        co_return;
    }

  private:
    const WebhookConfig config_;
    boost::asio::io_context& io_;
    const Clock& clock_;
    const std::string integration_id_;
    const std::size_t connections_;
    http::ClientPool pool_;
};

}  // namespace

std::unique_ptr<Destination> make_destination(WebhookConfig config, const DestinationContext& context) {
    return std::make_unique<WebhookDestination>(std::move(config), context);
}

}  // namespace sluice::webhook
