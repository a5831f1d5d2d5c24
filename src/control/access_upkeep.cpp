#include "control/access_upkeep.hpp"

namespace sluice {

AccessUpkeep::AccessUpkeep(boost::asio::io_context& io, AccessDirectory& access, BlockingPool& blocking,
                           std::function<void(const std::string&)> warn)
    : access_(access), blocking_(blocking), warn_(std::move(warn)), tasks_(io), stopping_(io.get_executor()) {}

void AccessUpkeep::start(std::chrono::milliseconds interval) {
    tasks_.spawn(run(interval));
}

boost::asio::awaitable<void> AccessUpkeep::run(std::chrono::milliseconds interval) {
    for (;;) {
        bool stopping = co_await stopping_.wait(Deadline::after(interval));
        co_await write();
        if (stopping) co_return;
    }
}

boost::asio::awaitable<void> AccessUpkeep::write() {
    auto step = [this] { return access_.keep_last_used(); };
    Result<void> kept = co_await blocking_.run(std::move(step));
    if (!kept) warn_("when tokens were last used could not be written: " + kept.error().message);
}

boost::asio::awaitable<void> AccessUpkeep::stop() {
    stopping_.set();
    co_await tasks_.join();
}

}  // namespace sluice
