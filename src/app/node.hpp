#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/route_table.hpp"
#include "app/configuration.hpp"
#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice::app {

/// Everything that one `sluice serve` is made of, put together and taken apart in the right order. The composition
/// root: nothing else knows all modules.
///
/// Lifecycle: start() once; stop() once, which drains. Thread: the main thread.
class Node {
  public:
    /// `read_again` gives the configuration as it is now, for reload(); without it there is nothing to reload.
    explicit Node(Configuration configuration, std::function<Result<Configuration>()> read_again = {});
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Opens the data folder, catches up, starts the integrations and the listener. The error is for people.
    Result<void> start();
    /// From now on calls `beat` each `interval` as long as all shards get their work done.
    void start_heartbeat(std::chrono::microseconds interval, std::function<void()> beat);
    /// Stops taking requests, lets what is in flight finish until the deadline, persists cursors, closes the data
    /// folder.
    void stop(Deadline deadline);

    /// Applies a changed configuration: integrations, tokens, retention and the log's level, all of it or nothing. What
    /// changed, in plain words; the error says what is wrong, and where. Thread: the main thread.
    Result<std::string> reload();

    /// What the management API's calls are.
    const std::vector<api::Route>& management_routes() const;
    std::uint16_t port() const;
    /// The operator's token, when it was made by this start: shown once, kept nowhere.
    const std::optional<Secret>& new_admin_token() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::app
