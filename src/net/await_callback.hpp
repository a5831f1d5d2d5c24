#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "net/post_gate.hpp"

namespace sluice {

namespace detail {

/// What a started operation holds until it is over: the suspended caller, and its executor, kept from running out of
/// work.
template <class T, class Handler>
struct PendingCallback {
    PendingCallback(Handler waiting, boost::asio::any_io_executor resume_on)
        : handler(std::move(waiting)), executor(resume_on), guard(resume_on), gate(PostGate::of(resume_on)) {}

    std::atomic<bool> called{false};
    std::optional<Handler> handler;
    boost::asio::any_io_executor executor;
    boost::asio::executor_work_guard<boost::asio::any_io_executor> guard;
    std::shared_ptr<PostGate> gate;
};

}  // namespace detail

/// Runs `start(done)` and waits until `done(T)` is called: exactly once, from any thread, also inside `start`. The
/// caller resumes on its own executor with the value, moved. `done` is copyable, so it fits a std::function. Not
/// cancellable: what was started must call back. An exception that leaves `start` reaches the caller; `done` must then
/// not have been passed on.
template <class T, class Start>
boost::asio::awaitable<T> await_callback(Start start) {
    auto executor = co_await boost::asio::this_coro::executor;
    auto initiate = [&start, &executor](auto handler) {
        using Pending = detail::PendingCallback<T, decltype(handler)>;
        auto pending = std::make_shared<Pending>(std::move(handler), executor);
        auto done = [pending](T value) {
            SLUICE_ASSERT(!pending->called.exchange(true), "a completion is called once");
            auto resume = [pending, moved = std::move(value)]() mutable {
                // Taken out first: resuming may end the coroutine, and whoever still holds `done` must not hold its
                // frame.
                auto waiting = std::move(*pending->handler);
                pending->handler.reset();
                pending->guard.reset();
                std::move(waiting)(std::move(moved));
            };
            pending->gate->post(pending->executor, std::move(resume));
        };
        start(std::move(done));
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
        std::move(initiate), boost::asio::use_awaitable);
}

}  // namespace sluice
