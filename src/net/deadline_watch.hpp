#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "net/deadline.hpp"

namespace sluice {

/// Watches the deadlines of the operations of one connection with one timer. The timer is set anew only for an earlier
/// moment: an operation that ends in time costs no timer of its own. Thread: its executor's.
class DeadlineWatch {
  public:
    enum class Operation { read = 0, write = 1 };

    /// `on_passed` is to end what is outstanding.
    DeadlineWatch(boost::asio::any_io_executor executor, std::function<void()> on_passed);
    ~DeadlineWatch();

    void begin(Operation operation, Deadline deadline);
    /// True when the deadline of this operation passed before it ended.
    bool end(Operation operation) noexcept;
    void stop() noexcept;

  private:
    struct State;

    boost::asio::any_io_executor executor_;
    std::function<void()> on_passed_;
    std::shared_ptr<State> state_;  ///< made with the first real deadline: a server's connections have none
};

}  // namespace sluice
