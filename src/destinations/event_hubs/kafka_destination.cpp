#include "destinations/event_hubs/kafka_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <utility>

#include "destination/connection_probe.hpp"
#include "destinations/event_hubs/error_table.hpp"
#include "destinations/event_hubs/event_properties.hpp"
#include "destinations/event_hubs/hub_of_event.hpp"
#include "destinations/event_hubs/probe.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::size_t kMaxEvents = 1'000;
constexpr std::size_t kMaxBatchBytes = 4 << 20;
constexpr std::size_t kMaxConcurrent = 8;
/// Of a record beside its key, value and headers: lengths, offsets, times, and the batch around it if it is alone.
constexpr std::size_t kRecordOverhead = 100;
constexpr std::size_t kHeaderOverhead = 4;

std::shared_ptr<const Failure> own_failure(ErrorClass error_class, std::string code, std::string message,
                                           std::string target, std::string hint) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = error_class;
    failure->code = std::move(code);
    failure->message = std::move(message);
    failure->target = std::move(target);
    failure->hint = std::move(hint);
    return failure;
}

std::shared_ptr<const Failure> no_answer_in_time(const std::string& hub) {
    return own_failure(ErrorClass::transient, "timeout", "the service did not answer in time", hub,
                       "tried again by itself; if it stays so, the namespace may be throttled or unreachable");
}

}  // namespace

std::size_t message_bytes(const Message& message, const Config& config) {
    const EventMetadata metadata(message.event);
    std::size_t bytes = message.body.size() + message.key.size() + kRecordOverhead;
    for (const auto& field : metadata.fields()) bytes += field.name.size() + field.value.size() + kHeaderOverhead;
    if (config.content_type != kUsualContentType)
        bytes += kContentTypeHeader.size() + config.content_type.size() + kHeaderOverhead;
    return bytes;
}

KafkaDestination::KafkaDestination(boost::asio::io_context& io, const Clock& clock, Config config, ProducerPool& pool)
    : io_(io),
      config_(std::move(config)),
      shared_{ProducerSettings(config_), {}},
      of_one_(shared_),
      pool_(pool),
      hubs_(config_.place(), config_.max_targets) {
    of_one_.settings.one_per_batch = true;
    for (auto* sender : {&shared_, &of_one_}) sender->key = sender->settings.key();
    if (config_.entra) {
        tokens_ = std::make_unique<auth::EntraTokens>(io, clock, *config_.entra, config_.to_entra);
    }
}

KafkaDestination::~KafkaDestination() {
    leave(shared_);
    leave(of_one_);
}

void KafkaDestination::leave(Sender& sender) {
    if (std::exchange(sender.joined, false)) pool_.leave(sender.key);
}

Limits KafkaDestination::limits() const {
    Limits limits;
    limits.max_events = kMaxEvents;
    limits.max_bytes = std::max(kMaxBatchBytes, config_.max_message_bytes);
    limits.max_message_bytes_safe = std::min(config_.max_message_bytes, kDefaultMaxMessageBytes);
    limits.max_message_bytes_absolute = config_.max_message_bytes;
    limits.max_concurrent = kMaxConcurrent;
    // What librdkafka makes one request of cannot be told from here, and requests fail one by one.
    limits.same_key = SameKeyInBatch::never;
    limits.fixed_target = !config_.fixed_hub().empty();
    return limits;
}

Result<void> KafkaDestination::target_of(const Event& event, std::string& out) const {
    return hub_of(config_, event, out);
}

std::size_t KafkaDestination::size_of(const Message& message) const {
    return message_bytes(message, config_);
}

boost::asio::awaitable<KafkaDestination::ProducerOrFailure> KafkaDestination::producer(RecordBatch batch,
                                                                                       Deadline deadline) {
    std::optional<auth::EntraToken> token;
    if (tokens_) {
        auto got = co_await tokens_->get(deadline);
        if (!got) {
            bool refused = got.error().code == Errc::unauthenticated;
            auto failure =
                own_failure(refused ? ErrorClass::credentials : ErrorClass::transient,
                            refused ? "entra_refused" : "entra_unavailable", got.error().message, {}, got.error().hint);
            co_return failure;
        }
        token = std::move(*got);
    }
    Sender& sender = batch == RecordBatch::shared ? shared_ : of_one_;
    if (!std::exchange(sender.joined, true)) pool_.join(sender.key);
    auto made = co_await pool_.get(sender.key, sender.settings);
    if (!made) {
        auto failure = own_failure(ErrorClass::transient, "no_producer", made.error().message, {}, made.error().hint);
        co_return failure;
    }
    if (token) {
        if (auto set = (*made)->set_token(token->text, *token->expires); !set) {
            tokens_->invalidate();
            auto failure = own_failure(ErrorClass::credentials, "entra_token", set.error().message, {},
                                       "Is this machine's clock right?");
            co_return failure;
        }
    }
    co_return std::move(*made);
}

boost::asio::awaitable<HubOutcome> KafkaDestination::look_up(std::shared_ptr<Producer> producer,
                                                             HubLookup::Wanted wanted, Deadline deadline) {
    Handoff<HubOutcome>::Waiter waiter(co_await boost::asio::this_coro::executor);
    auto hub = wanted.hub;
    producer->hubs().look_up(std::move(wanted), waiter.handoff());
    auto outcome = co_await waiter.wait(deadline);
    if (outcome) co_return std::move(*outcome);
    auto why = producer->trouble();
    HubOutcome late{0, why ? why : no_answer_in_time(hub)};
    co_return late;
}

void KafkaDestination::send_all(std::span<const Message> messages, Producer& producer, Reports& reports) const {
    std::array<Record::Header, EventMetadata::kFields + 1> headers;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& message = messages[i];
        const EventMetadata metadata(message.event);
        std::size_t count = 0;
        for_each_property(metadata, config_, [&headers, &count](std::string_view name, std::string_view value) {
            headers[count++] = {name, value};
        });
        Record record{message.key, message.body, std::span(headers.data(), count)};
        producer.send(message.target, record, reports, i);
    }
    reports.seal();
}

std::vector<Verdict> KafkaDestination::verdicts_of(const std::vector<Reports::Report>& told, const std::string& hub,
                                                   Producer& producer) const {
    std::vector<Verdict> verdicts;
    verdicts.reserve(told.size());
    auto trouble = producer.trouble();
    std::map<int, std::shared_ptr<const Failure>> failures;  // one object for all that failed alike
    auto failure_for = [&](rd_kafka_resp_err_t error) {
        auto& failure = failures[error];
        if (!failure) {
            bool never_left = error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT ||
                              error == RD_KAFKA_RESP_ERR__TRANSPORT;
            failure = never_left && trouble ? trouble : std::make_shared<const Failure>(failure_of(error, hub));
        }
        return failure;
    };
    for (const auto& report : told) {
        if (!report.told) {
            auto& failure = failures[RD_KAFKA_RESP_ERR__END];
            if (!failure) failure = no_answer_in_time(hub);
            verdicts.push_back(Verdict::retry(failure, true));
        } else if (report.error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            verdicts.push_back(Verdict::accepted());
        } else {
            auto meaning = meaning_of(report.error);
            // Looked up again before the next: until it hears of the hub anew, librdkafka refuses all that is for it.
            bool of_hub = meaning.error_class == ErrorClass::missing_target ||
                          report.error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
            if (of_hub) producer.hubs().forget(hub);
            bool may_be_stored = meaning.may_be_stored || report.status != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
            auto failure = failure_for(report.error);
            verdicts.push_back(meaning.for_good ? Verdict::rejected(failure) : Verdict::retry(failure, may_be_stored));
        }
    }
    return verdicts;
}

TargetNames* KafkaDestination::target_names() noexcept {
    // One hub for all is never refused for another's sake: there is nothing to remember.
    return !config_.fixed_hub().empty() ? nullptr : &hubs_.names();
}

Result<SentBeside> KafkaDestination::beside(const Message& message) const {
    SentBeside sent;
    add_properties(message, config_, sent);
    if (!message.key.empty()) sent.addressing.push_back({"record key", std::string(message.key)});
    return sent;
}

/// librdkafka puts nothing beside a message that fills a record batch itself.
bool KafkaDestination::was_alone(const Message& message) const {
    return message.body.size() + message.key.size() >= shared_.settings.record_batch_bytes();
}

boost::asio::awaitable<std::vector<Verdict>> KafkaDestination::deliver(std::span<const Message> messages,
                                                                       Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    auto verdicts = co_await send(messages, RecordBatch::shared, deadline);
    // The service refuses record batches, and others' events may have been in this one's: where the lane would take the
    // refusal for this event's own, because no other of its batch was refused with it, it is sent once more, alone.
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto is_same = [&verdicts, i](const Verdict& each) { return each.failure == verdicts[i].failure; };
        bool is_lone = verdicts[i].kind == Verdict::Kind::rejected &&
                       std::count_if(verdicts.begin(), verdicts.end(), is_same) == 1;
        if (!is_lone || was_alone(messages[i])) continue;
        auto alone = co_await send(messages.subspan(i, 1), RecordBatch::of_one, deadline);
        verdicts[i] = std::move(alone.front());
    }
    co_return verdicts;
}

boost::asio::awaitable<std::vector<Verdict>> KafkaDestination::send(std::span<const Message> messages,
                                                                    RecordBatch batch, Deadline deadline) {
    const std::string hub(messages.front().target);
    auto all_retry = [&messages](std::shared_ptr<const Failure> why) {
        return std::vector<Verdict>(messages.size(), Verdict::retry(std::move(why)));
    };
    if (deadline.passed()) co_return all_retry(no_answer_in_time(hub));
    if (auto refused = hubs_.admit(hub, messages.front().in_passing)) co_return all_retry(std::move(refused));

    auto got = co_await producer(batch, deadline);
    if (!got) co_return all_retry(got.error());
    auto producer = std::move(*got);
    if (auto held = producer->held_back(); held.count() > 0) {
        Failure failure = failure_of(RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, {});
        failure.message = fmt::format("the namespace asks to be left alone for {} ms", held.count());
        failure.retry_after = held;
        co_return all_retry(std::make_shared<const Failure>(std::move(failure)));
    }
    if (producer->hubs().known(hub) == nullptr) {
        HubLookup::Wanted wanted{hub, config_.create_hubs, config_.partitions};
        auto outcome = co_await look_up(producer, std::move(wanted), deadline);
        if (outcome.failure) co_return all_retry(outcome.failure);
    }

    Handoff<std::monostate>::Waiter waiter(co_await boost::asio::this_coro::executor);
    auto reports = std::make_shared<Reports>(messages.size());
    send_all(messages, *producer, *reports);
    reports->tell_when_done(waiter.handoff());
    co_await waiter.wait(deadline);
    co_return verdicts_of(reports->told(), hub, *producer);
}

boost::asio::awaitable<ProbeReport> KafkaDestination::probe(Deadline deadline) {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    ProbeReport report;
    bool is_connected = co_await probe_connection(io_, config_.endpoint, config_.connect, deadline, report);
    if (!is_connected) {
        add_skipped(report);
        co_return report;
    }
    const auto hub = config_.fixed_hub();
    auto got = co_await producer(RecordBatch::shared, deadline);
    if (!got) {
        add_no_credentials(report, *got.error());
        co_return report;
    }
    HubLookup::Wanted wanted{hub, false, config_.partitions};
    auto outcome = co_await look_up(std::move(*got), std::move(wanted), deadline);
    add_outcome(report, outcome.partitions, outcome.failure.get(), config_);
    co_return report;
}

boost::asio::awaitable<void> KafkaDestination::close() {
    leave(shared_);
    leave(of_one_);
    if (tokens_) tokens_->close();
    co_return;
}

}  // namespace sluice::event_hubs
