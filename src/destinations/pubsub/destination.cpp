#include "destinations/pubsub/destination.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <numeric>
#include <utility>

#include "base/encoding.hpp"
#include "destination/connection_probe.hpp"
#include "destinations/pubsub/messages.hpp"
#include "destinations/pubsub/probe.hpp"
#include "destinations/pubsub/topic_name.hpp"

namespace sluice::pubsub {
namespace {

Client::Options client_options(const Config& config, const std::string& org) {
    std::string owner = org;
    if (config.credentials) owner += " " + auth::google_identity_of(*config.credentials);
    return {config.endpoint, config.connect, std::move(owner), config.compress};
}

Verdict too_late() {
    Failure failure;
    failure.code = "timeout";
    failure.message = "the time to deliver was over before anything was sent";
    return Verdict::retry(std::make_shared<const Failure>(std::move(failure)));
}

/// A success that does not say what was stored.
Verdict nonsense(const std::string& target) {
    Failure failure;
    failure.code = "invalid_answer";
    failure.message = "the answer to Publish does not name each message that was stored";
    failure.target = target;
    failure.hint = "Is it Pub/Sub that answers at this endpoint?";
    return Verdict::retry(std::make_shared<const Failure>(std::move(failure)), true);
}

}  // namespace

PubSubDestination::PubSubDestination(boost::asio::io_context& io, Config config,
                                     std::unique_ptr<auth::GoogleTokenProvider> tokens, Options options)
    : io_(io),
      config_(std::move(config)),
      form_{config_.ordering_keys, config_.content_type},
      max_concurrent_(options.max_concurrent),
      session_(io, client_options(config_, options.org), std::move(tokens), options.max_calls),
      topics_(io, config_, session_) {}

Limits PubSubDestination::limits() const {
    const std::size_t longest_path = topic_path(config_.project, {}).size() + kMostTopicCharacters;
    Limits limits;
    limits.max_events = kMaxMessages;
    limits.max_bytes = kMaxRequestBytes - (longest_path + 4);  // its tag and length
    limits.max_message_bytes_safe = limits.max_bytes;
    limits.max_message_bytes_absolute = limits.max_bytes;
    limits.max_run_bytes = limits.max_bytes;
    limits.max_concurrent = max_concurrent_;
    // A request is stored whole or not at all, and holds all of a batch that has its key.
    limits.same_key = SameKeyInBatch::atomic_run;
    limits.fixed_target = config_.topic.is_literal();
    return limits;
}

Result<void> PubSubDestination::target_of(const Event& event, std::string& out) const {
    return config_.topic.evaluate_to(event, out);
}

std::size_t PubSubDestination::size_of(const Message& message) const {
    return message_bytes(form_, message);
}

boost::asio::awaitable<PubSubDestination::Answers> PubSubDestination::publish(std::string target,
                                                                              std::span<const Message> messages,
                                                                              std::span<const Group> groups,
                                                                              Deadline deadline) {
    const std::string path = topic_path(config_.project, target);
    const std::string routing = "topic=" + percent_encode(path);
    Answers answers(groups.size());
    std::vector<std::size_t> to_send(groups.size());
    std::iota(to_send.begin(), to_send.end(), 0);
    auto those_with = [&answers](Status status) {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (!answers[i]->not_begun && answers[i]->status == status) found.push_back(i);
        }
        return found;
    };
    bool replaced_token = false;
    bool created_topic = false;
    for (;;) {
        Session::Ready ready = co_await session_.ready(deadline);
        if (ready.failure) {
            Answer failed;
            failed.not_begun = std::move(ready.failure);
            auto shared = std::make_shared<const Answer>(std::move(failed));
            for (auto index : to_send) answers[index] = shared;
            co_return answers;
        }
        CallRunner::Make make = [&](std::size_t i) {
            return Call{kPublish, publish_request(path, form_, messages, groups[to_send[i]]), routing};
        };
        CallRunner::Options options;
        options.first_alone = !topics_.is_known(target);
        options.token = ready.token ? &*ready.token : nullptr;
        options.deadline = deadline;
        auto got = co_await session_.runner().run(to_send.size(), std::move(make), options);
        for (std::size_t i = 0; i < to_send.size(); ++i) answers[to_send[i]] = std::move(got[i]);

        auto unauthenticated = those_with(Status::unauthenticated);
        if (!unauthenticated.empty() && !replaced_token && session_.replace_token(answers[unauthenticated[0]]->date)) {
            replaced_token = true;
            to_send = std::move(unauthenticated);
            continue;
        }
        auto missing = those_with(Status::not_found);
        if (missing.empty()) co_return answers;
        topics_.forget(target);
        if (!config_.create_topics || created_topic) co_return answers;
        auto failure = co_await topics_.create(target, deadline);
        if (failure) {
            Answer failed;
            failed.not_begun = std::move(failure);
            auto shared = std::make_shared<const Answer>(std::move(failed));
            for (auto index : missing) answers[index] = shared;
            co_return answers;
        }
        created_topic = true;
        to_send = std::move(missing);
    }
}

TargetNames* PubSubDestination::target_names() noexcept {
    // One topic for all is never refused for another's sake: there is nothing to remember.
    return config_.topic.is_literal() ? nullptr : &topics_.names();
}

Result<SentBeside> PubSubDestination::beside(const Message& message) const {
    return sent_beside(form_, message);
}

boost::asio::awaitable<std::vector<Verdict>> PubSubDestination::deliver(std::span<const Message> messages,
                                                                        Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    if (messages.empty() || deadline.passed()) co_return std::vector<Verdict>(messages.size(), too_late());
    const std::string target(messages.front().target);
    if (auto refusal = topics_.refusal_of(target, messages.front().in_passing)) {
        co_return std::vector<Verdict>(messages.size(), Verdict::retry(std::move(refusal)));
    }
    const std::vector<Group> groups = group_by_key(form_, messages);
    const Answers answers = co_await publish(target, messages, groups, deadline);

    std::vector<Verdict> verdicts(messages.size());
    const Answer* judged = nullptr;
    Verdict verdict;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (answers[i].get() != judged) {
            judged = answers[i].get();
            verdict = verdict_of(*judged, target, session_.endpoint());
            if (judged->ok() && read_message_count(judged->body) != groups[i].messages.size()) {
                verdict = nonsense(target);
            } else if (judged->ok()) {
                topics_.keep_as_known(target);
            }
        }
        for (auto index : groups[i].messages) verdicts[index] = verdict;
    }
    co_return verdicts;
}

boost::asio::awaitable<ProbeReport> PubSubDestination::probe(Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    bool is_connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
    if (!is_connected) {
        add_skipped(report);
        co_return report;
    }
    const ProbeFacts facts = co_await ask_service(session_, config_, topics_.any_known(), deadline);
    add_facts(report, facts, config_);
    co_return report;
}

boost::asio::awaitable<void> PubSubDestination::close() {
    // Connections are shared, and let go when nobody uses them.
    co_return;
}

}  // namespace sluice::pubsub
