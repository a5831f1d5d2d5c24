#include "destinations/event_hubs/hub_lookup.hpp"

#include <fmt/format.h>

#include <array>
#include <system_error>
#include <utility>

#include "base/utf8.hpp"
#include "destinations/event_hubs/error_table.hpp"

namespace sluice::event_hubs {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int milliseconds(std::chrono::milliseconds duration) {
    return static_cast<int>(duration.count());
}

HubOutcome failed(Failure failure) {
    return {0, std::make_shared<const Failure>(std::move(failure))};
}

struct DestroyMetadata {
    void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
struct DestroyQueue {
    void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct DestroyEvent {
    void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct DestroyOptions {
    void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
};
struct DestroyNewTopic {
    void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
};

/// A refusal for want of the right, of room in the namespace, or of a policy: nothing that trying again soon helps.
bool is_refusal(rd_kafka_resp_err_t error) {
    if (error < 0) return false;
    return meaning_of(error).error_class != ErrorClass::transient || error == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS ||
           error == RD_KAFKA_RESP_ERR_INVALID_REQUEST || error == RD_KAFKA_RESP_ERR_INVALID_CONFIG;
}

}  // namespace

Failure creation_refused(rd_kafka_resp_err_t error, std::string_view told, std::string_view hub) {
    auto reason = shown_text(told.empty() ? std::string_view(rd_kafka_err2str(error)) : told, kMostTold);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
        return hub_missing(Refusal::no_right, code_of(error), reason, hub);
    }
    if (is_refusal(error)) return hub_missing(Refusal::no_room, code_of(error), reason, hub);
    Failure failure = failure_of(error, hub);
    failure.target = hub;
    failure.message = fmt::format("event hub “{}” could not be created: {}", hub, reason);
    return failure;
}

HubLookup::HubLookup(rd_kafka_t* kafka, Trouble trouble, std::function<void()> on_answer)
    : kafka_(kafka), trouble_(std::move(trouble)), on_answer_(std::move(on_answer)) {}

HubLookup::~HubLookup() {
    shut();
    for (auto& [name, hub] : hubs_)
        if (hub.topic != nullptr) rd_kafka_topic_destroy(hub.topic);
}

rd_kafka_topic_t* HubLookup::known(std::string_view hub) const {
    std::lock_guard lock(mutex_);
    auto found = hubs_.find(hub);
    return found != hubs_.end() && found->second.known ? found->second.topic : nullptr;
}

void HubLookup::forget(std::string_view hub) {
    std::lock_guard lock(mutex_);
    auto found = hubs_.find(hub);
    if (found != hubs_.end()) found->second.known = false;
}

void HubLookup::give_up(const std::shared_ptr<const Failure>& why) {
    std::vector<Waiting> waiting;
    {
        std::lock_guard lock(mutex_);
        for (auto& [name, hub] : hubs_) {
            hub.known = false;
            waiting.insert(waiting.end(), hub.waiting.begin(), hub.waiting.end());
            hub.waiting.clear();
        }
    }
    for (auto& each : waiting) each->give({0, why});
}

void HubLookup::look_up(Wanted wanted, Waiting waiting) {
    std::unique_lock lock(mutex_);
    if (shut_) return waiting->give({0, no_answer(RD_KAFKA_RESP_ERR__DESTROY)});
    auto& hub = hubs_[wanted.hub];
    hub.waiting.push_back(std::move(waiting));
    hub.wanted = wanted;
    if (hub.queued) return;
    hub.queued = true;
    queue_.push_back(wanted.hub);
    if (running_) return;
    if (thread_.joinable()) thread_.join();  // it has taken its last look at the queue
    try {
        thread_ = std::thread([this] { run(); });
        running_ = true;
        return;
    } catch (const std::system_error& error) {
        queue_.clear();
        hub.queued = false;
        Failure failure{ErrorClass::transient,
                        "no_thread",
                        fmt::format("the hub could not be looked up: no thread for it: {}", error.what()),
                        {},
                        {},
                        {}};
        failure.hint = "Raise the limit on this process's tasks (TasksMax, pids): each Kafka integration needs three.";
        auto outcome = HubOutcome{0, std::make_shared<const Failure>(std::move(failure))};
        auto told = std::move(hub.waiting);
        hub.waiting.clear();
        lock.unlock();
        for (auto& each : told) each->give(outcome);
    }
}

void HubLookup::run() {
    for (;;) {
        Wanted wanted;
        rd_kafka_topic_t* topic = nullptr;
        {
            std::lock_guard lock(mutex_);
            if (queue_.empty() || shut_) {
                running_ = false;
                return;
            }
            auto& hub = hubs_[queue_.front()];
            wanted = hub.wanted;
            topic = hub.topic;
        }
        if (topic == nullptr && !wanted.hub.empty()) topic = rd_kafka_topic_new(kafka_, wanted.hub.c_str(), nullptr);
        HubOutcome outcome = ask(wanted, topic);
        std::vector<Waiting> waiting;
        {
            std::lock_guard lock(mutex_);
            queue_.erase(queue_.begin());
            auto& hub = hubs_[wanted.hub];
            hub.topic = topic;
            hub.queued = false;
            hub.known = outcome.failure == nullptr && topic != nullptr;
            waiting = std::exchange(hub.waiting, {});
        }
        for (auto& each : waiting) each->give(outcome);
    }
}

std::shared_ptr<const Failure> HubLookup::no_answer(rd_kafka_resp_err_t error) {
    if (auto trouble = trouble_()) return trouble;
    Failure failure = failure_of(error, {});
    failure.target.clear();
    failure.message = "the namespace did not answer in time";
    failure.hint = "Is a firewall between this machine and the namespace's port 9093? protocol: https uses 443.";
    return std::make_shared<const Failure>(std::move(failure));
}

/// A piece of the time at a time, so that it is ended soon when nobody needs the answer or none can come.
rd_kafka_resp_err_t HubLookup::ask_service(rd_kafka_topic_t* topic, const rd_kafka_metadata_t** told) {
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (auto spent = kAnswerPiece; spent <= kAnswerLimit; spent += kAnswerPiece) {
        error = rd_kafka_metadata(kafka_, 0, topic, told, milliseconds(kAnswerPiece));
        bool late = error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT;
        if (!late || trouble_() || is_shut()) break;
    }
    return error;
}

HubOutcome HubLookup::ask(const Wanted& wanted, rd_kafka_topic_t* topic) {
    const rd_kafka_metadata_t* told = nullptr;
    auto error = ask_service(topic, &told);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return {0, no_answer(error)};
    std::unique_ptr<const rd_kafka_metadata_t, DestroyMetadata> metadata(told);
    on_answer_();
    if (topic == nullptr) return {};
    if (metadata->topic_cnt != 1) return {0, no_answer(RD_KAFKA_RESP_ERR__BAD_MSG)};
    const auto& answer = metadata->topics[0];
    if (answer.err == RD_KAFKA_RESP_ERR_NO_ERROR && answer.partition_cnt > 0) return {answer.partition_cnt, nullptr};
    bool missing = answer.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || answer.err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!missing) return failed(failure_of(answer.err, wanted.hub));
    if (!wanted.create) {
        return failed(
            hub_missing(Refusal::none_asked, code_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), {}, wanted.hub));
    }
    return create(wanted, topic);
}

HubOutcome HubLookup::create(const Wanted& wanted, rd_kafka_topic_t* topic) {
    {
        std::lock_guard lock(mutex_);
        if (auto refusal = hubs_[wanted.hub].creation.refusal(SteadyClock::now())) return {0, refusal};
    }
    auto refusal = send_creation(wanted);
    note_creation(wanted.hub, refusal);
    if (refusal) return {0, refusal};
    Wanted again = wanted;
    again.create = false;
    HubOutcome outcome = ask(again, topic);
    if (outcome.failure && outcome.failure->error_class == ErrorClass::missing_target) {
        // It is made and not told of everywhere yet.
        Failure failure = failure_of(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, wanted.hub);
        failure.message = fmt::format("event hub “{}” was created and is not ready yet", wanted.hub);
        return failed(std::move(failure));
    }
    return outcome;
}

void HubLookup::note_creation(std::string_view name, const std::shared_ptr<const Failure>& refusal) {
    std::lock_guard lock(mutex_);
    auto& creation = hubs_.find(name)->second.creation;
    bool to_pause = refusal && refusal->error_class == ErrorClass::missing_target;
    if (to_pause) {
        creation.refused(refusal, SteadyClock::now());
    } else {
        creation.cleared();
    }
}

/// nullptr when the hub was created, or is there already.
std::shared_ptr<const Failure> HubLookup::send_creation(const Wanted& wanted) {
    std::array<char, 512> why{};
    // Replication is the service's own affair: it takes any factor.
    std::unique_ptr<rd_kafka_NewTopic_t, DestroyNewTopic> topic(
        rd_kafka_NewTopic_new(wanted.hub.c_str(), static_cast<int>(wanted.partitions), 1, why.data(), why.size()));
    if (!topic) return failed(creation_refused(RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, why.data(), wanted.hub)).failure;
    std::unique_ptr<rd_kafka_AdminOptions_t, DestroyOptions> options(
        rd_kafka_AdminOptions_new(kafka_, RD_KAFKA_ADMIN_OP_CREATETOPICS));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds(kAnswerLimit), why.data(), why.size());
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), milliseconds(kAnswerLimit), why.data(), why.size());
    std::unique_ptr<rd_kafka_queue_t, DestroyQueue> queue(rd_kafka_queue_new(kafka_));
    rd_kafka_NewTopic_t* one = topic.get();
    rd_kafka_CreateTopics(kafka_, &one, 1, options.get(), queue.get());
    std::unique_ptr<rd_kafka_event_t, DestroyEvent> event(
        rd_kafka_queue_poll(queue.get(), milliseconds(kAnswerLimit + std::chrono::seconds(5))));
    if (!event) return no_answer(RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (auto error = rd_kafka_event_error(event.get())) {
        if (error < 0) return no_answer(error);
        return failed(creation_refused(error, rd_kafka_event_error_string(event.get()), wanted.hub)).failure;
    }
    std::size_t count = 0;
    const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    if (count != 1) return no_answer(RD_KAFKA_RESP_ERR__BAD_MSG);
    auto error = rd_kafka_topic_result_error(results[0]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return nullptr;
    const char* told = rd_kafka_topic_result_error_string(results[0]);
    return failed(creation_refused(error, told == nullptr ? "" : told, wanted.hub)).failure;
}

void HubLookup::stop_soon() {
    std::lock_guard lock(mutex_);
    shut_ = true;
}

bool HubLookup::is_shut() const {
    std::lock_guard lock(mutex_);
    return shut_;
}

void HubLookup::shut() {
    std::thread ending;
    {
        std::lock_guard lock(mutex_);
        shut_ = true;
        ending = std::move(thread_);
    }
    if (ending.joinable()) ending.join();
}

}  // namespace sluice::event_hubs
