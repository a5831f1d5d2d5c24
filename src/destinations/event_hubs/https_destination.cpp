#include "destinations/event_hubs/https_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <list>
#include <utility>

#include "auth/strike_out.hpp"
#include "destination/connection_failure.hpp"
#include "destination/connection_probe.hpp"
#include "destinations/event_hubs/event_properties.hpp"
#include "destinations/event_hubs/https_request.hpp"
#include "destinations/event_hubs/https_response.hpp"
#include "destinations/event_hubs/hub_of_event.hpp"
#include "destinations/event_hubs/probe.hpp"
#include "net/task_group.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::size_t kMaxRequestEvents = 200;
constexpr std::size_t kMaxRequestBytes = 4 << 20;
/// A batch keeps the connections busy; a second one fills the gap at its end.
constexpr std::size_t kMaxRequests = 2;
/// Escaping the body for the request makes it larger than what the service stores: between the two it decides.
constexpr std::size_t kEscapedAtMost = 2;
constexpr std::size_t kMaxAnswer = 256 << 10;
/// Where events choose the hub, the *test* call asks after one that is most likely not there.
constexpr std::string_view kAnyHub = "sluice-connection-test";

http::ClientPool::Options pool_options(const Config& config, std::size_t connections) {
    http::ClientPool::Options options;
    options.endpoint = config.endpoint;
    options.connect = config.connect;
    options.max_connections = connections;
    return options;
}

std::shared_ptr<const Failure> too_late(const std::string& hub) {
    auto failure = std::make_shared<Failure>();
    failure->code = "timeout";
    failure->message = "there was no time left to send it";
    failure->target = hub;
    failure->hint = "tried again by itself";
    return failure;
}

std::shared_ptr<const Failure> no_authorization(const Error& error) {
    auto failure = std::make_shared<Failure>();
    bool refused = error.code == Errc::unauthenticated;
    failure->error_class = refused ? ErrorClass::credentials : ErrorClass::transient;
    failure->code = refused ? "entra_refused" : "entra_unavailable";
    failure->message = error.message;
    failure->hint = error.hint.empty() ? "tried again by itself" : error.hint;
    return failure;
}

std::shared_ptr<const Failure> too_large(std::size_t bytes, std::size_t most, const std::string& hub) {
    Failure failure;
    failure.error_class = ErrorClass::too_large;
    failure.code = "message_too_large";
    failure.message = fmt::format("the event has {} bytes, at most {} are sent to this hub", bytes, most);
    failure.target = hub;
    failure.hint = "See max_message_bytes, and what the hub's tier takes.";
    return std::make_shared<const Failure>(std::move(failure));
}

}  // namespace

/// What a call came to: an answer, or why there was none.
struct HttpsDestination::Sent {
    std::optional<http::ClientResponse> answer;
    Verdict verdict;  ///< without an answer
};

/// One deliver() call's requests; the workers take them in order.
struct HttpsDestination::Batch {
    std::span<const Message> messages;
    std::vector<std::size_t> starts;
    std::string hub;
    Deadline deadline;
    std::vector<Verdict> verdicts;
    std::size_t next = 0;
};

/// A creation that is under way, and those who wait for it.
struct HttpsDestination::Creation {
    std::list<SignalEvent> waiting;
    bool over = false;
    std::shared_ptr<const Failure> failure;
};

HttpsDestination::HttpsDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                                   std::size_t max_connections)
    : io_(io),
      clock_(clock),
      config_(std::move(config)),
      max_connections_(max_connections),
      hubs_(config_.place(), config_.max_targets),
      access_(io, clock, config_),
      pool_(io, pool_options(config_, max_connections)) {}

HttpsDestination::~HttpsDestination() = default;

Limits HttpsDestination::limits() const {
    Limits limits;
    limits.max_events = kMaxRequestEvents;
    limits.max_message_bytes_safe = config_.max_message_bytes;
    limits.max_message_bytes_absolute = config_.max_message_bytes * kEscapedAtMost;
    limits.max_bytes = std::max(kMaxRequestBytes, limits.max_message_bytes_absolute);
    limits.max_run_bytes = config_.max_message_bytes;
    limits.max_concurrent = kMaxRequests;
    limits.same_key = SameKeyInBatch::atomic_run;
    limits.fixed_target = !config_.fixed_hub().empty();
    return limits;
}

Result<void> HttpsDestination::target_of(const Event& event, std::string& out) const {
    return hub_of(config_, event, out);
}

std::size_t HttpsDestination::size_of(const Message& message) const {
    return batch_bytes(message, config_);
}

boost::asio::awaitable<HttpsDestination::Sent> HttpsDestination::call(http::ClientRequest request, std::string hub,
                                                                      Deadline deadline) {
    for (bool again = false;; again = true) {
        auto authorization = co_await access_.authorization(hub, deadline);
        if (!authorization) {
            Sent none{std::nullopt, Verdict::retry(no_authorization(authorization.error()))};
            co_return none;
        }
        http::ClientRequest signed_request = request;
        signed_request.headers.add("Authorization", authorization->reveal());
        signed_request.max_response_bytes = kMaxAnswer;
        signed_request.truncate_response = true;  // a proxy's page, whose status still says what is wrong
        auto answer = co_await pool_.send(std::move(signed_request), deadline);
        if (!answer) {
            Sent none{std::nullopt, connection_verdict(answer.error(), config_.endpoint)};
            co_return none;
        }
        // The service, or what stands before it, may quote the request that it refuses.
        if (answer->status / 100 != 2)
            answer->body = auth::struck_out(answer->body, auth::quotable_parts(authorization->reveal()));
        // A token may have been withdrawn before its time: nothing was stored, so another one is tried, once. Not where
        // this one is known and has not the right.
        bool is_refused = answer->status == 401 && !read_https_error(answer->status, answer->body).lacks_right;
        if (is_refused && !again && access_.refused(hub, answer->headers.get("Date"))) continue;
        Sent sent{std::move(*answer), {}};
        co_return sent;
    }
}

boost::asio::awaitable<std::shared_ptr<const Failure>> HttpsDestination::create(std::string hub, Deadline deadline) {
    if (auto refusal = pauses_[hub].refusal(clock_.steady_now())) co_return refusal;
    if (auto found = creations_.find(hub); found != creations_.end()) {
        auto creation = found->second;
        auto executor = co_await boost::asio::this_coro::executor;
        auto& event = creation->waiting.emplace_back(executor);
        while (!creation->over) {
            if (!co_await event.wait(deadline)) break;
        }
        if (creation->over) co_return creation->failure;
        creation->waiting.remove_if([&event](const SignalEvent& each) { return &each == &event; });
        co_return too_late(hub);
    }
    auto creation = std::make_shared<Creation>();
    creations_.emplace(hub, creation);
    const std::string body = creation_body(config_.partitions);
    http::ClientRequest request;
    request.method = "PUT";
    request.target = hub_target(hub);
    request.headers.add("Content-Type", std::string(kAtomContentType));
    request.body.push_back(body);
    auto sent = co_await call(std::move(request), hub, deadline);
    creation->failure = sent.answer ? creation_outcome(*sent.answer, hub) : sent.verdict.failure;
    if (creation->failure && creation->failure->error_class == ErrorClass::missing_target) {
        pauses_[hub].refused(creation->failure, clock_.steady_now());
    } else {
        pauses_.erase(hub);
    }
    if (!creation->failure) ++created_[hub];
    creation->over = true;
    creations_.erase(hub);
    for (auto& each : creation->waiting) each.set();
    co_return creation->failure;
}

boost::asio::awaitable<Verdict> HttpsDestination::send_run(std::span<const Message> run, std::string hub,
                                                           Deadline deadline) {
    // Escaped for its way it may be larger; what the hub counts is the event.
    if (run.front().body.size() > config_.max_message_bytes)
        co_return Verdict::rejected(too_large(run.front().body.size(), config_.max_message_bytes, hub));
    const std::string body = batch_body(run, config_);
    http::ClientRequest request;
    request.target = send_target(hub);
    request.headers.add("Content-Type", std::string(kBatchContentType));
    bool has_key = config_.keyed && !run.front().key.empty();
    if (has_key) request.headers.add("BrokerProperties", broker_properties(run.front().key));
    request.body.push_back(body);
    for (bool created = false;; created = true) {
        if (deadline.passed()) co_return Verdict::retry(too_late(hub));
        const std::uint64_t created_before = created_[hub];
        auto sent = co_await call(request, hub, deadline);
        if (!sent.answer) co_return sent.verdict;
        auto verdict = verdict_of_send(*sent.answer, hub);
        bool missing = verdict.failure && verdict.failure->error_class == ErrorClass::missing_target;
        if (!missing || created) co_return verdict;
        if (created_[hub] != created_before) continue;  // by another request, after this one was answered
        if (!config_.create_hubs) {
            auto failure = hub_missing(Refusal::none_asked, verdict.failure->code, {}, hub);
            co_return Verdict::retry(std::make_shared<const Failure>(std::move(failure)));
        }
        auto failure = co_await create(hub, deadline);
        if (failure) co_return Verdict::retry(failure);
    }
}

boost::asio::awaitable<void> HttpsDestination::work(Batch* batch) {
    while (batch->next < batch->starts.size()) {
        auto index = batch->next++;
        auto first = batch->starts[index];
        auto end = index + 1 < batch->starts.size() ? batch->starts[index + 1] : batch->messages.size();
        auto verdict = co_await send_run(batch->messages.subspan(first, end - first), batch->hub, batch->deadline);
        for (auto i = first; i < end; ++i) batch->verdicts[i] = verdict;
    }
}

TargetNames* HttpsDestination::target_names() noexcept {
    // One hub for all is never refused for another's sake: there is nothing to remember.
    return !config_.fixed_hub().empty() ? nullptr : &hubs_.names();
}

Result<SentBeside> HttpsDestination::beside(const Message& message) const {
    SentBeside sent;
    add_properties(message, config_, sent);
    if (config_.keyed && !message.key.empty()) sent.addressing.push_back({"PartitionKey", partition_key(message.key)});
    return sent;
}

boost::asio::awaitable<std::vector<Verdict>> HttpsDestination::deliver(std::span<const Message> messages,
                                                                       Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    std::string hub(messages.front().target);
    if (auto refused = hubs_.admit(hub, messages.front().in_passing))
        co_return std::vector<Verdict>(messages.size(), Verdict::retry(refused));
    auto starts = request_starts(messages, config_);
    std::vector<Verdict> unsent(messages.size(), Verdict::retry(too_late(hub)));
    Batch batch{messages, std::move(starts), std::move(hub), deadline, std::move(unsent), 0};
    TaskGroup workers(io_);
    for (std::size_t i = 0; i < std::min(batch.starts.size(), max_connections_); ++i) workers.spawn(work(&batch));
    co_await workers.join_or_cancel();
    co_return std::move(batch.verdicts);
}

boost::asio::awaitable<ProbeReport> HttpsDestination::probe(Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    bool is_connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
    if (!is_connected) {
        add_skipped(report);
        co_return report;
    }
    auto hub = config_.fixed_hub();
    if (hub.empty()) hub = kAnyHub;
    http::ClientRequest request;
    request.method = "GET";
    request.target = hub_target(hub);
    auto sent = co_await call(std::move(request), hub, deadline);
    if (!sent.answer) {
        add_no_credentials(report, *sent.verdict.failure);
        co_return report;
    }
    add_look(report, read_hub_look(*sent.answer, hub), config_);
    co_return report;
}

boost::asio::awaitable<void> HttpsDestination::close() {
    pool_.close();
    access_.close();
    co_return;
}

}  // namespace sluice::event_hubs
