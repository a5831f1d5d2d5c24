#pragma once

#include <memory>
#include <string>

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
    explicit Node(Configuration configuration);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Opens the data folder, catches up, starts the integrations and the listener. The error is for people.
    Result<void> start();
    /// Stops taking requests, lets what is in flight finish until the deadline, persists cursors, closes the data
    /// folder.
    void stop(Deadline deadline);

    std::uint16_t port() const;
    /// The operator's token, when it was made by this start: shown once, kept nowhere.
    const std::optional<Secret>& new_admin_token() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::app
