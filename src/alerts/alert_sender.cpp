#include "alerts/alert_sender.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "control/record_kinds.hpp"
#include "http/client.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

/// Of an answer nobody reads.
constexpr std::size_t kMostOfAnAnswer = 64 << 10;

/// What a change of trouble means for what was told; nullopt for what is no trouble.
std::optional<Trouble> told_by(TransitionFilter::Kind kind) {
    using Kind = TransitionFilter::Kind;
    switch (kind) {
        case Kind::failing:
            return Trouble::failing;
        case Kind::blocked:
            return Trouble::blocked;
        case Kind::paused:
            return Trouble::paused;
        case Kind::recovered:
            return Trouble::none;
        case Kind::flapping:
        case Kind::backlog:
        case Kind::dead_letters:
        case Kind::lost:
            break;
    }
    return std::nullopt;
}

std::string hint_of(int status) {
    if (status == 401 || status == 403) return "The receiver refuses it: check its key in the URL or in `headers`.";
    if (status == 404 || status == 410) return "The receiver has nothing at this URL: check it.";
    if (status / 100 == 3) return "Redirects are not followed: give the URL that it redirects to.";
    if (status == 400 || status == 422)
        return "The receiver does not understand it: it must take JSON as docs/alerts.md describes it.";
    return {};
}

}  // namespace

struct AlertSender::Telling {
    std::string integration;
    Trouble trouble = Trouble::none;
    std::uint64_t number = 0;
    std::size_t open = 0;  ///< receivers that are not done with it
};

struct AlertSender::Receiver {
    Receiver(std::string id, boost::asio::io_context& io) : alert_id(std::move(id)), stop_waiting(io.get_executor()) {}
    std::string alert_id;
    AlertQueue queue;
    bool sending = false;
    SignalEvent stop_waiting;
    AlertStatistics statistics;  ///< guarded by the mutex
};

AlertSender::AlertSender(Parts parts, Pace pace, std::function<void(const std::string&)> warn)
    : parts_(parts), pace_(pace), warn_(std::move(warn)), tasks_(parts.io) {}

Result<std::map<std::string, Trouble>> AlertSender::told_before(const ControlStore& store) {
    auto records = store.list(kAlertToldKind);
    if (!records) return records.error();
    std::map<std::string, Trouble> told;
    for (const auto& [id, text] : *records) {
        for (Trouble trouble : {Trouble::failing, Trouble::blocked, Trouble::paused})
            if (text == to_string(trouble)) told[id] = trouble;
    }
    return told;
}

void AlertSender::tell(const Transition& transition) {
    if (stopped_) return;
    AlertNote note = alert_note(transition);
    auto alerts = parts_.alerts.interested(note.org, note.type);
    std::shared_ptr<Telling> telling;
    if (auto trouble = told_by(transition.change.kind)) {
        telling = std::make_shared<Telling>();
        telling->integration = note.integration;
        telling->trouble = *trouble;
        telling->number = ++tellings_;
        telling->open = alerts.size();
        latest_[note.integration] = telling->number;
        // Nobody heard of this one; of what came before somebody may have, and it is over.
        if (alerts.empty() && *trouble == Trouble::none) close(*telling);
    }
    for (const auto& alert : alerts) {
        std::shared_ptr<Receiver> receiver;
        {
            std::lock_guard lock(mutex_);
            auto& known = receivers_[alert->id];
            if (!known) known = std::make_shared<Receiver>(alert->id, parts_.io);
            receiver = known;
        }
        AlertQueue::Settled settled;
        if (telling) {
            settled = [this, telling] {
                if (--telling->open == 0) close(*telling);
            };
        }
        receiver->queue.push(note, std::move(settled));
        {
            std::lock_guard lock(mutex_);
            receiver->statistics.waiting = receiver->queue.size();
            receiver->statistics.dropped = receiver->queue.dropped();
        }
        if (!std::exchange(receiver->sending, true)) tasks_.spawn(send_all(receiver));
    }
}

void AlertSender::close(const Telling& telling) {
    // One that was overtaken by a later change must not be remembered after it.
    if (stopped_ || latest_[telling.integration] != telling.number) return;
    latest_.erase(telling.integration);
    // Nobody waits for it, so that it may come when this object is gone.
    parts_.writes.post([&store = parts_.store, id = telling.integration, trouble = telling.trouble] {
        // A failure here costs a repeated message after a restart.
        if (trouble == Trouble::none)
            (void)store.erase(kAlertToldKind, id);
        else
            (void)store.put(kAlertToldKind, id, to_string(trouble));
    });
}

awaitable<void> AlertSender::stop() {
    stopped_ = true;
    tasks_.cancel();
    co_await tasks_.join();
}

awaitable<void> AlertSender::send_all(std::shared_ptr<Receiver> receiver) {
    while (!stopped_ && !receiver->queue.empty()) {
        AlertQueue::Message message = receiver->queue.current(parts_.clock.now());
        bool delivered = co_await send_one(receiver, std::move(message));
        // What nobody got is told again after the restart.
        if (stopped_) break;
        if (parts_.alerts.find(receiver->alert_id) == nullptr) {
            receiver->queue.clear();
            std::lock_guard lock(mutex_);
            receivers_.erase(receiver->alert_id);
            break;
        }
        receiver->queue.settle(delivered);
        std::lock_guard lock(mutex_);
        AlertStatistics& statistics = receiver->statistics;
        statistics.waiting = receiver->queue.size();
        statistics.dropped = receiver->queue.dropped();
        if (!delivered) continue;
        ++statistics.sent;
        statistics.last_sent = parts_.clock.now();
        statistics.last_error.reset();
    }
    receiver->sending = false;
}

awaitable<bool> AlertSender::send_one(std::shared_ptr<Receiver> receiver, AlertQueue::Message message) {
    SteadyTime give_up = parts_.clock.steady_now() + pace_.give_up;
    for (auto pause = pace_.first_backoff; !stopped_; pause = std::min(pause * 2, pace_.longest_backoff)) {
        // Asked anew each time: it may have been changed or deleted meanwhile.
        std::shared_ptr<const Alert> alert = parts_.alerts.find(receiver->alert_id);
        if (!alert) co_return false;
        std::optional<AlertFailure> failure = co_await post(alert, message.id, message.body);
        if (!failure) co_return true;
        if (stopped_) co_return false;
        note(*receiver, failure);
        if (parts_.clock.steady_now() >= give_up) {
            if (warn_)
                warn_(fmt::format("alert {}: a message was given up after many attempts: {}", receiver->alert_id,
                                  failure->message));
            co_return false;
        }
        co_await receiver->stop_waiting.wait(Deadline::after(pause));
    }
    co_return false;
}

void AlertSender::note(Receiver& receiver, const std::optional<AlertFailure>& failure) {
    std::lock_guard lock(mutex_);
    receiver.statistics.last_error = failure;
}

awaitable<std::optional<AlertFailure>> AlertSender::post(std::shared_ptr<const Alert> alert, std::string id,
                                                         std::string body) {
    const WebhookTarget& target = alert->target;
    http::ClientRequest request;
    request.target = target.target;
    request.body.push_back(body);
    request.max_response_bytes = kMostOfAnAnswer;
    request.truncate_response = true;
    add_webhook_headers(request.headers, target, "application/json", id, body, parts_.clock.now());
    for (const auto& [name, value] : target.headers) request.headers.add(name, value);

    // Alerts are rare: a connection is not kept for the next.
    http::ClientPool::Options options;
    options.endpoint = target.endpoint;
    options.connect = target.connect;
    options.max_connections = 1;
    http::ClientPool pool(parts_.io, options);
    http::ClientResult answer = co_await pool.send(std::move(request), Deadline::after(pace_.timeout));
    pool.close();

    AlertFailure failure;
    failure.at = parts_.clock.now();
    if (!answer) {
        failure.code = answer.error().code;
        failure.message = fmt::format("{}: {}", target.endpoint.to_url(), answer.error().error.message);
        failure.hint = answer.error().error.hint;
        co_return failure;
    }
    if (answer->status / 100 == 2) co_return std::nullopt;
    failure.code = fmt::format("http_{}", answer->status);
    failure.message = fmt::format("{} answered {}", target.url, answer->status);
    failure.hint = hint_of(answer->status);
    co_return failure;
}

awaitable<std::optional<AlertFailure>> AlertSender::test(std::shared_ptr<const Alert> alert) {
    std::optional<AlertFailure> failure =
        co_await boost::asio::co_spawn(parts_.io, test_here(std::move(alert)), boost::asio::use_awaitable);
    co_return failure;
}

awaitable<std::optional<AlertFailure>> AlertSender::test_here(std::shared_ptr<const Alert> alert) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    std::string body = alert_test_body(alert->id, alert->org, parts_.clock.now());
    std::string id = "alert_" + hex_lower(random_bytes(16));
    std::optional<AlertFailure> failure = co_await post(std::move(alert), std::move(id), std::move(body));
    co_return failure;
}

AlertStatistics AlertSender::statistics(const std::string& alert_id) const {
    std::lock_guard lock(mutex_);
    auto found = receivers_.find(alert_id);
    return found == receivers_.end() ? AlertStatistics() : found->second->statistics;
}

}  // namespace sluice
