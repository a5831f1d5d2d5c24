#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/event_hubs/config.hpp"
#include "destinations/event_hubs/hub_access.hpp"
#include "destinations/event_hubs/hub_creation.hpp"
#include "destinations/event_hubs/hub_names.hpp"
#include "http/client.hpp"
#include "net/signal_event.hpp"

namespace sluice::event_hubs {

/// Delivers to a namespace's event hubs over HTTPS: one request for each run of events that share a key, which the
/// service takes or refuses as a whole. No threads; connections as the pool has them. See README.md.
class HttpsDestination final : public Destination {
  public:
    HttpsDestination(boost::asio::io_context& io, const Clock& clock, Config config, std::size_t max_connections);
    ~HttpsDestination() override;

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    TargetNames* target_names() noexcept override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

  private:
    struct Batch;
    struct Creation;
    struct Sent;

    boost::asio::awaitable<void> work(Batch* batch);
    boost::asio::awaitable<Verdict> send_run(std::span<const Message> run, std::string hub, Deadline deadline);
    boost::asio::awaitable<Sent> call(http::ClientRequest request, std::string hub, Deadline deadline);
    boost::asio::awaitable<std::shared_ptr<const Failure>> create(std::string hub, Deadline deadline);

    boost::asio::io_context& io_;
    const Clock& clock_;
    const Config config_;
    const std::size_t max_connections_;
    HubNames hubs_;
    HubAccess access_;
    std::map<std::string, CreationPause, std::less<>> pauses_;
    std::map<std::string, std::shared_ptr<Creation>, std::less<>> creations_;  ///< under way
    std::map<std::string, std::uint64_t, std::less<>> created_;  ///< how often each hub was: once, unless deleted since
    http::ClientPool pool_;
};

}  // namespace sluice::event_hubs
