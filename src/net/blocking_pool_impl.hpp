#pragma once

#include <boost/system/result.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <variant>

#include "net/await_callback.hpp"

namespace sluice {

template <class F, class T>
boost::asio::awaitable<T> BlockingPool::run(F work) {
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
    // What comes back: the value, or the exception that left `work`.
    struct Outcome {
        std::optional<Value> value;
        std::exception_ptr exception;
    };
    auto start = [this, &work](auto done) {
        // A std::function is copyable and `work` need not be. It lives in this frame, which waits.
        post([&work, done = std::move(done)]() mutable {
            Outcome outcome;
            try {
                if constexpr (std::is_void_v<T>) {
                    work();
                    outcome.value.emplace();
                } else {
                    outcome.value.emplace(work());
                }
            } catch (...) {
                outcome.exception = std::current_exception();
            }
            done(std::move(outcome));
        });
    };
    Outcome outcome = co_await await_callback<Outcome>(std::move(start));
    if (outcome.exception) std::rethrow_exception(outcome.exception);
    if constexpr (!std::is_void_v<T>) co_return std::move(*outcome.value);
}

}  // namespace sluice
