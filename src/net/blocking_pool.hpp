#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace sluice {

/// A few threads for calls that block (RocksDB, file reads). Work is queued in order; with one thread it also runs in
/// order. Thread: any. Lifecycle: outlives everything that waits on it; stop() joins after what is queued has run.
class BlockingPool {
  public:
    BlockingPool(std::string name, std::size_t threads);
    ~BlockingPool();

    void post(std::function<void()> work);
    void stop();

    /// Runs `work` on a pool thread and resumes the caller on its own executor with the result. Not cancellable: it
    /// waits.
    template <class F, class T = std::invoke_result_t<F>>
    boost::asio::awaitable<T> run(F work);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice

#include "net/blocking_pool_impl.hpp"
