#include "alerts/alert_queue.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace sluice {

void AlertQueue::push(AlertNote note, Settled settled) {
    if (waiting_.size() >= kMostWaiting) {
        // The oldest goes: what is said last is nearest to how things are.
        Settled gone = std::move(waiting_.front().settled);
        waiting_.pop_front();
        ++missed_;
        ++dropped_;
        if (gone) gone();
    }
    waiting_.push_back({std::move(note), std::move(settled)});
}

const AlertQueue::Message& AlertQueue::current(Timestamp now) {
    if (current_) return current_->message;
    SLUICE_ASSERT(!waiting_.empty(), "there is something to tell");
    std::size_t take = waiting_.size() > kOneByOne ? waiting_.size() : 1;
    std::vector<AlertNote> notes;
    Current made;
    for (; take > 0; --take) {
        notes.push_back(std::move(waiting_.front().note));
        made.settled.push_back(std::move(waiting_.front().settled));
        waiting_.pop_front();
    }
    made.missed = missed_;
    made.message.id = "alert_" + hex_lower(random_bytes(16));
    made.message.body =
        notes.size() == 1 ? alert_body(notes.front(), missed_) : alert_summary_body(notes, missed_, now);
    current_ = std::move(made);
    return current_->message;
}

void AlertQueue::settle(bool delivered) {
    SLUICE_ASSERT(current_, "what is settled was sent");
    Current done = std::move(*current_);
    current_.reset();
    if (delivered) {
        missed_ -= done.missed;
    } else {
        missed_ += done.settled.size();
        dropped_ += done.settled.size();
    }
    for (const Settled& settled : done.settled)
        if (settled) settled();
}

void AlertQueue::clear() {
    std::deque<Waiting> all = std::exchange(waiting_, {});
    std::optional<Current> current = std::exchange(current_, std::nullopt);
    missed_ = 0;
    if (current)
        for (const Settled& settled : current->settled)
            if (settled) settled();
    for (const Waiting& each : all)
        if (each.settled) each.settled();
}

}  // namespace sluice
