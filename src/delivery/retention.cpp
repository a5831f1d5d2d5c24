#include "delivery/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/units.hpp"

namespace sluice {

using boost::asio::awaitable;

namespace {

double share_of_limit(std::uint64_t bytes, const RetentionSettings& settings) {
    return static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(settings.hard_limit, 1));
}

}  // namespace

Retention::Retention(Parts parts, RetentionSettings settings, std::function<void(const std::string&)> warn)
    : parts_(parts),
      settings_(settings),
      warn_(std::move(warn)),
      tasks_(parts.io),
      stopping_(parts.io.get_executor()),
      sweep_(ObjectSweep::period_of(parts.kept)),
      day_begun_(parts.clock.now()) {}

void Retention::start(std::chrono::milliseconds interval) {
    tasks_.spawn(look_again_and_again(interval));
}

awaitable<void> Retention::stop() {
    stopped_ = true;
    stopping_.set();
    co_await tasks_.join();
}

awaitable<void> Retention::look_again_and_again(std::chrono::milliseconds interval) {
    while (!stopped_) {
        Result<RetentionPlan> done = co_await run_once();
        if (!done && warn_) warn_("retention: " + done.error().message);
        if (!stopped_) co_await stopping_.wait(Deadline::after(interval));
    }
}

awaitable<Result<RetentionPlan>> Retention::run_once() {
    std::vector<IntegrationPosition> positions = co_await parts_.engine.positions();
    std::vector<EventLog::SegmentInfo> segments = parts_.log.segments();
    RetentionPlan plan = plan_retention(settings_, segments, positions, parts_.clock.now());
    publish(plan);
    warn_of(plan);
    if (!segments.empty() && plan.keep_from > segments.front().first) {
        Result<std::uint64_t> lost = co_await parts_.engine.overtake(plan.keep_from);
        if (!lost) co_return lost.error();
        if (*lost > 0 && warn_) {
            warn_(fmt::format("the log has reached hard_limit ({}): {} events before {} are lost to {}",
                              format_bytes(settings_.hard_limit), *lost, plan.keep_from,
                              fmt::join(plan.overtaken, ", ")));
        }
        auto trim = [this, keep_from = plan.keep_from] {
            return parts_.log.trim(
                0, keep_from, [this](Sequence first, Sequence last) { return parts_.objects.rescue(0, first, last); });
        };
        Result<void> trimmed = co_await parts_.pool.run(std::move(trim));
        if (!trimmed) co_return trimmed.error();
    }
    Result<void> swept = co_await sweep_objects();
    if (!swept) co_return swept.error();
    if (parts_.daily && parts_.clock.now() - day_begun_ >= std::chrono::hours(24)) {
        day_begun_ = parts_.clock.now();
        Result<void> done = co_await parts_.daily();
        if (!done) co_return done.error();
    }
    co_return plan;
}

/// In steps, so that others get their turn at the pool and at the index.
awaitable<Result<void>> Retention::sweep_objects() {
    BlockingPool& pool = parts_.sweeper != nullptr ? *parts_.sweeper : parts_.pool;
    for (std::uint64_t left = sweep_.steps_now(parts_.clock.steady_now()); left > 0 && !stopped_; --left) {
        auto expire = [this] { return parts_.objects.expire(); };
        Result<bool> expired = co_await pool.run(std::move(expire));
        if (!expired) co_return expired.error();
        if (!sweep_.goes_on(*expired)) break;
    }
    co_return Result<void>();
}

void Retention::warn_of(const RetentionPlan& plan) {
    std::map<std::string, int> warned;
    for (const RetentionPlan::Behind& each : plan.behind) {
        double share = share_of_limit(each.bytes, settings_);
        int level = share >= 0.9 ? 9 : share >= 0.5 ? 5 : 0;
        if (level == 0) continue;
        warned[each.integration] = level;
        auto before = warned_.find(each.integration);
        if (!warn_ || (before != warned_.end() && before->second >= level)) continue;
        warn_(
            fmt::format("integration {} holds back {} of events, {} of hard_limit ({}): beyond it the oldest are lost",
                        each.integration, format_bytes(each.bytes), level == 9 ? "nine tenths" : "half",
                        format_bytes(settings_.hard_limit)));
    }
    warned_ = std::move(warned);
}

void Retention::publish(const RetentionPlan& plan) {
    auto over = std::make_shared<std::map<std::string, std::uint64_t, std::less<>>>();
    for (const auto& [org, bytes] : plan.org_backlog) {
        auto own = settings_.org_backlogs.find(org);
        auto most = own == settings_.org_backlogs.end() ? settings_.org_backlog : own->second;
        if (most > 0 && bytes > most) over->emplace(org, bytes);
    }
    any_over_.store(!over->empty(), std::memory_order_relaxed);
    std::unordered_map<std::string, DeliveryOptions::Backlog> backlogs;
    for (const RetentionPlan::Behind& each : plan.behind)
        backlogs[each.integration] = {each.bytes, share_of_limit(each.bytes, settings_)};
    std::lock_guard lock(mutex_);
    over_ = std::move(over);
    backlogs_ = std::move(backlogs);
}

DeliveryOptions::Backlog Retention::backlog_of(const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto found = backlogs_.find(id);
    return found == backlogs_.end() ? DeliveryOptions::Backlog() : found->second;
}

bool Retention::over_backlog(std::string_view org) const {
    if (!any_over_.load(std::memory_order_relaxed)) return false;
    std::lock_guard lock(mutex_);
    return over_ && over_->find(org) != over_->end();
}

}  // namespace sluice
