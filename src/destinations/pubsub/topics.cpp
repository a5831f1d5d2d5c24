#include "destinations/pubsub/topics.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "destinations/pubsub/messages.hpp"
#include "destinations/pubsub/topic_name.hpp"
#include "net/signal_event.hpp"

namespace sluice::pubsub {
namespace {

/// Nothing is lost before the first subscription is made, for as long (product.md).
constexpr std::chrono::hours kRetention{7 * 24};

Failure missing(const std::string& id, std::string code, std::string message, std::string hint) {
    Failure failure;
    failure.error_class = ErrorClass::missing_target;
    failure.code = std::move(code);
    failure.message = std::move(message);
    failure.target = id;
    failure.hint = std::move(hint);
    return failure;
}

std::shared_ptr<const Failure> shared(Failure failure) {
    return std::make_shared<const Failure>(std::move(failure));
}

}  // namespace

/// One creation and those who wait for it.
struct Topics::Flight {
    std::vector<SignalEvent*> waiting;
    bool landed = false;
    bool has_outcome = false;  ///< false when the leader was cancelled: somebody else has to lead
    std::shared_ptr<const Failure> failure;

    boost::asio::awaitable<bool> wait(std::shared_ptr<Flight> self, boost::asio::any_io_executor executor,
                                      Deadline deadline) {
        SignalEvent landing(executor);
        self->waiting.push_back(&landing);
        co_await landing.wait(deadline);
        std::erase(self->waiting, &landing);
        co_return self->landed;
    }
};

/// Whoever leads a flight ends it, however it is left.
class Topics::Leader {
  public:
    Leader(Topics& topics, const std::string& id) : topics_(topics), id_(id), flight_(std::make_shared<Flight>()) {
        topics_.flights_[id_] = flight_;
    }
    ~Leader() {
        topics_.flights_.erase(id_);
        flight_->landed = true;
        for (auto* waiting : flight_->waiting) waiting->set();
    }
    Leader(const Leader&) = delete;
    Leader& operator=(const Leader&) = delete;
    void land(std::shared_ptr<const Failure> failure) {
        flight_->failure = std::move(failure);
        flight_->has_outcome = true;
    }

  private:
    Topics& topics_;
    std::string id_;
    std::shared_ptr<Flight> flight_;
};

Topics::Topics(boost::asio::io_context& io, const Config& config, Session& session)
    : io_(io),
      config_(config),
      session_(session),
      names_(config.place(), config.max_targets, TargetNames::LetterCase::told_apart) {}

Topics::~Topics() = default;

std::shared_ptr<const Failure> Topics::refusal_of(std::string_view id, bool in_passing) {
    std::string target(id);
    if (auto good = check_topic_id(id); !good) {
        return shared(missing(target, "invalid_topic_name",
                              fmt::format("\"{}\" cannot be a topic: it {}", id, good.error().message),
                              "Set topic to a name that Pub/Sub takes for these events; the other topics go on."));
    }
    if (names_.admit(id, in_passing).kind != TargetNames::Admission::Kind::admitted) {
        return shared(missing(target, "too_many_targets",
                              fmt::format("this integration delivers to {} topics already", config_.max_targets),
                              "Raise max_targets, or send several recTypes to one topic; the other topics go on."));
    }
    return nullptr;
}

void Topics::forget(std::string_view id) {
    if (auto found = known_.find(id); found != known_.end()) known_.erase(found);
}

std::shared_ptr<const Failure> Topics::failure_of_creation(const Answer& answer, const std::string& id) const {
    Failure failure = failure_of(answer, id, session_.endpoint());
    auto told = fmt::format("topic {} does not exist, and could not be created: {}", topic_path(config_.project, id),
                            failure.message);
    switch (answer.not_begun ? Status::unknown : answer.status) {
        case Status::permission_denied:
            if (failure.target.empty()) return shared(std::move(failure));  // the API or billing is off
            return shared(missing(id, failure.code, std::move(told),
                                  fmt::format("Create the topic {}, or give the service account the permission "
                                              "pubsub.topics.create on the project (roles/pubsub.editor has it).",
                                              id)));
        case Status::not_found:
            return shared(missing(id, failure.code, std::move(told),
                                  fmt::format("Is there a project {}? Give its ID, not its name.", config_.project)));
        case Status::resource_exhausted:
            return shared(missing(id, failure.code, std::move(told),
                                  "The project has as many topics as its quota allows: raise it, or send several "
                                  "recTypes to one topic."));
        case Status::invalid_argument:
        case Status::failed_precondition:
            return shared(missing(id, failure.code, std::move(told),
                                  "Does a policy of the organisation forbid topics of this kind? Create it by hand."));
        default:
            // Whether it was made or not, trying again harms nothing.
            failure.message = std::move(told);
            return shared(std::move(failure));
    }
}

boost::asio::awaitable<std::shared_ptr<const Failure>> Topics::create(std::string id, Deadline deadline) {
    for (;;) {
        auto found = flights_.find(id);
        if (found == flights_.end()) break;
        auto flight = found->second;
        bool landed = co_await flight->wait(flight, io_.get_executor(), deadline);
        if (!landed) {
            Failure late;
            late.code = "timeout";
            late.message = "the topic was still being created when the time to deliver was over";
            late.target = id;
            late.hint = "It is tried again by itself.";
            co_return shared(std::move(late));
        }
        if (flight->has_outcome) co_return flight->failure;
    }
    Leader leader(*this, id);
    const std::string path = topic_path(config_.project, id);
    Call call{kCreateTopic, create_topic_request(path, kRetention), "name=" + percent_encode(path)};
    auto answer = co_await session_.call(std::move(call), deadline);
    std::shared_ptr<const Failure> failure;
    if (!answer.ok() && answer.status != Status::already_exists) failure = failure_of_creation(answer, id);
    if (answer.status != Status::cancelled) leader.land(failure);
    co_return failure;
}

}  // namespace sluice::pubsub
