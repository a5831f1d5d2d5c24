#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
#include <utility>

namespace sluice {

/// The way from threads that are nobody's shard to an io_context that may be destroyed at any moment: what is posted
/// while it lives runs, what comes later is dropped, and its destruction waits for a post that is going on. (A work
/// guard does not do: the io_context may end as soon as the posted handler has run, while the posting thread is still
/// inside post().) Thread: any.
class PostGate {
  public:
    /// The gate of the executor's io_context, which must be alive.
    static std::shared_ptr<PostGate> of(const boost::asio::any_io_executor& executor);

    template <class F>
    void post(const boost::asio::any_io_executor& executor, F handler) {
        std::lock_guard lock(mutex_);
        if (open_) boost::asio::post(executor, std::move(handler));
    }

  private:
    class Service;
    void shut();

    std::mutex mutex_;
    bool open_ = true;
};

}  // namespace sluice
