#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace sluice {

namespace detail {

template <class T>
boost::asio::awaitable<T> without_throwing_on_cancel(boost::asio::awaitable<T> task) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);  // as in a TaskGroup
    co_return co_await std::move(task);
}

}  // namespace detail

/// For tests: runs `task` to completion on `io`, on this thread, and returns its value or throws what left it. Other
/// work of `io` runs as long as that takes; what is left stays. Throws when the io_context has nothing to do and the
/// task waits.
template <class T>
T run_for_test(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    std::exception_ptr exception;
    bool done = false;
    auto finish = [&](std::exception_ptr thrown, auto&&... result) {
        exception = thrown;
        if (!thrown) value.emplace(std::forward<decltype(result)>(result)...);
        done = true;
    };
    if constexpr (std::is_void_v<T> || std::is_default_constructible_v<T>) {
        boost::asio::co_spawn(io, detail::without_throwing_on_cancel(std::move(task)), finish);
    } else {
        // Asio makes a T when it has none to give: hand it one that can be empty.
        auto wrap = [](boost::asio::awaitable<T> inner) -> boost::asio::awaitable<std::optional<T>> {
            co_await boost::asio::this_coro::throw_if_cancelled(false);
            co_return std::optional<T>(co_await std::move(inner));
        };
        auto unwrap = [&](std::exception_ptr thrown, std::optional<T> result) {
            exception = thrown;
            if (result) value.emplace(std::move(*result));
            done = true;
        };
        boost::asio::co_spawn(io, wrap(std::move(task)), unwrap);
    }
    if (io.stopped()) io.restart();
    while (!done) {
        if (io.run_one() == 0) throw std::logic_error("the coroutine waits for something that will never come");
    }
    if (exception) std::rethrow_exception(exception);
    if constexpr (!std::is_void_v<T>) return std::move(*value);
}

}  // namespace sluice
