#include "delivery/object_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>

namespace sluice {

namespace {

constexpr std::chrono::seconds kShortestPeriod{10};
constexpr std::chrono::seconds kLongestPeriod{3600};
/// Answers that are kept for repeated POSTs are looked through with the objects.
constexpr std::chrono::seconds kAnswersKept = std::chrono::hours(24);
/// At least so many a look: some thirty milliseconds' work, and thirty million objects an hour with a look every ten
/// seconds. How many there are is not known the first time.
constexpr std::uint64_t kLeastSteps = 100;
/// There may be more of them than the last time.
constexpr double kMargin = 1.25;

}  // namespace

std::chrono::seconds ObjectSweep::period_of(const ObjectRetention& kept) {
    std::chrono::seconds shortest = kAnswersKept;
    for (const auto& each : {kept.objs, kept.devices, kept.health})
        if (each) shortest = std::min(shortest, *each);
    return std::clamp(shortest / 10, kShortestPeriod, kLongestPeriod);
}

std::uint64_t ObjectSweep::steps_now(SteadyTime now) {
    if (!under_way_) {
        // Looks are a moment more or less apart.
        bool is_due = whole_ == 0 || now - begun_ >= period_ - period_ / 10;
        if (!is_due) return 0;
        under_way_ = true;
        begun_ = looked_ = now;
        taken_ = 0;
    }
    // As far as it should have come by the next look, if that is as far away as the last one was.
    auto share = [this](SteadyTime::duration time) {
        return std::chrono::duration<double>(time) / std::chrono::duration<double>(period_);
    };
    double by_next = share(now - begun_) + share(std::max<SteadyTime::duration>(now - looked_, kShortestPeriod));
    looked_ = now;
    auto goal = static_cast<std::uint64_t>(std::ceil(static_cast<double>(whole_) * kMargin * by_next));
    return std::max(kLeastSteps, goal > taken_ ? goal - taken_ : 0);
}

bool ObjectSweep::goes_on(bool more) {
    ++taken_;
    if (more) return true;
    under_way_ = false;
    whole_ = taken_;
    return false;
}

}  // namespace sluice
