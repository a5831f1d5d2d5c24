#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>

#include "app/api_client.hpp"

namespace sluice::app {

template <class T>
T run_until_done(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    std::optional<T> out;
    boost::asio::co_spawn(io, std::move(task), [&out](std::exception_ptr failure, T value) {
        if (failure) std::rethrow_exception(failure);
        out.emplace(std::move(value));
    });
    io.restart();
    while (!out && io.run_one() > 0) {
    }
    return std::move(*out);
}

}  // namespace sluice::app
