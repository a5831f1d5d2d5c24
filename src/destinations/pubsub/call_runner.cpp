#include "destinations/pubsub/call_runner.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "auth/strike_out.hpp"
#include "net/await_callback.hpp"
#include "net/signal_event.hpp"

namespace sluice::pubsub {

struct CallRunner::Run {
    Run(boost::asio::any_io_executor executor, std::size_t count, Make make_call, Options opts)
        : make(std::move(make_call)), options(opts), answers(count), running(count), over(executor) {}

    bool may_start() const { return next < answers.size() && (!options.first_alone || next == 0 || proven); }
    bool finished() const { return next == answers.size() && under_way == 0; }
    void tell_if_finished() {
        if (!finished()) return;
        if (when_over) {
            when_over(true);
        } else {
            over.set();
        }
    }

    Make make;
    Options options;
    std::vector<std::shared_ptr<const Answer>> answers;
    std::vector<std::shared_ptr<RunningCall>> running;
    std::size_t next = 0;
    std::size_t under_way = 0;
    bool proven = false;
    SignalEvent over;
    std::function<void(bool)> when_over;  ///< instead of the event, once it was cancelled or its time is over
};

CallRunner::CallRunner(boost::asio::io_context& io, Client& client, std::size_t most_calls)
    : executor_(io.get_executor()), client_(client), most_calls_(most_calls) {}

void CallRunner::stop(Run& run, Answer why) {
    why.maybe_sent = false;
    auto shared = std::make_shared<const Answer>(std::move(why));
    for (; run.next < run.answers.size(); ++run.next) run.answers[run.next] = shared;
}

void CallRunner::start_next(Run& run) {
    if (run.options.deadline.passed()) {
        Answer late;
        late.status = Status::deadline_exceeded;
        late.message = "the time to deliver was over before it was sent";
        stop(run, std::move(late));
        run.tell_if_finished();
        return;
    }
    const std::size_t index = run.next++;
    auto done = [this, &run, index](Answer answer) {
        --under_way_;
        --run.under_way;
        run.running[index] = nullptr;
        if (answer.ok()) run.proven = true;
        // Whoever answers may quote what it was sent.
        if (!answer.ok() && run.options.token != nullptr) {
            const std::span secrets(&run.options.token->bearer, 1);
            answer.message = auth::struck_out(answer.message, secrets);
        }
        // A first call that failed for its own reasons says nothing about the others.
        if (stops_others(answer)) {
            stop(run, answer);
        } else {
            run.proven = true;
        }
        run.answers[index] = std::make_shared<const Answer>(std::move(answer));
        run.tell_if_finished();
        start_more();
    };
    ++under_way_;
    ++run.under_way;
    run.running[index] = client_.start(run.make(index), run.options.token, run.options.deadline, std::move(done));
}

/// Every run in turn, one call at a time.
void CallRunner::start_more() {
    std::size_t idle = 0;
    while (under_way_ < most_calls_ && idle < waiting_.size()) {
        Run* run = waiting_.front();
        waiting_.pop_front();
        if (run->may_start()) {
            start_next(*run);
            idle = 0;
        } else {
            ++idle;
        }
        if (run->next < run->answers.size()) {
            waiting_.push_back(run);
        } else {
            idle = 0;
        }
    }
}

boost::asio::awaitable<std::vector<std::shared_ptr<const Answer>>> CallRunner::run(std::size_t count, Make make,
                                                                                   Options options) {
    Run run(executor_, count, std::move(make), options);
    if (count > 0) waiting_.push_back(&run);
    start_more();
    while (!run.finished()) {
        bool told = co_await run.over.wait(options.deadline);
        if (told || run.finished()) continue;
        // What is under way ends by the deadline, or soon when cancelled, and has to be waited for.
        bool is_late = options.deadline.passed();
        Answer why;
        why.status = is_late ? Status::deadline_exceeded : Status::cancelled;
        why.message =
            is_late ? "the time to deliver was over before it was sent" : "it was cancelled before it was sent";
        stop(run, std::move(why));
        std::erase(waiting_, &run);
        for (const auto& call : run.running) {
            if (call && !is_late) call->cancel();
        }
        if (run.finished()) break;
        co_await await_callback<bool>([&run](auto done) { run.when_over = std::move(done); });
    }
    std::erase(waiting_, &run);
    co_return std::move(run.answers);
}

}  // namespace sluice::pubsub
