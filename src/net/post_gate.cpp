#include "net/post_gate.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <utility>

namespace sluice {

/// Asio's own hook into the end of an io_context.
class PostGate::Service final : public boost::asio::execution_context::service {
  public:
    inline static boost::asio::execution_context::id id;

    explicit Service(boost::asio::execution_context& context) : service(context) {}
    std::shared_ptr<PostGate> gate = std::make_shared<PostGate>();

  private:
    void shutdown() override { gate->shut(); }
};

std::shared_ptr<PostGate> PostGate::of(const boost::asio::any_io_executor& executor) {
    return boost::asio::use_service<Service>(boost::asio::query(executor, boost::asio::execution::context)).gate;
}

void PostGate::shut() {
    std::lock_guard lock(mutex_);
    open_ = false;
}

PostBatch*& PostBatch::current() noexcept {
    static thread_local PostBatch* outermost = nullptr;
    return outermost;
}

PostBatch::PostBatch() {
    if (current() == nullptr) current() = this;
}

PostBatch::~PostBatch() {
    if (current() != this) return;
    // From here on a post goes its own way again: what a share holds may post when it is let go of.
    current() = nullptr;
    for (Share& share : shares_) {
        share.gate->post_now(share.executor, [handlers = std::move(share.handlers)]() mutable {
            // Each is let go of before the next runs: what it holds may be waited for there.
            for (auto& handler : handlers) std::exchange(handler, nullptr)->run();
        });
    }
}

void PostBatch::add(const std::shared_ptr<PostGate>& gate, const boost::asio::any_io_executor& executor,
                    std::unique_ptr<Deferred> handler) {
    for (Share& share : shares_) {
        if (share.gate != gate) continue;
        share.handlers.push_back(std::move(handler));
        return;
    }
    Share& share = shares_.emplace_back(Share{gate, executor, {}});
    share.handlers.push_back(std::move(handler));
}

}  // namespace sluice
