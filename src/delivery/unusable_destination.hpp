#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "destination/destination.hpp"

namespace sluice {

/// Stands in for a destination that cannot be made out of its settings any more (IntegrationConfig::unusable): accepts
/// nothing and says why, so that the integration keeps its events, its ledger and its place in the log until somebody
/// has mended them. No I/O. Thread: the integration's shard.
class UnusableDestination final : public Destination {
  public:
    explicit UnusableDestination(const Error& why);

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

    static constexpr std::string_view kCode = "settings_unusable";

  private:
    std::shared_ptr<const Failure> failure_;
};

}  // namespace sluice
