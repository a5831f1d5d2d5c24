#include "net/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>

#include "base/assert.hpp"

namespace sluice {

namespace asio = boost::asio;

namespace {

struct Task {
    asio::cancellation_signal signal;
    bool started = false;
    bool told = false;

    void cancel() {
        if (started && !std::exchange(told, true)) signal.emit(asio::cancellation_type::terminal);
    }
};

[[noreturn]] void task_threw(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        invariant_broken("an exception left a task", error.what(), __FILE__, __LINE__);
    } catch (...) {
        invariant_broken("an exception left a task", "of an unknown type", __FILE__, __LINE__);
    }
}

bool is_cancellation(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

struct TaskGroup::State : std::enable_shared_from_this<State> {
    explicit State(asio::io_context& context) : io(context), empty(context, asio::steady_timer::time_point::max()) {}

    void cancel();

    asio::io_context& io;
    std::list<Task> tasks;
    bool cancelled = false;
    asio::steady_timer empty;  ///< never expires: cancelled to wake those who join
};

namespace {

/// Runs on the next turn, so that spawn() never runs a task inside its caller. Being cancelled is seen by the
/// operations that a task waits on, as a result; it is not thrown at whatever co_await comes next, which would skip the
/// task's clean-up.
template <class State>
asio::awaitable<void> run_task(std::shared_ptr<State> state, Task* self, asio::awaitable<void> task) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::post(state->io, asio::use_awaitable);
    self->started = true;
    if (state->cancelled) self->cancel();
    co_await std::move(task);
}

}  // namespace

TaskGroup::TaskGroup(asio::io_context& io) : state_(std::make_shared<State>(io)) {}

TaskGroup::~TaskGroup() {
    SLUICE_ASSERT(state_->tasks.empty(), "join() a TaskGroup before it is destroyed");
}

void TaskGroup::spawn(asio::awaitable<void> task) {
    auto position = state_->tasks.emplace(state_->tasks.end());
    auto done = [state = state_, position](std::exception_ptr exception) {
        // Tasks may let the cancellation of a plain Asio operation end them.
        if (exception && !(state->cancelled && is_cancellation(exception))) task_threw(exception);
        state->tasks.erase(position);
        if (state->tasks.empty()) state->empty.cancel();
    };
    asio::co_spawn(state_->io, run_task(state_, &*position, std::move(task)),
                   asio::bind_cancellation_slot(position->signal.slot(), std::move(done)));
}

void TaskGroup::cancel() {
    state_->cancel();
}

void TaskGroup::State::cancel() {
    cancelled = true;
    // Asio hands an emission from outside of the io_context's turn on to a later one, by when the task may be gone: so
    // the tasks are looked up in that turn.
    asio::dispatch(io, [state = shared_from_this()] {
        for (auto next = state->tasks.begin(); next != state->tasks.end();) {
            auto& task = *next++;
            task.cancel();
        }
    });
}

asio::awaitable<void> TaskGroup::join() {
    // Its own copy: the group may go as soon as this completes.
    auto state = state_;
    while (!state->tasks.empty()) {
        co_await state->empty.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<void> TaskGroup::join_or_cancel() {
    auto state = state_;
    while (!state->tasks.empty()) {
        auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none && !state->cancelled) state->cancel();
        co_await state->empty.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

std::size_t TaskGroup::size() const noexcept {
    return state_->tasks.size();
}

}  // namespace sluice
