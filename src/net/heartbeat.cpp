#include "net/heartbeat.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/deadline.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

awaitable<void> answer() {
    co_return;
}

}  // namespace

Heartbeat::Heartbeat(ShardSet& shards, std::chrono::microseconds interval, std::function<void()> beat)
    : shards_(shards),
      interval_(interval),
      beat_(std::move(beat)),
      tasks_(shards[0].io()),
      stopping_(shards[0].io().get_executor()) {}

void Heartbeat::start() {
    tasks_.spawn(go_on());
}

awaitable<void> Heartbeat::stop() {
    stopped_ = true;
    stopping_.set();
    co_await tasks_.join();
}

awaitable<void> Heartbeat::go_on() {
    while (!stopped_) {
        for (std::size_t i = 0; i < shards_.size(); ++i)
            co_await boost::asio::co_spawn(shards_[i].io(), answer(), boost::asio::use_awaitable);
        beat_();
        if (!stopped_) co_await stopping_.wait(Deadline::after(interval_));
    }
}

}  // namespace sluice
