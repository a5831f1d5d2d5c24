#include "delivery/service_pace.hpp"

#include <algorithm>
#include <chrono>

namespace sluice {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr auto kWindow = std::chrono::seconds(1);
/// Answers to what was on its way when it slowed down tell nothing new.
constexpr auto kBetweenSlowings = std::chrono::milliseconds(250);
constexpr auto kForgetAfter = std::chrono::seconds(60);
/// One that takes less is left to the back-off of its keys and its breaker.
constexpr double kLeast = 1;
constexpr double kMost = 1e9;
/// Where it begins at least: of a stream with little to send it is not known what the service would have taken.
constexpr double kFirstAtLeast = 20;
/// A few refusals are the price of knowing; they also come from a hot key's own limit, which its back-off deals with.
constexpr double kTolerated = 0.05;
constexpr double kNearlyAll = 0.9;
constexpr double kHardlyChance = 0.5;         ///< more than this is not refused whatever the rate
constexpr std::uint64_t kEnoughToJudge = 20;  ///< samples
constexpr std::uint64_t kEnoughRefused = 8;   ///< samples, where more than half was refused
constexpr std::uint64_t kWholeTrial = 40;     ///< requests
constexpr std::uint64_t kHalfTrial = 60;
constexpr auto kTrialTimeout = std::chrono::seconds(60);
constexpr auto kFirstBelief = std::chrono::seconds(60);

}  // namespace

void ServicePace::answered(std::uint64_t accepted, std::uint64_t throttled, SteadyTime now) {
    if (!limits()) {
        if (now - window_ >= kWindow) {
            accepted_before_ = now - window_ < 2 * kWindow ? accepted_ : 0;
            next_window(now);
        }
        accepted_ += accepted;
        if (throttled > 0) begin(accepted, now);
        return;
    }
    // After an outage the first that is accepted says that it is over.
    if (accepted > 0 && accepted_ == 0 && rate_ <= kLeast) next_window(now);
    accepted_ += accepted;
    throttled_events_ += throttled;
    samples_ += accepted > 0 && throttled > 0 ? accepted + throttled : 1;
    if (throttled > 0) throttled_ = now;
    if (trial_.phase != Trial::Phase::none) return watch_trial(accepted, throttled, now);
    // Of a usual second at least, or a single refusal early in a window would look like a storm.
    double refused = static_cast<double>(throttled_events_) /
                     std::max(static_cast<double>(accepted_ + throttled_events_), std::min(rate_, a_second_));
    bool enough = samples_ >= kEnoughToJudge || (refused > kHardlyChance && samples_ >= kEnoughRefused);
    if (refused > kTolerated) {
        if (now - slowed_ >= kBetweenSlowings && enough) slow_down(refused, now);
    } else if (now - window_ >= kWindow && (enough || throttled_events_ == 0)) {
        // It tells nothing of a higher rate while it is asked for less than this one.
        if (static_cast<double>(accepted_) >= rate_ / 2 * Seconds(now - window_).count()) speed_up(now);
        next_window(now);
    }
}

void ServicePace::begin(std::uint64_t accepted, SteadyTime now) {
    double seconds = std::max(Seconds(now - window_).count(), 0.0) + (accepted_before_ > 0 ? 1.0 : 0.0);
    double lately = static_cast<double>(accepted_before_ + accepted_) / std::max(seconds, 0.1);
    rate_ = std::max({lately, static_cast<double>(accepted), kFirstAtLeast});
    tokens_ = grain();  // one batch goes at once: the refusal may be one key's own
    filled_ = slowed_ = throttled_ = now;
    accepted_before_ = 0;
    refused_at_ = 0;
    next_window(now);
}

void ServicePace::slow_down(double refused, SteadyTime now) {
    refill(now);
    if (refused <= kHardlyChance) {
        if (now >= believed_until_) return begin_trial(now);
        if (!slowing_helps_) {
            refused_at_ = 0;
            speed_up(now);
            slowed_ = now;
            next_window(now);
            return;
        }
    }
    // Where nearly nothing is accepted the rate is not the reason, or far from what would be.
    refused_at_ = refused > kNearlyAll ? 0 : rate_;
    rate_ = std::max(kLeast, rate_ * (1 - refused / 2));
    tokens_ = std::min(tokens_, 0.0);
    slowed_ = now;
    next_window(now);
}

void ServicePace::begin_trial(SteadyTime now) {
    trial_ = Trial();
    trial_.phase = Trial::Phase::whole;
    trial_.since = now;
    next_window(now);
}

void ServicePace::watch_trial(std::uint64_t accepted, std::uint64_t throttled, SteadyTime now) {
    // What was on its way when the rate was halved was asked for before.
    if (trial_.phase == Trial::Phase::half && now - trial_.since < kBetweenSlowings) return;
    ++trial_.requests;
    trial_.accepted += accepted;
    trial_.throttled += throttled;
    auto events = static_cast<double>(trial_.accepted + trial_.throttled);
    double refused = static_cast<double>(trial_.throttled) / std::max(events, 1.0);
    if (refused > kNearlyAll && trial_.requests >= kEnoughRefused) {
        trial_ = Trial();
        return slow_down(refused, now);
    }
    bool whole = trial_.phase == Trial::Phase::whole;
    bool timed_out = now - trial_.since >= kTrialTimeout;
    if (trial_.requests < (whole ? kWholeTrial : kHalfTrial) && !timed_out) return;
    auto counted_from = whole ? trial_.since : trial_.since + kBetweenSlowings;
    double seconds = std::max(Seconds(now - counted_from).count(), 0.001);
    double a_second = static_cast<double>(trial_.accepted) / seconds;
    if (!whole) return end_trial(a_second >= 0.75 * trial_.accepted_then || refused <= trial_.refused_then / 4, now);
    if (refused <= kTolerated || timed_out) {  // it was chance
        trial_ = Trial();
        return next_window(now);
    }
    Trial half;
    half.phase = Trial::Phase::half;
    half.since = now;
    half.from = rate_;
    half.accepted_then = a_second;
    half.refused_then = refused;
    trial_ = half;
    refill(now);
    // Of what was asked for: that may have been less than the rate.
    rate_ = std::max(kLeast, std::min(rate_, events / seconds) / 2);
    tokens_ = std::min(tokens_, 0.0);
}

/// A result is believed for the longer the more often it was the same: trials cost.
void ServicePace::end_trial(bool slowing_helps, SteadyTime now) {
    same_results_ = slowing_helps == slowing_helps_ ? std::min(same_results_ + 1, 3u) : 1;
    slowing_helps_ = slowing_helps;
    believed_until_ = now + kFirstBelief * (1 << 2 * (same_results_ - 1));
    if (slowing_helps) {
        refused_at_ = trial_.from;
        throttled_ = now;  // that half of it was taken says nothing against the limit
    } else {
        refill(now);
        rate_ = trial_.from;
    }
    trial_ = Trial();
    slowed_ = now;
    next_window(now);
}

void ServicePace::speed_up(SteadyTime now) {
    refill(now);
    if (now - throttled_ >= kForgetAfter) {
        *this = ServicePace();
        return;
    }
    bool far_from_refusal = refused_at_ == 0 || rate_ < refused_at_ / 2 || rate_ > refused_at_ * 2;
    bool near_refusal = rate_ > refused_at_ * 0.9 && rate_ < refused_at_ * 1.3;
    rate_ = std::min(kMost, rate_ * (far_from_refusal ? 2.0 : near_refusal ? 1.02 : 1.1));
}

void ServicePace::next_window(SteadyTime now) noexcept {
    a_second_ = static_cast<double>(accepted_ + throttled_events_) / std::max(Seconds(now - window_).count(), 0.1);
    window_ = now;
    accepted_ = throttled_events_ = 0;
    samples_ = 0;
}

/// What makes a request worth it: a fifth of a second's, so that a low rate sends batches, not single events.
double ServicePace::grain() const noexcept {
    return std::clamp(rate_ / 5, 1.0, 100.0);
}

void ServicePace::refill(SteadyTime now) noexcept {
    if (now <= filled_) return;
    tokens_ = std::min(std::max(rate_ / 2, 1.0), tokens_ + rate_ * Seconds(now - filled_).count());
    filled_ = now;
}

std::uint64_t ServicePace::available(SteadyTime now) {
    if (limits() && now - throttled_ >= kForgetAfter) *this = ServicePace();
    if (!limits()) return kUnlimited;
    refill(now);
    return tokens_ >= grain() ? static_cast<std::uint64_t>(tokens_) : 0;
}

SteadyTime ServicePace::ready_at() const noexcept {
    if (!limits() || tokens_ >= grain()) return SteadyTime{};
    auto wait = std::chrono::ceil<std::chrono::microseconds>(Seconds((grain() - tokens_) / rate_));
    return std::min(filled_ + wait + std::chrono::microseconds(1), throttled_ + kForgetAfter);
}

}  // namespace sluice
