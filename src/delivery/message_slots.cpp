#include "delivery/message_slots.hpp"

#include <utility>

#include "base/assert.hpp"
#include "delivery/ordering_key.hpp"
#include "delivery/own_bytes.hpp"

namespace sluice {

namespace {

/// Key text of this size stays with its slot; longer text is given back.
constexpr std::size_t kKeptCapacity = 128;

std::shared_ptr<const Failure> undeliverable(std::string code, const Error& error) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::rejected;
    failure->code = std::move(code);
    failure->message = error.message;
    failure->hint = error.hint;
    return failure;
}

void give_back(std::string& text) {
    text.clear();
    if (text.capacity() > kKeptCapacity) std::string().swap(text);
}

}  // namespace

MessageSlots::MessageSlots(const Destination& destination, PayloadRenderer renderer, TextTemplate key, bool keyed)
    : destination_(destination),
      renderer_(std::move(renderer)),
      key_(std::move(key)),
      keyed_(keyed),
      has_key_(keyed || !key_.is_id()) {}

MessageSlots::Prepared MessageSlots::prepare(const Event& event) {
    Prepared prepared;
    next_.event = event;
    next_.body = {};
    next_.is_rendered = false;
    prepared.event.sequence = event.sequence();
    // What has no key is in nobody's way: a key of its own.
    prepared.event.key_hash = event.sequence();

    next_.key.clear();
    if (!key_.is_id()) {
        if (auto made = key_.evaluate_to(event, next_.key); !made)
            prepared.undeliverable = undeliverable("no_key", made.error());
        else if (next_.key.empty())
            next_.key = ordering_key(next_.key);
    }
    if (keyed_ && !prepared.undeliverable) prepared.event.key_hash = std::hash<std::string_view>()(key_of(next_));
    target_text_.clear();
    if (auto named = destination_.target_of(event, target_text_); !named) {
        target_text_.clear();
        if (!prepared.undeliverable) prepared.undeliverable = undeliverable("no_target", named.error());
    }
    next_.target = prepared.event.target = target_index(target_text_);
    next_.rendered.clear();
    if (auto body = renderer_.render(event, next_.rendered); body) {
        next_.is_rendered = !renderer_.is_stored_bytes();
        if (!next_.is_rendered) next_.body = *body;
    } else if (!prepared.undeliverable) {
        prepared.undeliverable = undeliverable("no_payload", body.error());
    }
    Message message = message_of(next_);
    prepared.event.body_bytes = static_cast<std::uint32_t>(message.body.size());
    prepared.event.held_bytes = static_cast<std::uint32_t>(event->envelope.size() + next_.rendered.size());
    if (!prepared.undeliverable) prepared.event.size = static_cast<std::uint32_t>(destination_.size_of(message));
    return prepared;
}

void MessageSlots::keep(SlotIndex slot) {
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    if (!slots_[slot]) slots_[slot] = std::make_unique<Held>();
    std::swap(*slots_[slot], next_);
    next_.event = Event();
}

void MessageSlots::take_own_bytes(SlotIndex slot) {
    Held& held = *slots_[slot];
    if (!held.event.owner() || !is_sparse(*held.event.owner(), held.event->envelope.size())) return;
    held.event = with_own_bytes(held.event);
    if (held.is_rendered) return;
    auto body = renderer_.render(held.event, held.rendered);
    SLUICE_ASSERT(body, "what was a part of the record still is");
    held.body = *body;
}

void MessageSlots::release(SlotIndex slot) noexcept {
    Held& held = *slots_[slot];
    held.event = Event();
    held.body = {};
    held.is_rendered = false;
    give_back(held.key);
    give_back(held.rendered);
}

std::string_view MessageSlots::key_of(const Held& held) const noexcept {
    if (!has_key_) return {};
    return key_.is_id() ? held.event->id : std::string_view(held.key);
}

Message MessageSlots::message_of(const Held& held) const noexcept {
    return {held.event, held.is_rendered ? std::string_view(held.rendered) : held.body, key_of(held),
            target_names_[held.target]};
}

Message MessageSlots::message(SlotIndex slot) const noexcept {
    return message_of(*slots_[slot]);
}

std::uint64_t MessageSlots::key_hash(const Event& event) {
    if (key_.is_id()) return std::hash<std::string_view>()(event->id);
    auto text = key_.evaluate(event);
    return text ? std::hash<std::string_view>()(ordering_key(*text)) : event.sequence();
}

TargetIndex MessageSlots::target_index(std::string_view name) {
    if (auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    TargetIndex index;
    if (free_targets_.empty()) {
        index = static_cast<TargetIndex>(target_names_.size());
        target_names_.emplace_back(name);
    } else {
        index = free_targets_.back();
        free_targets_.pop_back();
        target_names_[index].assign(name);
    }
    by_name_.emplace(name, index);
    return index;
}

}  // namespace sluice
