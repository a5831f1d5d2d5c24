#include "delivery/state_watch.hpp"

#include <utility>

namespace sluice {

using boost::asio::awaitable;

StateWatch::StateWatch(boost::asio::io_context& io, DeliveryEngine& engine, const Clock& clock)
    : engine_(engine), clock_(clock), tasks_(io), stopping_(io.get_executor()) {}

void StateWatch::listen(TellingPace pace, Listener listener, const std::map<std::string, Trouble>& told) {
    listening_.push_back({TransitionFilter(pace, told), std::move(listener)});
}

void StateWatch::start(std::chrono::milliseconds interval) {
    tasks_.spawn(look_again_and_again(interval));
}

awaitable<void> StateWatch::stop() {
    stopped_ = true;
    stopping_.set();
    co_await tasks_.join();
}

awaitable<void> StateWatch::look_again_and_again(std::chrono::milliseconds interval) {
    while (!stopped_) {
        co_await look();
        if (!stopped_) co_await stopping_.wait(Deadline::after(interval));
    }
}

awaitable<void> StateWatch::look() {
    std::vector<IntegrationCondition> conditions = co_await engine_.conditions();
    SteadyTime now = clock_.steady_now();
    for (Listening& each : listening_) {
        std::vector<TransitionFilter::Change> changes = each.filter.look(conditions, now);
        for (TransitionFilter::Change& change : changes) {
            Result<IntegrationStatus> status = co_await engine_.status(change.id);
            // One that is gone has not recovered.
            if (!status) continue;
            Transition transition;
            transition.at = clock_.now();
            transition.since = transition.at;
            if (change.since)
                transition.since -= std::chrono::duration_cast<std::chrono::milliseconds>(now - *change.since);
            transition.change = std::move(change);
            transition.status = std::move(*status);
            each.listener(transition);
        }
    }
}

}  // namespace sluice
