#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "delivery/engine.hpp"
#include "delivery/transition_filter.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// What somebody is told of an integration.
struct Transition {
    TransitionFilter::Change change;
    Timestamp at{};            ///< when it was noticed
    Timestamp since{};         ///< since when it holds; `at` where change.since says nothing
    IntegrationStatus status;  ///< as it is now, with the error and the lag
};

/// Looks at every integration again and again and tells who listens what has changed: each listener at its own pace
/// (logs at once, people after a while). The only place that decides what a change is.
///
/// Thread: `io`'s, listeners too; listen() before start(). Lifecycle: stop() before it is destroyed; outlived by the
/// engine.
class StateWatch {
  public:
    using Listener = std::function<void(const Transition&)>;

    StateWatch(boost::asio::io_context& io, DeliveryEngine& engine, const Clock& clock);

    /// `told`: what this listener was told before a restart (TransitionFilter).
    void listen(TellingPace pace, Listener listener, const std::map<std::string, Trouble>& told = {});

    void start(std::chrono::milliseconds interval = std::chrono::seconds(1));
    boost::asio::awaitable<void> stop();

    /// One look, now.
    boost::asio::awaitable<void> look();

  private:
    struct Listening {
        TransitionFilter filter;
        Listener listener;
    };
    boost::asio::awaitable<void> look_again_and_again(std::chrono::milliseconds interval);

    DeliveryEngine& engine_;
    const Clock& clock_;
    std::vector<Listening> listening_;
    TaskGroup tasks_;
    SignalEvent stopping_;
    bool stopped_ = false;
};

}  // namespace sluice
