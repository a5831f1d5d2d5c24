#include "net/post_gate.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

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

}  // namespace sluice
