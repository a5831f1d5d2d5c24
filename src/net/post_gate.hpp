#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice {

class PostGate;

/// Collects what this thread posts through gates while it lives, and hands each io_context its share in one post when
/// it ends: a thread that completes many waiting callers at once (the log after a sync) wakes a shard once instead of
/// once a caller. What is collected runs in the order posted. Scopes nest; the outermost one hands over. Thread: the
/// one that made it.
class PostBatch {
  public:
    PostBatch();
    ~PostBatch();
    PostBatch(const PostBatch&) = delete;
    PostBatch& operator=(const PostBatch&) = delete;

  private:
    friend class PostGate;
    struct Deferred {
        virtual ~Deferred() = default;
        virtual void run() = 0;
    };
    struct Share {
        std::shared_ptr<PostGate> gate;
        boost::asio::any_io_executor executor;
        std::vector<std::unique_ptr<Deferred>> handlers;
    };
    /// The outermost scope of this thread, or nullptr.
    static PostBatch*& current() noexcept;
    void add(const std::shared_ptr<PostGate>& gate, const boost::asio::any_io_executor& executor,
             std::unique_ptr<Deferred> handler);

    std::vector<Share> shares_;  ///< one an io_context: a handful, searched from the front
};

/// The way from threads that are nobody's shard to an io_context that may be destroyed at any moment: what is posted
/// while it lives runs, what comes later is dropped, and its destruction waits for a post that is going on. (A work
/// guard does not do: the io_context may end as soon as the posted handler has run, while the posting thread is still
/// inside post().) Thread: any.
class PostGate : public std::enable_shared_from_this<PostGate> {
  public:
    /// The gate of the executor's io_context, which must be alive.
    static std::shared_ptr<PostGate> of(const boost::asio::any_io_executor& executor);

    /// At once, or with the rest when a PostBatch of this thread ends.
    template <class F>
    void post(const boost::asio::any_io_executor& executor, F handler) {
        if (PostBatch* batch = PostBatch::current()) {
            struct Kept final : PostBatch::Deferred {
                explicit Kept(F given) : handler(std::move(given)) {}
                void run() override { handler(); }
                F handler;
            };
            batch->add(shared_from_this(), executor, std::make_unique<Kept>(std::move(handler)));
            return;
        }
        post_now(executor, std::move(handler));
    }

  private:
    friend class PostBatch;
    class Service;
    void shut();

    template <class F>
    void post_now(const boost::asio::any_io_executor& executor, F handler) {
        std::lock_guard lock(mutex_);
        if (open_) boost::asio::post(executor, std::move(handler));
    }

    std::mutex mutex_;
    bool open_ = true;
};

}  // namespace sluice
