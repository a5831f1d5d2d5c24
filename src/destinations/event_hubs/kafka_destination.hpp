#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "auth/entra_token.hpp"
#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/event_hubs/config.hpp"
#include "destinations/event_hubs/hub_names.hpp"
#include "destinations/event_hubs/producer_pool.hpp"

namespace sluice::event_hubs {

/// Delivers to a namespace's event hubs over its Kafka endpoint. Holds no thread and no connection itself: those are
/// the pool's. See README.md for limits, order and errors.
class KafkaDestination final : public Destination {
  public:
    KafkaDestination(boost::asio::io_context& io, const Clock& clock, Config config, ProducerPool& pool);
    ~KafkaDestination() override;

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    TargetNames* target_names() noexcept override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

  private:
    using ProducerOrFailure = boost::system::result<std::shared_ptr<Producer>, std::shared_ptr<const Failure>>;

    /// Whose producer, and how it makes record batches of what it is given.
    struct Sender {
        ProducerSettings settings;
        std::string key;
        bool joined = false;
    };
    enum class RecordBatch {
        shared,  ///< with whatever else is on its way
        of_one,  ///< every message alone
    };

    boost::asio::awaitable<ProducerOrFailure> producer(RecordBatch batch, Deadline deadline);
    boost::asio::awaitable<HubOutcome> look_up(std::shared_ptr<Producer> producer, HubLookup::Wanted wanted,
                                               Deadline deadline);
    boost::asio::awaitable<std::vector<Verdict>> send(std::span<const Message> messages, RecordBatch batch,
                                                      Deadline deadline);
    bool was_alone(const Message& message) const;
    void leave(Sender& sender);
    void send_all(std::span<const Message> messages, Producer& producer, Reports& reports) const;
    std::vector<Verdict> verdicts_of(const std::vector<Reports::Report>& told, const std::string& hub,
                                     Producer& producer) const;

    boost::asio::io_context& io_;
    const Config config_;
    Sender shared_;
    Sender of_one_;  ///< joined once it is needed
    ProducerPool& pool_;
    HubNames hubs_;
    std::unique_ptr<auth::EntraTokens> tokens_;
};

/// A message's bytes as Event Hubs counts them: key, body, the properties beside it, and what frames them.
std::size_t message_bytes(const Message& message, const Config& config);

}  // namespace sluice::event_hubs
