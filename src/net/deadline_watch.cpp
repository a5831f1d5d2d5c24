#include "net/deadline_watch.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>

namespace sluice {

namespace {
constexpr auto kNever = Deadline::Clock::time_point::max();
}

struct DeadlineWatch::State : std::enable_shared_from_this<State> {
    State(const boost::asio::any_io_executor& executor, std::function<void()> action)
        : timer(executor), on_passed(std::move(action)) {}

    boost::asio::steady_timer timer;
    std::function<void()> on_passed;
    std::array<Deadline::Clock::time_point, 2> at{kNever, kNever};
    std::array<bool, 2> passed{};
    Deadline::Clock::time_point armed_for = kNever;

    void arm() {
        auto earliest = std::min(at[0], at[1]);
        if (earliest >= armed_for) return;  // it will look again when it fires
        armed_for = earliest;
        timer.expires_at(earliest);
        // Weak: a handler that is queued already may run after the connection is gone.
        timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            if (auto state = weak.lock(); state && !error) state->fired();
        });
    }

    void fired() {
        armed_for = kNever;
        auto now = Deadline::Clock::now();
        bool any = false;
        for (std::size_t i = 0; i < at.size(); ++i) {
            if (at[i] > now) continue;
            at[i] = kNever;
            passed[i] = true;
            any = true;
        }
        arm();
        if (any) on_passed();
    }
};

DeadlineWatch::DeadlineWatch(boost::asio::any_io_executor executor, std::function<void()> on_passed)
    : executor_(std::move(executor)), on_passed_(std::move(on_passed)) {}

DeadlineWatch::~DeadlineWatch() {
    stop();
}

void DeadlineWatch::begin(Operation operation, Deadline deadline) {
    if (!state_) {
        if (deadline.at() == kNever) return;
        state_ = std::make_shared<State>(executor_, on_passed_);
    }
    auto index = static_cast<std::size_t>(operation);
    state_->passed[index] = false;
    state_->at[index] = deadline.at();
    state_->arm();
}

bool DeadlineWatch::end(Operation operation) noexcept {
    if (!state_) return false;
    auto index = static_cast<std::size_t>(operation);
    state_->at[index] = kNever;
    return state_->passed[index];
}

void DeadlineWatch::stop() noexcept {
    state_.reset();
}

}  // namespace sluice
