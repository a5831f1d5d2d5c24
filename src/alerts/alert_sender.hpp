#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "alerts/alert_directory.hpp"
#include "alerts/alert_queue.hpp"
#include "net/signal_event.hpp"
#include "net/task_group.hpp"

namespace sluice {

/// Why a receiver did not take a message, as people read it.
struct AlertFailure {
    std::string code;  ///< `connection_refused`, `http_500`
    std::string message;
    std::string hint;
    Timestamp at{};
};

/// How sending goes for one alert, since start.
struct AlertStatistics {
    std::uint64_t sent = 0;     ///< messages that the receiver took
    std::uint64_t dropped = 0;  ///< things that it was never told
    std::size_t waiting = 0;
    std::optional<Timestamp> last_sent;
    std::optional<AlertFailure> last_error;  ///< of the message that is being tried, or that was given up
};

/// Tells receivers what the state watch found: each in order, one message at a time, tried again with back-off until it
/// is too old. One slow receiver keeps nobody else waiting.
///
/// Thread: `io`'s, except statistics() and test(), which may be called from any. Lifecycle: stop() before it is
/// destroyed; outlived by the directory.
class AlertSender {
  public:
    struct Parts {
        boost::asio::io_context& io;
        AlertDirectory& alerts;
        ControlStore& store;
        BlockingPool& writes;  ///< with one thread: what was told is remembered in order
        const Clock& clock;
    };
    struct Pace {
        std::chrono::milliseconds first_backoff{5'000};
        std::chrono::milliseconds longest_backoff{300'000};
        std::chrono::milliseconds give_up{std::chrono::hours(6)};  ///< this long after the first attempt
        std::chrono::milliseconds timeout{15'000};                 ///< of one attempt
    };
    /// `warn` is told, in plain words, of messages that were given up.
    AlertSender(Parts parts, Pace pace, std::function<void(const std::string&)> warn);

    /// What receivers were told before a restart, for StateWatch::listen(). Blocking.
    static Result<std::map<std::string, Trouble>> told_before(const ControlStore& store);

    /// What StateWatch calls.
    void tell(const Transition& transition);
    boost::asio::awaitable<void> stop();

    /// Sends `alert.test` once, now, beside what waits. Nothing when the receiver took it, else why not.
    boost::asio::awaitable<std::optional<AlertFailure>> test(std::shared_ptr<const Alert> alert);

    AlertStatistics statistics(const std::string& alert_id) const;

  private:
    struct Receiver;
    /// A change of trouble on its way to those who want to hear of it: once all are done with it, it counts as told.
    struct Telling;
    void close(const Telling& telling);

    boost::asio::awaitable<void> send_all(std::shared_ptr<Receiver> receiver);
    boost::asio::awaitable<bool> send_one(std::shared_ptr<Receiver> receiver, AlertQueue::Message message);
    boost::asio::awaitable<std::optional<AlertFailure>> post(std::shared_ptr<const Alert> alert, std::string id,
                                                             std::string body);
    boost::asio::awaitable<std::optional<AlertFailure>> test_here(std::shared_ptr<const Alert> alert);
    void note(Receiver& receiver, const std::optional<AlertFailure>& failure);

    Parts parts_;
    Pace pace_;
    std::function<void(const std::string&)> warn_;
    std::map<std::string, std::uint64_t> latest_;  ///< by integration: the latest telling
    std::uint64_t tellings_ = 0;
    TaskGroup tasks_;
    bool stopped_ = false;
    mutable std::mutex mutex_;                                    ///< of the map, and of the statistics in it
    std::map<std::string, std::shared_ptr<Receiver>> receivers_;  ///< by alert
};

}  // namespace sluice
