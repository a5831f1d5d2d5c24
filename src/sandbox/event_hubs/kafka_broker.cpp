#include "sandbox/event_hubs/kafka_broker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ids.hpp"
#include "sandbox/event_hubs/kafka_answer.hpp"

namespace sluice::sandbox {
namespace {

namespace asio = boost::asio;

constexpr std::int32_t kBrokerId = 0;
constexpr std::int32_t kNotTold = INT32_MIN;  ///< authorised operations
constexpr std::string_view kPlain = "PLAIN";
constexpr std::string_view kOauthBearer = "OAUTHBEARER";
/// How often a waiting reader looks again, and how long it may wait.
constexpr std::chrono::milliseconds kPollInterval{10};
constexpr std::chrono::milliseconds kLongestWait{30'000};
constexpr std::size_t kMostFetchedBytes = std::size_t{50} << 20;

/// False when the connection is being ended.
/// False when the server stops, also when it does so in the moment in which the time is over.
asio::awaitable<bool> sleep_for(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    auto state = co_await asio::this_coro::cancellation_state;
    co_return !error && state.cancelled() == asio::cancellation_type::none;
}

KafkaReply closed() {
    KafkaReply reply;
    reply.ending = KafkaReply::Ending::close;
    return reply;
}

KafkaReply instead_of(FaultAction action) {
    KafkaReply reply;
    bool hangs = action == FaultAction::hang || action == FaultAction::hang_after;
    reply.ending = hangs ? KafkaReply::Ending::hang : KafkaReply::Ending::close;
    return reply;
}

/// What is to be sent, unless a fault keeps it back.
KafkaReply finish(const KafkaFaults& faults, KafkaAnswer answer) {
    if (faults.ending) return instead_of(*faults.ending);
    KafkaReply reply;
    reply.frame = answer.finish();
    return reply;
}

template <class Topics>
std::vector<std::string_view> names_of(const Topics& topics) {
    std::vector<std::string_view> names;
    for (const auto& topic : topics) names.push_back(topic.name);
    return names;
}

KafkaError error_of(Errc code) {
    switch (code) {
        case Errc::conflict:
            return KafkaError::topic_already_exists;
        case Errc::exhausted:
            return KafkaError::policy_violation;
        default:
            return KafkaError::invalid_partitions;
    }
}

/// Producer ids of one run are not those of another: a client that outlives the sandbox must not be taken for a new
/// one.
std::int64_t first_producer_id() {
    std::int64_t id = 0;
    for (char c : random_bytes(5)) id = id << 8 | static_cast<unsigned char>(c);
    return id;
}

}  // namespace

KafkaBroker::KafkaBroker(const Access& access, Hubs& hubs, FaultInjector& faults, const Clock& clock)
    : access_(access), hubs_(hubs), faults_(faults), clock_(clock), next_producer_id_(first_producer_id()) {}

asio::awaitable<KafkaReply> KafkaBroker::handle(KafkaSession* session, std::shared_ptr<const std::string> frame) {
    Request request{session, {}, KafkaReader(*frame), frame};
    if (session->raw_sasl) co_return co_await handle_sasl(std::move(request));
    auto head = read_request_head(request.body);
    if (!head) co_return closed();
    request.head = *head;
    auto api = static_cast<KafkaApi>(head->api);
    if (api == KafkaApi::api_versions) co_return api_versions(std::move(request));
    if (!is_supported(api, head->version)) co_return closed();
    if (api == KafkaApi::sasl_handshake) co_return sasl_handshake(std::move(request));
    if (api == KafkaApi::sasl_authenticate) co_return co_await handle_sasl(std::move(request));
    if (!session->rights || (session->rights->until && clock_.now() >= *session->rights->until)) co_return closed();
    switch (api) {
        case KafkaApi::produce:
            co_return co_await handle_produce(std::move(request));
        case KafkaApi::fetch:
            co_return co_await handle_fetch(std::move(request));
        case KafkaApi::list_offsets:
            co_return co_await handle_list_offsets(std::move(request));
        case KafkaApi::metadata:
            co_return co_await handle_metadata(std::move(request));
        case KafkaApi::create_topics:
            co_return co_await handle_create_topics(std::move(request));
        case KafkaApi::init_producer_id:
            co_return co_await handle_init_producer_id(std::move(request));
        default:
            co_return closed();
    }
}

KafkaReply KafkaBroker::api_versions(Request request) const {
    auto version = request.head.version;
    bool known = is_supported(KafkaApi::api_versions, version);
    if (known && !read_api_versions(request.body, version)) return closed();
    // A version that is too new is answered in the oldest, so that the client can choose another.
    KafkaAnswer answer(request.head.correlation_id);
    write_api_versions(answer.out, known ? version : std::int16_t{0},
                       known ? KafkaError::none : KafkaError::unsupported_version);
    return finish({}, std::move(answer));
}

KafkaReply KafkaBroker::sasl_handshake(Request request) const {
    auto mechanism = read_sasl_handshake(request.body);
    if (!mechanism) return closed();
    bool known = *mechanism == kPlain || *mechanism == kOauthBearer;
    auto& session = *request.session;
    session.mechanism = known ? std::string(*mechanism) : std::string();
    session.raw_sasl = known && request.head.version == 0;
    KafkaAnswer answer(request.head.correlation_id);
    answer.error(known ? KafkaError::none : KafkaError::unsupported_sasl_mechanism);
    answer.out.array(2);
    answer.out.string(kPlain);
    answer.out.string(kOauthBearer);
    auto reply = finish({}, std::move(answer));
    reply.close_after = !known;
    return reply;
}

Access::Checked<Rights> KafkaBroker::authenticate(KafkaSession& session, std::string_view response,
                                                  Timestamp now) const {
    auto rights =
        session.mechanism == kPlain ? access_.check_plain(response) : access_.check_oauth_bearer(response, now);
    session.rights = rights ? std::optional<Rights>(*rights) : std::nullopt;
    session.mechanism.clear();  // the next authentication begins with a handshake again
    return rights;
}

asio::awaitable<KafkaReply> KafkaBroker::handle_sasl(Request request) {
    auto& session = *request.session;
    bool raw = std::exchange(session.raw_sasl, false);
    auto response = raw ? std::optional<std::string_view>(*request.frame) : read_sasl_authenticate(request.body);
    if (!response) co_return closed();
    auto faults = faults_.on_request({"event_hubs", kafka_operation::kSaslAuthenticate, {}});
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    std::optional<Access::Refusal> refusal;
    if (faults.refusal == FaultAction::expired_token) {
        refusal = Access::Refusal{"ExpiredToken", "The token is expired."};
    } else if (faults.refusal == FaultAction::access_denied) {
        refusal = Access::Refusal{"Unauthorized", "Access is denied."};
    } else if (faults.refusal && faults.refusal != FaultAction::missing_target) {
        // Any error in an answer would tell a client that its credentials are wrong.
        co_return instead_of(*faults.refusal);
    }
    auto error = KafkaError::none;
    if (refusal) {
        session.rights.reset();
        error = KafkaError::sasl_authentication_failed;
        if (!faults.message.empty()) refusal->message = faults.message;
    } else if (session.mechanism.empty()) {
        refusal = Access::Refusal{"IllegalState", "SaslHandshake comes first."};
        error = KafkaError::illegal_sasl_state;
    } else if (auto rights = authenticate(session, *response, clock_.now() + faults.skew); !rights) {
        refusal = rights.error();
        error = KafkaError::sasl_authentication_failed;
    }
    if (faults.ending) co_return instead_of(*faults.ending);
    KafkaReply reply;
    if (raw) {
        if (refusal) co_return closed();
        reply.frame = std::string(4, '\0');  // an empty challenge
        co_return reply;
    }
    KafkaAnswer answer(request.head.correlation_id);
    answer.error(error);
    if (refusal) {
        answer.out.string(fmt::format("Authentication failed: {}: {}", refusal->code, refusal->message));
    } else {
        answer.out.null_string();
    }
    answer.out.bytes({});
    if (request.head.version >= 1) {
        bool ends = session.rights && session.rights->until;
        answer.out.int64(ends ? (*session.rights->until - clock_.now()).count() : 0);
    }
    reply.frame = answer.finish();
    reply.close_after = refusal.has_value();
    co_return reply;
}

KafkaBroker::Produced KafkaBroker::produce(const Request& request, std::string_view topic,
                                           const ProduceRequest::Partition& partition) {
    if (!request.session->rights->may_send(topic)) return {KafkaError::topic_authorization_failed, -1, false};
    auto hub = hubs_.find(topic);
    if (!hub || partition.index < 0 || partition.index >= hub->partitions)
        return {KafkaError::unknown_topic_or_partition, -1, false};
    auto batch = read_record_batch(partition.records, hubs_.options().max_unpacked_bytes);
    if (!batch) return {batch.error().error, -1, false};
    if (faults_.looks_at_records()) {
        // A batch is taken whole or not at all: the first record that is struck takes the others with it.
        for (std::size_t i = 0; i < batch->records.size(); i++) {
            auto fault = faults_.on_record({"event_hubs", kafka_operation::kProduce, topic}, i,
                                           batch->records[i].key.value_or(""), batch->records[i].value.value_or(""));
            if (!fault) continue;
            auto failure = to_kafka_failure(*fault);
            return {failure.error, -1, failure.throttled};
        }
    }
    auto appended = hubs_.append(topic, partition.index, *batch, {request.frame, partition.records});
    return {appended.error, appended.offset, false};
}

asio::awaitable<KafkaReply> KafkaBroker::handle_produce(Request request) {
    auto version = request.head.version;
    auto given = read_produce(request.body, version);
    if (!given) co_return closed();
    auto faults = draw_kafka_faults(faults_, kafka_operation::kProduce, names_of(given->topics));
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);

    KafkaAnswer answer(request.head.correlation_id);
    answer.out.array(given->topics.size());
    for (std::size_t i = 0; i < given->topics.size(); i++) {
        const auto& topic = given->topics[i];
        answer.out.string(topic.name);
        answer.out.array(topic.partitions.size());
        for (const auto& partition : topic.partitions) {
            Produced produced;
            if (given->transactional_id) {
                produced.error = KafkaError::transactional_id_authorization_failed;
            } else if (faults.failures[i]) {
                produced.error = faults.failures[i]->error;
            } else {
                produced = produce(request, topic.name, partition);
            }
            faults.throttled = faults.throttled || produced.throttled;
            answer.out.int32(partition.index);
            answer.error(produced.error);
            answer.out.int64(produced.offset);
            answer.out.int64(-1);                   // time of append: the producer's stands
            if (version >= 5) answer.out.int64(0);  // log start
        }
    }
    answer.out.int32(faults.throttle_time_ms());
    if (given->acks == 0 && !faults.ending) co_return KafkaReply{};
    co_return finish(faults, std::move(answer));
}

void KafkaBroker::write_metadata_topic(KafkaWriter& out, std::int16_t version, std::string_view name, KafkaError error,
                                       std::int32_t partitions) const {
    out.int16(static_cast<std::int16_t>(error));
    out.string(name);
    if (version >= 1) out.boolean(false);  // internal
    out.array(static_cast<std::size_t>(partitions));
    for (std::int32_t i = 0; i < partitions; i++) {
        out.int16(0);
        out.int32(i);
        out.int32(kBrokerId);
        if (version >= 7) out.int32(0);         // leader epoch
        for (int list = 0; list < 2; list++) {  // replicas, and those in sync
            out.array(1);
            out.int32(kBrokerId);
        }
        if (version >= 5) out.array(0);  // offline
    }
    if (version >= 8) out.int32(kNotTold);
}

asio::awaitable<KafkaReply> KafkaBroker::handle_metadata(Request request) {
    auto version = request.head.version;
    auto given = read_metadata(request.body, version);
    if (!given) co_return closed();
    const auto& rights = *request.session->rights;
    std::vector<Hubs::Hub> all;
    if (given->all) {
        all = hubs_.list();
        std::erase_if(all, [&](const Hubs::Hub& hub) { return !rights.covers(hub.name); });
        for (const auto& hub : all) given->topics.push_back(hub.name);
    }
    auto faults = draw_kafka_faults(faults_, kafka_operation::kMetadata, given->topics);
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);

    KafkaAnswer answer(request.head.correlation_id);
    auto& out = answer.out;
    if (version >= 3) out.int32(faults.throttle_time_ms());
    out.array(1);
    out.int32(kBrokerId);
    out.string(request.session->host);
    out.int32(request.session->port);
    if (version >= 1) out.null_string();  // rack
    if (version >= 2) out.string(access_.host());
    if (version >= 1) out.int32(kBrokerId);  // controller
    out.array(given->topics.size());
    for (std::size_t i = 0; i < given->topics.size(); i++) {
        auto name = given->topics[i];
        auto hub = hubs_.find(name);
        auto error = KafkaError::none;
        if (faults.failures[i]) {
            error = faults.failures[i]->error;
        } else if (!rights.covers(name)) {
            error = KafkaError::topic_authorization_failed;
        } else if (!hub) {
            error = wrong_with_hub_name(name).empty() ? KafkaError::unknown_topic_or_partition
                                                      : KafkaError::invalid_topic_exception;
        }
        write_metadata_topic(out, version, name, error, error == KafkaError::none ? hub->partitions : 0);
    }
    if (version >= 8) out.int32(kNotTold);
    co_return finish(faults, std::move(answer));
}

KafkaFailure KafkaBroker::create_topic(const KafkaSession& session, const CreateTopicsRequest::Topic& topic,
                                       bool validate_only) {
    if (!session.rights->may_manage())
        return {KafkaError::topic_authorization_failed,
                "Creating an event hub needs a policy of the namespace with the Manage claim.", false};
    if (topic.assigned) return {KafkaError::invalid_request, "Replicas are the service's own affair.", false};
    if (auto wrong = wrong_with_hub_name(topic.name); !wrong.empty())
        return {KafkaError::invalid_topic_exception, std::string(wrong), false};
    auto partitions = topic.partitions == -1 ? kDefaultPartitions : topic.partitions;
    auto made = validate_only ? hubs_.check_new(topic.name, partitions) : hubs_.create(topic.name, partitions);
    if (made) return {};
    return {error_of(made.error().code), made.error().message, false};
}

asio::awaitable<KafkaReply> KafkaBroker::handle_create_topics(Request request) {
    auto version = request.head.version;
    auto given = read_create_topics(request.body, version);
    if (!given) co_return closed();
    auto faults = draw_kafka_faults(faults_, kafka_operation::kCreateTopics, names_of(given->topics));
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);

    KafkaAnswer answer(request.head.correlation_id);
    if (version >= 2) answer.out.int32(faults.throttle_time_ms());
    answer.out.array(given->topics.size());
    for (std::size_t i = 0; i < given->topics.size(); i++) {
        const auto& topic = given->topics[i];
        auto failure =
            faults.failures[i] ? *faults.failures[i] : create_topic(*request.session, topic, given->validate_only);
        answer.out.string(topic.name);
        answer.error(failure.error);
        if (version == 0) continue;
        if (failure.error == KafkaError::none)
            answer.out.null_string();
        else
            answer.out.string(failure.message);
    }
    co_return finish(faults, std::move(answer));
}

asio::awaitable<KafkaReply> KafkaBroker::handle_init_producer_id(Request request) {
    auto transactional_id = read_init_producer_id(request.body);
    if (!transactional_id) co_return closed();
    auto faults = draw_kafka_faults(faults_, kafka_operation::kInitProducerId, {});
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);
    auto error = KafkaError::none;
    if (!faults.failures.empty())
        error = faults.failures.front()->error;
    else if (*transactional_id)
        error = KafkaError::transactional_id_authorization_failed;
    bool good = error == KafkaError::none;
    KafkaAnswer answer(request.head.correlation_id);
    answer.out.int32(faults.throttle_time_ms());
    answer.error(error);
    answer.out.int64(good ? next_producer_id_++ : -1);
    answer.out.int16(good ? 0 : -1);
    co_return finish(faults, std::move(answer));
}

asio::awaitable<KafkaReply> KafkaBroker::handle_list_offsets(Request request) {
    auto version = request.head.version;
    auto given = read_list_offsets(request.body, version);
    if (!given) co_return closed();
    auto faults = draw_kafka_faults(faults_, kafka_operation::kListOffsets, names_of(given->topics));
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);

    KafkaAnswer answer(request.head.correlation_id);
    auto& out = answer.out;
    if (version >= 2) out.int32(faults.throttle_time_ms());
    out.array(given->topics.size());
    for (std::size_t i = 0; i < given->topics.size(); i++) {
        const auto& topic = given->topics[i];
        out.string(topic.name);
        out.array(topic.partitions.size());
        for (const auto& partition : topic.partitions) {
            auto offsets = hubs_.offsets(topic.name, partition.index);
            auto error = KafkaError::none;
            std::pair<std::int64_t, std::int64_t> found{-1, -1};
            if (faults.failures[i]) {
                error = faults.failures[i]->error;
            } else if (!request.session->rights->may_listen(topic.name)) {
                error = KafkaError::topic_authorization_failed;
            } else if (!offsets) {
                error = KafkaError::unknown_topic_or_partition;
            } else if (partition.timestamp == ListOffsetsRequest::kLatest) {
                found.first = offsets->next;
            } else if (partition.timestamp == ListOffsetsRequest::kEarliest) {
                found.first = offsets->first;
            } else {
                found = hubs_.find_time(topic.name, partition.index, partition.timestamp).value_or(found);
            }
            out.int32(partition.index);
            answer.error(error);
            out.int64(found.second);
            out.int64(found.first);
            if (version >= 4) out.int32(0);  // leader epoch
        }
    }
    co_return finish(faults, std::move(answer));
}

std::pair<std::size_t, bool> KafkaBroker::write_fetched(KafkaWriter& out, const Request& request,
                                                        const FetchRequest& fetch, const KafkaFaults& faults) const {
    auto version = request.head.version;
    std::size_t written = 0;
    bool failed = false;
    auto most = std::min<std::size_t>(static_cast<std::size_t>(std::max(fetch.max_bytes, 0)), kMostFetchedBytes);
    out.array(fetch.topics.size());
    for (std::size_t i = 0; i < fetch.topics.size(); i++) {
        const auto& topic = fetch.topics[i];
        out.string(topic.name);
        out.array(topic.partitions.size());
        for (const auto& partition : topic.partitions) {
            Hubs::Fetched fetched;
            fetched.offsets = {-1, -1};
            auto limit = std::min<std::size_t>(static_cast<std::size_t>(std::max(partition.max_bytes, 0)),
                                               most - std::min(most, written));
            if (faults.failures[i]) {
                fetched.error = faults.failures[i]->error;
            } else if (!request.session->rights->may_listen(topic.name)) {
                fetched.error = KafkaError::topic_authorization_failed;
            } else {
                fetched = hubs_.fetch(topic.name, partition.index, partition.offset, limit);
                // What does not fit comes with the next request; only the first may be larger than was asked for.
                if (written > 0 && fetched.batches.size() > limit) fetched.batches.clear();
            }
            failed = failed || fetched.error != KafkaError::none;
            written += fetched.batches.size();
            out.int32(partition.index);
            out.int16(static_cast<std::int16_t>(fetched.error));
            out.int64(fetched.offsets.next);
            out.int64(fetched.offsets.next);                     // last stable: there are no transactions
            if (version >= 5) out.int64(fetched.offsets.first);  // log start
            out.int32(-1);                                       // aborted transactions: null
            if (version >= 11) out.int32(-1);                    // preferred replica
            out.bytes(fetched.batches);
        }
    }
    return {written, failed};
}

asio::awaitable<KafkaReply> KafkaBroker::handle_fetch(Request request) {
    auto version = request.head.version;
    auto given = read_fetch(request.body, version);
    if (!given) co_return closed();
    auto faults = draw_kafka_faults(faults_, kafka_operation::kFetch, names_of(given->topics));
    if (faults.delay.count() > 0) co_await sleep_for(faults.delay);
    if (faults.instead) co_return instead_of(*faults.instead);

    auto wait = std::min(std::chrono::milliseconds(std::max(given->max_wait_ms, 0)), kLongestWait);
    auto give_up = std::chrono::steady_clock::now() + wait;
    for (;;) {
        KafkaAnswer answer(request.head.correlation_id);
        answer.out.int32(faults.throttle_time_ms());
        bool unknown_session = given->session_id != 0;  // none is ever given out
        if (version >= 7) {
            answer.error(unknown_session ? KafkaError::fetch_session_id_not_found : KafkaError::none);
            answer.out.int32(0);
        }
        if (unknown_session) {
            answer.out.array(0);
            co_return finish(faults, std::move(answer));
        }
        auto [bytes, failed] = write_fetched(answer.out, request, *given, faults);
        if (failed || static_cast<std::int64_t>(bytes) >= given->min_bytes ||
            std::chrono::steady_clock::now() >= give_up)
            co_return finish(faults, std::move(answer));
        bool goes_on = co_await sleep_for(kPollInterval);
        if (!goes_on) co_return closed();
    }
}

}  // namespace sluice::sandbox
