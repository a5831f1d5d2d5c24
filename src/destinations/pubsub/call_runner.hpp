#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "destinations/pubsub/client.hpp"
#include "net/deadline.hpp"

namespace sluice::pubsub {

/// Runs the calls of one destination side by side, within a bound that all that is delivered at a time shares. Thread:
/// one shard. Lifecycle: no run() is going on when it is destroyed.
class CallRunner {
  public:
    /// Google's front ends take 100 calls at a time on a connection; more would wait there instead of here.
    static constexpr std::size_t kMostCalls = 100;

    CallRunner(boost::asio::io_context& io, Client& client, std::size_t most_calls = kMostCalls);

    /// Makes the call of an index when its turn comes, so that no more requests are in memory than are under way.
    using Make = std::function<Call(std::size_t)>;
    struct Options {
        /// The first call goes alone, the others once it has succeeded.
        bool first_alone = false;
        const auth::GoogleToken* token = nullptr;
        Deadline deadline = Deadline::never();
    };
    /// Completes when every call is over, with an answer for each in their order; those that were not sent, because an
    /// answer said that they would fare no better, because the deadline passed or the run was cancelled, share one.
    boost::asio::awaitable<std::vector<std::shared_ptr<const Answer>>> run(std::size_t count, Make make,
                                                                           Options options);

  private:
    struct Run;
    void start_more();
    void start_next(Run& run);
    static void stop(Run& run, Answer why);

    boost::asio::any_io_executor executor_;
    Client& client_;
    const std::size_t most_calls_;
    std::size_t under_way_ = 0;
    std::deque<Run*> waiting_;  ///< runs that have calls to start, in turn
};

}  // namespace sluice::pubsub
