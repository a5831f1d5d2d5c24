#include "destinations/pubsub/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "destinations/pubsub/topic_name.hpp"

namespace sluice::pubsub {
namespace {

using Outcome = ProbeStep::Outcome;

constexpr std::array<const char*, 4> kSteps = {"credentials", "target", "right to write", "subscriptions"};
const std::string kPublishRight = "pubsub.topics.publish";
constexpr int kMostListed = 100;

constexpr std::string_view kViewerHint =
    "Give the service account the role Pub/Sub Viewer (roles/pubsub.viewer) too, if you want this checked.";
constexpr std::string_view kSubscribeHint =
    "In the console: Pub/Sub, Subscriptions, Create subscription. Topics that Sluice creates keep messages for 7 days, "
    "which a new subscription can seek back to.";

/// The steps in their order; once one has failed, the rest is skipped.
class Steps {
  public:
    explicit Steps(ProbeReport& report) : report_(report) {}
    void add(Outcome outcome, std::string detail = {}, std::string hint = {}) {
        report_.steps.push_back({kSteps[next_++], outcome, std::move(detail), std::move(hint)});
        if (outcome == Outcome::failed) skip_rest();
    }
    void skip_rest() {
        while (!over()) report_.steps.push_back({kSteps[next_++], Outcome::skipped, {}, {}});
    }
    bool over() const { return next_ == kSteps.size(); }

  private:
    ProbeReport& report_;
    std::size_t next_ = 0;
};

/// The service got as far as to look at what was asked: it knows who asks.
bool is_authenticated(const Answer& answer) {
    if (answer.not_begun) return false;
    switch (answer.status) {
        case Status::ok:
        case Status::not_found:
        case Status::permission_denied:
        case Status::invalid_argument:
        case Status::failed_precondition:
        case Status::unimplemented:
            return true;
        default:
            return false;
    }
}

bool was_denied(const Answer& answer) {
    return answer.status == Status::permission_denied || answer.status == Status::unimplemented;
}

bool is_not_found(const std::optional<Answer>& answer) {
    return answer && !answer->not_begun && answer->status == Status::not_found;
}

std::optional<bool> may_publish(const std::optional<Answer>& answer) {
    if (!answer || !answer->ok()) return std::nullopt;
    auto granted = read_permissions(answer->body);
    if (!granted) return std::nullopt;
    return std::find(granted->begin(), granted->end(), kPublishRight) != granted->end();
}

std::string shown_retention(std::chrono::seconds retention) {
    auto hours = std::chrono::duration_cast<std::chrono::hours>(retention).count();
    if (hours == 0) return "messages are kept for subscriptions only";
    return hours % 24 == 0 ? fmt::format("messages are kept for {} days", hours / 24)
                           : fmt::format("messages are kept for {} hours", hours);
}

std::string told(const Failure& failure) {
    return failure.message.empty() ? failure.code : fmt::format("{}: {}", failure.code, failure.message);
}

void add_failure(Steps& steps, const Answer& answer, const Config& config, const std::string& topic_id) {
    auto failure = failure_of(answer, topic_id, config.endpoint);
    steps.add(Outcome::failed, told(failure),
              failure.hint.empty() ? "Try again; if it stays so, is it Pub/Sub that answers there?" : failure.hint);
}

/// False when it added a step that failed.
bool add_credentials(Steps& steps, const ProbeFacts& facts, const Config& config) {
    for (const auto* answer : {&facts.permission, &facts.topics, &facts.topic}) {
        if (*answer && !is_authenticated(**answer)) {
            add_failure(steps, **answer, config, facts.topic_id);
            return false;
        }
    }
    steps.add(Outcome::ok, facts.credentials_origin);
    return true;
}

/// What is off for the whole project: the API, billing.
bool add_disabled(Steps& steps, const ProbeFacts& facts, const Config& config) {
    for (const auto* answer : {&facts.permission, &facts.topics, &facts.topic}) {
        if (!*answer || (*answer)->status != Status::permission_denied) continue;
        // A failure that names what was asked about concerns that alone.
        const std::string& subject = facts.topic_id.empty() ? config.project : facts.topic_id;
        auto failure = failure_of(**answer, subject, config.endpoint);
        if (!failure.target.empty()) continue;
        steps.add(Outcome::failed, told(failure), failure.hint);
        return true;
    }
    return false;
}

void add_target(Steps& steps, const ProbeFacts& facts, const Config& config) {
    const std::string path = topic_path(config.project, facts.topic_id);
    if (facts.topics && !is_not_found(facts.topics) && facts.topic_id.empty()) {
        auto names = facts.topics->ok() ? read_topic_names(facts.topics->body) : std::nullopt;
        const std::string wanted = fmt::format("a topic for each {}", config.topic.source());
        if (names) {
            steps.add(Outcome::ok, fmt::format("{}; project {} has {} now", wanted, config.project, names->size()));
        } else {
            steps.add(Outcome::warning, fmt::format("{}; not verified: these credentials may not list topics", wanted),
                      std::string(kViewerHint));
        }
        return;
    }
    if (is_not_found(facts.topics)) {
        add_failure(steps, *facts.topics, config, facts.topic_id);
        return;
    }
    if (facts.topic && facts.topic->ok()) {
        auto topic = read_topic(facts.topic->body);
        if (topic) {
            steps.add(Outcome::ok, fmt::format("{}, {}", topic->name, shown_retention(topic->retention)));
        } else {
            steps.add(Outcome::failed, "the answer is not a topic's description", "Is it Pub/Sub that answers there?");
        }
    } else if (is_not_found(facts.topic) && config.create_topics) {
        steps.add(Outcome::warning, path + " does not exist yet: it is created with the first event",
                  "That needs the permission pubsub.topics.create on the project (roles/pubsub.editor).");
    } else if (is_not_found(facts.topic)) {
        steps.add(Outcome::failed, path + " does not exist", "Create the topic, or set create_topics: true.");
    } else if (may_publish(facts.permission).value_or(false)) {
        steps.add(Outcome::ok, path);
    } else {
        steps.add(Outcome::warning, path + " was not verified: these credentials may not look at topics",
                  std::string(kViewerHint));
    }
}

void add_right_to_write(Steps& steps, const ProbeFacts& facts, const Config& config) {
    auto granted = may_publish(facts.permission);
    const std::string hint =
        "Give the service account the role Pub/Sub Publisher (roles/pubsub.publisher) on the topic or the project. A "
        "sample event shows whether it can write.";
    if (granted.value_or(false)) {
        steps.add(Outcome::ok, fmt::format("{} is granted on {}", kPublishRight, facts.topic_id));
    } else if (granted && facts.topic && facts.topic->ok()) {
        steps.add(Outcome::failed, fmt::format("{} is not granted on {}", kPublishRight, facts.topic_id), hint);
    } else if (granted && !config.create_topics && !is_not_found(facts.topic)) {
        // The service answers the same for a topic that is not there.
        steps.add(Outcome::failed,
                  fmt::format("{} is not granted on {}, or there is no such topic", kPublishRight, facts.topic_id),
                  hint);
    } else {
        steps.add(Outcome::warning, "authenticated; right to write not verified", hint);
    }
}

void add_subscriptions(Steps& steps, const ProbeFacts& facts) {
    if (!facts.subscriptions || !facts.subscriptions->ok()) {
        steps.add(Outcome::warning, "no subscription could be confirmed: without one, nobody receives the messages",
                  facts.subscriptions && was_denied(*facts.subscriptions) ? std::string(kViewerHint)
                                                                          : std::string(kSubscribeHint));
        return;
    }
    auto names = read_subscriptions(facts.subscriptions->body);
    if (!names || names->empty()) {
        steps.add(Outcome::warning, fmt::format("{} has no subscription: nobody receives its messages", facts.topic_id),
                  std::string(kSubscribeHint));
    } else {
        steps.add(Outcome::ok, fmt::format("{}, such as {}", names->size(), names->front()));
    }
}

}  // namespace

boost::asio::awaitable<ProbeFacts> ask_service(Session& session, const Config& config, std::string known_topic,
                                               Deadline deadline) {
    ProbeFacts facts;
    const bool is_fixed = config.topic.is_literal();
    facts.topic_id = is_fixed ? config.topic.source() : std::move(known_topic);
    if (facts.topic_id.empty()) {
        Call list{kListTopics, list_topics_request(config.project, kMostListed),
                  "project=" + percent_encode("projects/" + config.project)};
        facts.topics = co_await session.call(std::move(list), deadline);
        facts.credentials_origin = session.describe_credentials();
        co_return facts;
    }
    const std::string path = topic_path(config.project, facts.topic_id);
    const std::string routing = "topic=" + percent_encode(path);
    Call permission{kTestIamPermissions, test_permissions_request(path, kPublishRight),
                    "resource=" + percent_encode(path)};
    facts.permission = co_await session.call(std::move(permission), deadline);
    facts.credentials_origin = session.describe_credentials();
    if (!is_authenticated(*facts.permission)) co_return facts;
    Call look{kGetTopic, get_topic_request(path), routing};
    facts.topic = co_await session.call(std::move(look), deadline);
    if (is_not_found(facts.topic)) co_return facts;
    Call subscribed{kListTopicSubscriptions, list_topic_subscriptions_request(path, kMostListed), routing};
    facts.subscriptions = co_await session.call(std::move(subscribed), deadline);
    co_return facts;
}

void add_skipped(ProbeReport& report) {
    Steps(report).skip_rest();
}

void add_facts(ProbeReport& report, const ProbeFacts& facts, const Config& config) {
    Steps steps(report);
    if (!add_credentials(steps, facts, config) || add_disabled(steps, facts, config)) return;
    add_target(steps, facts, config);
    if (steps.over()) return;
    add_right_to_write(steps, facts, config);
    if (steps.over()) return;
    add_subscriptions(steps, facts);
}

}  // namespace sluice::pubsub
