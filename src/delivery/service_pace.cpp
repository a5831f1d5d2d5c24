#include "delivery/service_pace.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice {

namespace {

using Seconds = std::chrono::duration<double>;

constexpr auto kWindow = std::chrono::seconds(1);
/// Answers to what was on its way when it slowed down tell nothing new.
constexpr auto kBetweenSlowings = std::chrono::milliseconds(250);
constexpr auto kForgetAfter = std::chrono::seconds(60);
/// One that takes less is left to the back-off of its keys and its breaker.
constexpr double kLeast = 1;
/// Where it begins at least: of a stream with little to send it is not known what the service would have taken.
constexpr double kFirstAtLeast = 10;
/// A few refusals are the price of knowing; they also come from a hot key's own limit, which its back-off deals with.
constexpr double kTolerated = 0.05;
constexpr double kNearlyAll = 0.9;
constexpr std::uint64_t kEnoughToJudge = 20;  ///< events answered

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
    accepted_ += accepted;
    throttled_events_ += throttled;
    if (accepted > 0) throttled_beside_others_ += throttled;
    // Of a usual second at least, or a single refusal early in a window would look like a storm.
    double refused = static_cast<double>(throttled_events_) /
                     std::max(static_cast<double>(accepted_ + throttled_events_), std::min(rate_, a_second_));
    if (throttled > 0) throttled_ = now;
    bool enough = accepted_ + throttled_events_ >= kEnoughToJudge;
    if (refused > kTolerated) {
        if (now - slowed_ >= kBetweenSlowings && (enough || refused > kNearlyAll)) slow_down(refused, now);
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
    // Of whole requests that are refused nothing can be told by this: smaller ones are accepted more easily.
    bool one_by_one = 2 * throttled_beside_others_ >= throttled_events_;
    if (refused <= kNearlyAll && one_by_one && !slowing_helps(now)) {
        slowed_ = now;
        next_window(now);
        return;
    }
    // Where nearly nothing is accepted the rate is not the reason, or far from what would be.
    refused_at_ = refused > kNearlyAll ? 0 : rate_;
    rate_ = std::max(kLeast, rate_ * (1 - refused / 2));
    tokens_ = std::min(tokens_, 0.0);
    slowed_ = now;
    next_window(now);
}

/// A service that takes so many a second takes no fewer when it is asked for half. One that refuses whatever it is
/// asked for (one event in three, say) does: to go slower costs much there and helps nothing, so after two such trials
/// it is let be for a minute.
bool ServicePace::slowing_helps(SteadyTime now) {
    if (now < let_be_until_) {
        refused_at_ = 0;
        speed_up(now);
        return false;
    }
    double accepted = static_cast<double>(accepted_) / std::max(Seconds(now - window_).count(), 0.001);
    if (tried_from_ == 0) {
        tried_from_ = rate_;
        accepted_then_ = accepted;
    } else if (rate_ <= tried_from_ / 2) {
        double from = std::exchange(tried_from_, 0);
        if (accepted < 0.75 * accepted_then_) {
            rate_ = from;
            if (++in_vain_ >= 2) let_be_until_ = now + kForgetAfter;
            return false;
        }
        in_vain_ = 0;
    }
    return true;
}

void ServicePace::speed_up(SteadyTime now) {
    refill(now);
    tried_from_ = 0;
    if (now - throttled_ >= kForgetAfter) {
        *this = ServicePace();
        return;
    }
    bool far_from_refusal = refused_at_ == 0 || rate_ < refused_at_ / 2 || rate_ > refused_at_ * 2;
    bool near_refusal = rate_ > refused_at_ * 0.9 && rate_ < refused_at_ * 1.3;
    rate_ *= far_from_refusal ? 2.0 : near_refusal ? 1.02 : 1.1;
}

void ServicePace::next_window(SteadyTime now) noexcept {
    a_second_ = static_cast<double>(accepted_ + throttled_events_) / std::max(Seconds(now - window_).count(), 0.1);
    window_ = now;
    accepted_ = throttled_events_ = throttled_beside_others_ = 0;
}

/// What makes a request worth it: a twentieth of a second's, so that a low rate sends batches, not single events.
double ServicePace::grain() const noexcept {
    return std::clamp(rate_ / 20, 1.0, 100.0);
}

void ServicePace::refill(SteadyTime now) noexcept {
    if (now <= filled_) return;
    tokens_ = std::min(std::max(rate_ / 5, 1.0), tokens_ + rate_ * Seconds(now - filled_).count());
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
