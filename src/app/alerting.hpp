#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "alerts/alert_directory.hpp"
#include "alerts/alert_sender.hpp"
#include "app/configuration.hpp"
#include "delivery/state_watch.hpp"

namespace sluice::app {

/// The alerts there are and what sends them, put together. Thread: stop() on `io`'s. Lifecycle: open() before the watch
/// starts; the watch stops first, then this.
class Alerting {
  public:
    struct Parts {
        boost::asio::io_context& io;
        ControlStore& store;
        SealedRecords& sealed;
        const DestinationRegistry& registry;
        BlockingPool& writes;  ///< with one thread
        const Clock& clock;
    };
    Alerting(Parts parts, bool allow_loopback_to_tenants);

    /// The file's alerts and the store's; they are told what `watch` sees. Blocking. The error names file and line.
    Result<void> open(const Configuration& configuration, StateWatch& watch);
    boost::asio::awaitable<void> stop();

    AlertDirectory& directory() noexcept { return directory_; }
    AlertSender& sender() noexcept { return sender_; }

  private:
    Parts parts_;
    AlertDirectory directory_;
    AlertSender sender_;
};

}  // namespace sluice::app
