#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "delivery/lane.hpp"

// A destination that is away for a day, on a clock that is moved by hand: what waits is bounded, how often it is tried
// too, and then everything arrives in order.
namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kBodyBytes = 400;
constexpr Sequence kKeys = 50;

class Outage {
  public:
    explicit Outage(ErrorClass error_class, std::string target) {
        options_.limits.max_events = 500;
        options_.limits.max_bytes = 4 << 20;
        options_.limits.max_message_bytes_safe = options_.limits.max_message_bytes_absolute = 1 << 20;
        options_.limits.max_concurrent = 4;
        options_.retry.max_backoff = 30s;
        auto why = std::make_shared<Failure>();
        why->error_class = error_class;
        why->code = "connection_refused";
        why->message = "nobody listens";
        why->hint = "is it up?";
        why->target = std::move(target);
        refusal_ = Verdict::retry(why);
        lane_ = std::make_unique<Lane>(options_, Cursor{}, CursorStore::DeadLetterTotals{}, now_);
    }

    /// The log gets an event every second; the lane reads what it has room for, is woken when it asks to be, and its
    /// batches are answered at once.
    void run_for(std::chrono::seconds time, bool accepts) {
        for (SteadyTime end = now_ + time; now_ < end;) {
            head_ = static_cast<Sequence>(std::chrono::duration_cast<std::chrono::seconds>(now_ - kStart).count());
            turn(accepts);
            SteadyTime next_event = kStart + std::chrono::seconds(head_ + 1);
            now_ = std::min(end, std::min(next_event, std::max(lane_->wake_at(), now_ + 1ms)));
        }
    }
    /// Until there is nothing left to send.
    void catch_up() {
        for (int turns = 0; delivered_.size() < head_; ++turns) {
            ASSERT_LT(turns, 1'000'000) << "something waits for ever";
            turn(true);
            now_ = std::max(now_ + 1ms, std::min(lane_->wake_at(), now_ + 60s));
        }
    }

    Lane& lane() { return *lane_; }
    Sequence head() const { return head_; }
    std::uint64_t attempts() const { return attempts_; }
    std::size_t most_bytes() const { return most_bytes_; }
    const std::vector<Sequence>& delivered() const { return delivered_; }
    SteadyTime now() const { return now_; }

  private:
    static constexpr SteadyTime kStart{1h};

    void turn(bool accepts) {
        while (lane_->read_position() < head_ && (lane_->wants_more(now_) || lane_->make_room(now_))) {
            Sequence sequence = lane_->read_position() + 1;
            SlotIndex slot = lane_->feed({sequence, sequence % kKeys, 0, kBodyBytes, kBodyBytes}, now_);
            if (slot != kNoSlot) hold(slot);
            give_back();
        }
        lane_->drain_wanted([this](SlotIndex slot, Sequence) {
            hold(slot);
            lane_->loaded(slot, now_);
        });
        while (auto batch = lane_->next_batch(now_)) {
            ++attempts_;
            auto slots = lane_->batch(*batch);
            if (accepts)
                for (SlotIndex slot : slots) delivered_.push_back(lane_->sequence_of(slot));
            std::vector<Verdict> verdicts(slots.size(), accepts ? Verdict::accepted() : refusal_);
            lane_->settle(*batch, verdicts, now_);
            give_back();
        }
    }
    void hold(SlotIndex slot) {
        if (!held_.emplace(slot, true).second) return;
        most_bytes_ = std::max(most_bytes_, held_.size() * (kBodyBytes + kEventOverhead));
    }
    void give_back() {
        EXPECT_TRUE(lane_->take_dead_letters().empty()) << "what is retried for ever is never given up";
        lane_->drain_parked([this](SlotIndex slot) { held_.erase(slot); });
        lane_->drain_released([this](SlotIndex slot) { held_.erase(slot); });
    }

    LaneOptions options_;
    Verdict refusal_ = Verdict::accepted();
    SteadyTime now_ = kStart;
    std::unique_ptr<Lane> lane_;
    Sequence head_ = 0;
    std::uint64_t attempts_ = 0;
    std::size_t most_bytes_ = 0;
    std::map<SlotIndex, bool> held_;
    std::vector<Sequence> delivered_;
};

void expect_a_day_survived(ErrorClass error_class, const std::string& target) {
    Outage outage(error_class, target);
    outage.run_for(10min, true);
    std::size_t before = outage.delivered().size();
    EXPECT_GE(before, 590u);
    std::uint64_t attempts_before = outage.attempts();

    outage.run_for(24h, false);
    EXPECT_EQ(outage.delivered().size(), before);
    EXPECT_EQ(outage.lane().state(outage.now()), IntegrationState::failing);
    ASSERT_NE(outage.lane().last_failure(), std::nullopt);
    EXPECT_EQ(outage.lane().last_failure()->failure->code, "connection_refused");
    EXPECT_GT(outage.lane().last_failure()->next_attempt, outage.now() - 1s) << "it says when it tries again";
    // Every 15 to 30 seconds, after a quick start.
    std::uint64_t attempts = outage.attempts() - attempts_before;
    EXPECT_GE(attempts, 86'400u / 30);
    EXPECT_LE(attempts, 86'400u / 15 + 20);
    EXPECT_LE(outage.most_bytes(), (std::size_t{8} << 20) + (64 << 10));

    outage.run_for(1min, true);
    outage.catch_up();
    ASSERT_EQ(outage.delivered().size(), outage.head()) << "all of it, and nothing twice";
    std::map<Sequence, Sequence> latest;
    for (Sequence sequence : outage.delivered()) {
        EXPECT_LT(latest[sequence % kKeys], sequence) << "of key " << sequence % kKeys;
        latest[sequence % kKeys] = sequence;
    }
    EXPECT_EQ(outage.lane().position(), outage.head());
    EXPECT_EQ(outage.lane().ledger().delivered, outage.head());
    EXPECT_EQ(outage.lane().ledger().duplicates_possible, 0u) << "nothing was sent while nobody listened";
    EXPECT_EQ(outage.lane().state(outage.now()), IntegrationState::running);
}

TEST(LaneOutage, ADestinationThatIsDownForADayGetsEverythingInOrderAfterwards) {
    expect_a_day_survived(ErrorClass::transient, "");
}

TEST(LaneOutage, ATargetThatIsMissingForADayGetsEverythingInOrderAfterwards) {
    expect_a_day_survived(ErrorClass::missing_target, "stream");
}

TEST(LaneOutage, CredentialsThatAreRevokedForADayCostNothingButTime) {
    expect_a_day_survived(ErrorClass::credentials, "");
}

}  // namespace
}  // namespace sluice
