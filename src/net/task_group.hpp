#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

namespace sluice {

/// Owns every coroutine spawned into it: nothing is detached. Before the group is destroyed, join() must have completed
/// (asserted). Thread: the io_context's. An exception that leaves a task ends the process: tasks report through
/// results. Cancellation does not throw in a task: what it waits on completes early (Errc::cancelled, or false from
/// SignalEvent), what it starts to wait on afterwards completes at once, and its clean-up runs.
class TaskGroup {
  public:
    explicit TaskGroup(boost::asio::io_context& io);
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts a task; it begins on the next turn of the io_context.
    void spawn(boost::asio::awaitable<void> task);
    /// Asks every task to stop: terminal cancellation of what it is waiting on. New tasks are cancelled at once.
    void cancel();
    /// Completes when no task is left.
    boost::asio::awaitable<void> join();
    /// The same, but when the one who waits is cancelled, so are the tasks.
    boost::asio::awaitable<void> join_or_cancel();
    std::size_t size() const noexcept;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice
