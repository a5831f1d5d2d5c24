#include "destinations/event_hubs/reports.hpp"

#include "base/assert.hpp"

namespace sluice::event_hubs {

Reports::Reports(std::size_t count) : reports_(count), slots_(count) {}

Reports::Slot* Reports::expect(std::size_t index) {
    std::lock_guard lock(mutex_);
    if (!self_) self_ = shared_from_this();
    ++outstanding_;
    slots_[index] = {this, index};
    return &slots_[index];
}

void Reports::refuse(std::size_t index, rd_kafka_resp_err_t error) {
    settle(index, error, RD_KAFKA_MSG_STATUS_NOT_PERSISTED);
}

void Reports::report(Slot* slot, rd_kafka_resp_err_t error, rd_kafka_msg_status_t status) {
    slot->reports->settle(slot->index, error, status);
}

void Reports::settle(std::size_t index, rd_kafka_resp_err_t error, rd_kafka_msg_status_t status) {
    std::shared_ptr<Reports> self;
    std::shared_ptr<Handoff<std::monostate>> waiting;
    {
        std::lock_guard lock(mutex_);
        auto& report = reports_[index];
        SLUICE_ASSERT(!report.told, "a message is reported once");
        report = {true, error, status};
        if (--outstanding_ > 0) return;
        self = std::move(self_);
        waiting = std::move(waiting_);
    }
    if (waiting) waiting->give({});
}

void Reports::seal() {
    std::shared_ptr<Reports> self;
    std::shared_ptr<Handoff<std::monostate>> waiting;
    {
        std::lock_guard lock(mutex_);
        if (--outstanding_ > 0) return;
        self = std::move(self_);
        waiting = std::move(waiting_);
    }
    if (waiting) waiting->give({});
}

std::vector<Reports::Report> Reports::told() const {
    std::lock_guard lock(mutex_);
    return reports_;
}

void Reports::tell_when_done(std::shared_ptr<Handoff<std::monostate>> waiting) {
    {
        std::lock_guard lock(mutex_);
        if (outstanding_ > 0) {
            waiting_ = std::move(waiting);
            return;
        }
    }
    waiting->give({});
}

}  // namespace sluice::event_hubs
