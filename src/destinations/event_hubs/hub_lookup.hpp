#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "destination/destination.hpp"
#include "destinations/event_hubs/handoff.hpp"
#include "destinations/event_hubs/hub_creation.hpp"

namespace sluice::event_hubs {

/// What is known of a hub after looking.
struct HubOutcome {
    int partitions = 0;
    std::shared_ptr<const Failure> failure;  ///< why it cannot be written to; nullptr when it can
};

/// Looks hubs up for one producer, and creates the missing ones. librdkafka's call for it blocks, so it is made on a
/// thread of its own, which is there only while something is being looked up. One look-up a hub at a time, whoever
/// asks; a creation that was refused is not tried again for a while (the hub may still turn up: each look-up asks
/// first). Thread: any.
class HubLookup {
  public:
    /// How long one answer of the service is waited for.
    static constexpr std::chrono::seconds kAnswerLimit{15};
    static constexpr std::chrono::seconds kAnswerPiece{3};

    struct Wanted {
        std::string hub;  ///< empty: only whether the namespace answers
        bool create = false;
        std::size_t partitions = 1;
    };
    using Waiting = std::shared_ptr<Handoff<HubOutcome>>;
    /// Why nothing gets through at present, if that is known.
    using Trouble = std::function<std::shared_ptr<const Failure>()>;

    HubLookup(rd_kafka_t* kafka, Trouble trouble, std::function<void()> on_answer);
    ~HubLookup();
    HubLookup(const HubLookup&) = delete;
    HubLookup& operator=(const HubLookup&) = delete;

    /// The handle to write to a hub that was found; nullptr while it must be looked up.
    rd_kafka_topic_t* known(std::string_view hub) const;
    void look_up(Wanted wanted, Waiting waiting);
    /// The service said that it is not there (any more).
    void forget(std::string_view hub);
    /// Nothing gets through: whoever waits is told, and every hub is looked up again before it is written to.
    void give_up(const std::shared_ptr<const Failure>& why);
    /// Begins to end the thread.
    void stop_soon();
    /// Ends the thread; blocks for at most kAnswerPiece, or while a hub is being created.
    void shut();

  private:
    struct Hub {
        rd_kafka_topic_t* topic = nullptr;
        bool known = false;
        bool queued = false;
        Wanted wanted;
        std::vector<Waiting> waiting;
        CreationPause creation;
    };

    void run();
    HubOutcome ask(const Wanted& wanted, rd_kafka_topic_t* topic);
    rd_kafka_resp_err_t ask_service(rd_kafka_topic_t* topic, const rd_kafka_metadata_t** told);
    bool is_shut() const;
    HubOutcome create(const Wanted& wanted, rd_kafka_topic_t* topic);
    void note_creation(std::string_view name, const std::shared_ptr<const Failure>& refusal);
    std::shared_ptr<const Failure> send_creation(const Wanted& wanted);
    std::shared_ptr<const Failure> no_answer(rd_kafka_resp_err_t error);

    rd_kafka_t* kafka_;
    Trouble trouble_;
    std::function<void()> on_answer_;
    mutable std::mutex mutex_;
    std::map<std::string, Hub, std::less<>> hubs_;
    std::vector<std::string> queue_;
    std::thread thread_;
    bool running_ = false;
    bool shut_ = false;
};

/// Why CreateTopics did not make a hub, in the words that an integrator reads. Pure.
Failure creation_refused(rd_kafka_resp_err_t error, std::string_view told, std::string_view hub);

}  // namespace sluice::event_hubs
