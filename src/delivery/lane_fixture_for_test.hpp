#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/lane.hpp"

// A lane on a clock that stands still. Test-only.
namespace sluice {

using namespace std::chrono_literals;

inline Verdict ok() {
    return Verdict::accepted();
}

inline std::shared_ptr<Failure> failure(ErrorClass error_class, std::string target) {
    auto why = std::make_shared<Failure>();
    why->error_class = error_class;
    why->code = "code";
    why->message = "message";
    why->target = std::move(target);
    return why;
}
inline Verdict retry(ErrorClass error_class = ErrorClass::transient, std::string target = "stream",
                     bool ambiguous = false) {
    return Verdict::retry(failure(error_class, std::move(target)), ambiguous);
}
inline Verdict rejected() {
    return Verdict::rejected(failure(ErrorClass::rejected, "stream"));
}

class LaneTest : public testing::Test {
  protected:
    LaneTest() {
        options.limits.max_events = 10;
        options.limits.max_bytes = 10'000;
        options.limits.max_message_bytes_safe = 1000;
        options.limits.max_message_bytes_absolute = 2000;
        options.limits.max_concurrent = 4;
        options.batch.max_wait = 0ms;
        options.first_backoff = 100ms;
        options.retry.max_backoff = 1s;
    }

    Lane& lane() {
        if (!lane_) lane_ = std::make_unique<Lane>(options, cursor, CursorStore::DeadLetterTotals{}, now);
        return *lane_;
    }
    void feed(Sequence sequence, std::uint64_t key, TargetIndex target = 0, std::uint32_t size = 100) {
        lane().feed({sequence, key, target, size, size}, now);
    }
    struct Sent {
        BatchIndex index;
        std::vector<Sequence> events;
    };
    /// The next batch, by sequences; empty when there is none.
    std::optional<Sent> next() {
        auto index = lane().next_batch(now);
        if (!index) return std::nullopt;
        Sent sent{*index, {}};
        for (SlotIndex slot : lane().batch(*index)) sent.events.push_back(sequence_of(slot));
        return sent;
    }
    std::vector<Sequence> send() {
        auto sent = next();
        if (!sent) return {};
        in_flight.push_back(sent->index);
        return sent->events;
    }
    /// Answers the oldest batch in flight.
    void answer(std::vector<Verdict> verdicts) {
        BatchIndex index = in_flight.front();
        in_flight.erase(in_flight.begin());
        lane().settle(index, verdicts, now);
        drain();
    }
    void answer_all(const Verdict& verdict) {
        answer(std::vector<Verdict>(lane().batch(in_flight.front()).size(), verdict));
    }
    void drain() {
        for (auto& dead : lane().take_dead_letters()) dead_letters.push_back(dead);
        lane().drain_parked([](SlotIndex) {});
        lane().drain_released([](SlotIndex) {});
    }
    Sequence sequence_of(SlotIndex slot) { return lane().sequence_of(slot); }
    std::vector<Sequence> dead_sequences() {
        drain();
        std::vector<Sequence> all;
        for (auto& dead : dead_letters) all.push_back(dead.sequence);
        return all;
    }
    void pass(std::chrono::nanoseconds time) { now += time; }

    LaneOptions options;
    Cursor cursor;
    SteadyTime now{1h};
    std::vector<BatchIndex> in_flight;
    std::vector<LaneDeadLetter> dead_letters;
    std::unique_ptr<Lane> lane_;
};

}  // namespace sluice
