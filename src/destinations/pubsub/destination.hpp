#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "auth/google_credentials.hpp"
#include "destination/destination.hpp"
#include "destinations/pubsub/config.hpp"
#include "destinations/pubsub/request.hpp"
#include "destinations/pubsub/session.hpp"
#include "destinations/pubsub/topics.hpp"

namespace sluice::pubsub {

/// Delivers to Pub/Sub topics with Publish, one request for each ordering key of a batch. See README.md for limits,
/// order and errors.
class PubSubDestination final : public Destination {
  public:
    struct Options {
        std::size_t max_concurrent = 8;                  ///< deliver() calls at a time
        std::size_t max_calls = CallRunner::kMostCalls;  ///< of all of them together
        std::string org;                                 ///< connections are shared within one org only
    };
    /// `tokens` is null before an emulator.
    PubSubDestination(boost::asio::io_context& io, Config config, std::unique_ptr<auth::GoogleTokenProvider> tokens,
                      Options options);

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    TargetNames* target_names() noexcept override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

  private:
    using Answers = std::vector<std::shared_ptr<const Answer>>;
    /// Sends groups and, where the service refused the token or has no such topic, mends that and sends once more.
    boost::asio::awaitable<Answers> publish(std::string target, std::span<const Message> messages,
                                            std::span<const Group> groups, Deadline deadline);

    boost::asio::io_context& io_;
    const Config config_;
    const MessageForm form_;
    const std::size_t max_concurrent_;
    Session session_;
    Topics topics_;
};

}  // namespace sluice::pubsub
