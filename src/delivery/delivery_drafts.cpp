// Settings that do not run: what they would send, and one sample sent with them. And one dead letter, looked at.
#include "delivery/delivery_shard.hpp"
#include "delivery/sample_event.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

Result<MessageSlots> make_slots(const Destination& destination, const IntegrationConfig& config,
                                const std::string& key_source) {
    Result<PayloadRenderer> renderer = PayloadRenderer::make(config.payload, config.redact);
    if (!renderer) return renderer.error();
    Result<TextTemplate> key = TextTemplate::parse(key_source);
    if (!key) return key.error();
    return MessageSlots(destination, std::move(*renderer), std::move(*key), config.ordering == Ordering::key);
}

DeliveryError told(const Failure& failure, Timestamp at) {
    DeliveryError error;
    error.error_class = failure.error_class;
    error.code = failure.code;
    error.message = failure.message;
    error.target = failure.target;
    error.hint = failure.hint;
    error.at = at;
    return error;
}

}  // namespace

awaitable<Result<EventPreview>> DeliveryShard::preview_new(IntegrationConfig config, std::optional<Event> event,
                                                           std::string rec_type) {
    Result<std::unique_ptr<Destination>> made = make_destination(config);
    if (!made) co_return made.error();
    std::unique_ptr<Destination> destination = std::move(*made);
    Result<MessageSlots> slots = make_slots(*destination, config, config.key);
    if (slots && !event) {
        const LogPosition next{0, routed_ + 1};
        event = sample_event(config, rec_type, next, clock_.now());
    }
    Result<EventPreview> preview =
        slots ? Result<EventPreview>(preview_event(*destination, *slots, *event, content_type_of(config.payload)))
              : Result<EventPreview>(slots.error());
    co_await destination->close();
    co_return preview;
}

awaitable<Result<std::optional<DeliveryError>>> DeliveryShard::sample_new(IntegrationConfig config, Deadline deadline) {
    Result<std::unique_ptr<Destination>> made = make_destination(config);
    if (!made) co_return made.error();
    std::unique_ptr<Destination> destination = std::move(*made);
    // Whatever the integration keeps in order: a sample has only its id.
    Result<MessageSlots> slots = make_slots(*destination, config, "{id}");
    if (!slots) {
        co_await destination->close();
        co_return slots.error();
    }
    const LogPosition next{0, routed_ + 1};
    MessageSlots::Prepared prepared = slots->prepare(sample_event(config, {}, next, clock_.now()));
    slots->keep(0);
    std::shared_ptr<const Failure> failure = prepared.undeliverable;
    if (!failure) {
        std::vector<Message> messages;
        messages.push_back(slots->message(0));
        messages.back().in_passing = true;
        std::vector<Verdict> verdicts =
            co_await destination->deliver(messages, deadline.earlier(options_.deliver_timeout));
        failure = verdicts.front().failure;
    }
    co_await destination->close();
    std::optional<DeliveryError> error;
    if (failure) error = told(*failure, clock_.now());
    co_return error;
}

awaitable<Result<DeadLetterPreview>> DeliveryShard::dead_letter(std::string id, LogPosition position) {
    std::shared_ptr<IntegrationRuntime> runtime = find(id);
    if (!runtime) co_return make_error(Errc::not_found, "no integration " + id);
    co_await commit_letters(*runtime);
    Result<DeadLetterPreview> found = co_await runtime->dead_letter(position);
    co_return found;
}

}  // namespace sluice
