#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/iot_hub/config.hpp"
#include "destinations/iot_hub/hub_clock.hpp"
#include "destinations/iot_hub/sas_token.hpp"
#include "http/client.hpp"

namespace sluice::iot_hub {

/// Delivers over HTTPS, one message a request. See README.md for limits, order and errors.
class HttpsDestination final : public Destination {
  public:
    HttpsDestination(boost::asio::io_context& io, const Clock& clock, Config config, std::size_t max_connections);

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

  private:
    struct Token {
        Secret text;
        SteadyTime good_until{};
    };

    const Secret& token_of(std::size_t device);
    http::ClientPool& pool_of(const Device& device);
    boost::asio::awaitable<Verdict> deliver_one(const Message& message, Deadline deadline);
    boost::asio::awaitable<std::optional<Failure>> check(std::size_t device, Deadline deadline);
    /// After a refusal: true when this machine's clock was why, so that another token makes sense.
    /// `corrections_before`: of corrections_, when the token of the request was made.
    bool learn_time(const http::ClientResponse& reply, std::size_t device, std::uint64_t corrections_before);

    boost::asio::io_context& io_;
    const Clock& clock_;
    const Config config_;
    const std::size_t max_connections_;
    HubClock hub_clock_;
    std::uint64_t corrections_ = 0;  ///< how often hub_clock_ was set
    std::map<std::string, std::size_t, std::less<>> device_of_target_;
    std::map<std::size_t, Token> tokens_;
    std::map<Endpoint, std::unique_ptr<http::ClientPool>> pools_;  ///< one for each hub
};

}  // namespace sluice::iot_hub
