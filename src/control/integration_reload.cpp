// A changed configuration file: all of it or nothing, and nothing that did not change is touched.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "control/integration_directory.hpp"
#include "control/record_kinds.hpp"

namespace sluice {

/// What becomes of one integration, and how to take that back.
struct IntegrationDirectory::Step {
    enum class Kind { add, change, remove };
    Kind kind = Kind::add;
    std::string id;
    std::optional<Entry> before;
    std::optional<Entry> after;
    std::optional<IntegrationConfig> config;  ///< of `after`
};

struct IntegrationDirectory::Plan {
    std::vector<Step> steps;
    std::size_t unchanged = 0;
};

Result<IntegrationDirectory::Plan> IntegrationDirectory::plan_reload(std::vector<boost::json::object> file_integrations,
                                                                     const Locate& locate) {
    Result<std::vector<IntegrationConfig>> parsed = check(file_integrations, parts_.registry, locate);
    if (!parsed) return parsed.error();
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < parsed->size(); ++i)
        entries.push_back(make_entry((*parsed)[i], true, std::move(file_integrations[i])));
    Plan plan;
    // What the old org's left under the id is erased, which cannot be taken back: they come last.
    std::vector<Step> of_other_orgs;
    std::set<std::string> present;
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < parsed->size(); ++i) {
        std::string id = (*parsed)[i].id;
        Entry& after = entries[i];
        present.insert(id);
        auto found = entries_.find(id);
        if (found != entries_.end() && !found->second.from_file)
            return locate(make_error(
                Errc::conflict, fmt::format("integrations[{}].id is \"{}\", which was made through the API", i, id),
                "rename it, or delete the other through the API first"));
        if (found != entries_.end() && found->second.settings == after.settings && found->second.files == after.files) {
            ++plan.unchanged;
            continue;
        }
        Step step;
        step.id = id;
        step.after = std::move(after);
        step.config = std::move((*parsed)[i]);
        if (found != entries_.end() && found->second.org != step.after->org) {
            Step leaves;
            leaves.kind = Step::Kind::remove;
            leaves.id = id;
            leaves.before = found->second;
            of_other_orgs.push_back(std::move(leaves));
            of_other_orgs.push_back(std::move(step));
            continue;
        }
        if (found != entries_.end()) {
            step.kind = Step::Kind::change;
            step.before = found->second;
        }
        plan.steps.push_back(std::move(step));
    }
    for (const auto& [id, entry] : entries_) {
        if (!entry.from_file || present.contains(id)) continue;
        Step step;
        step.kind = Step::Kind::remove;
        step.id = id;
        step.before = entry;
        plan.steps.push_back(std::move(step));
    }
    std::move(of_other_orgs.begin(), of_other_orgs.end(), std::back_inserter(plan.steps));
    return plan;
}

boost::asio::awaitable<Result<void>> IntegrationDirectory::take_step(Step step) {
    if (step.kind == Step::Kind::remove) {
        auto note = [this, id = step.id] {
            return parts_.store.put(kGoneKind, id, format_rfc3339(parts_.clock.now()));
        };
        Result<void> noted = co_await parts_.blocking.run(std::move(note));
        if (!noted) co_return noted.error();
        Result<void> removed = co_await parts_.engine.remove(step.id, true);
        if (!removed) co_return removed.error();
        std::lock_guard lock(mutex_);
        entries_.erase(step.id);
        co_return Result<void>();
    }
    if (step.kind == Step::Kind::change) {
        Result<void> replaced = co_await parts_.engine.replace(std::move(*step.config));
        if (!replaced) co_return replaced.error();
        std::lock_guard lock(mutex_);
        entries_.insert_or_assign(step.id, std::move(*step.after));
        co_return Result<void>();
    }
    Change change(*this, step.id);
    if (auto held = change.held(); !held) co_return held.error();
    // Between the plan and this step.
    if (org_of(step.id)) co_return id_in_use(step.id);
    // One that comes back goes on from its cursor, and is still paused if it was.
    auto look = [this, id = step.id, org = step.after->org]() -> Result<std::optional<std::string>> {
        if (auto taken = take_for_the_file({{id, org}}); !taken) return taken.error();
        if (auto erased = parts_.store.erase(kGoneKind, id); !erased) return erased.error();
        return parts_.store.get(kPausedKind, id);
    };
    Result<std::optional<std::string>> paused = co_await parts_.blocking.run(std::move(look));
    if (!paused) co_return paused.error();
    Result<void> started = co_await start(std::move(*step.after), std::move(*step.config), std::move(*paused));
    co_return started;
}

/// Best effort: what cannot be taken back runs with the new settings until the next reload.
boost::asio::awaitable<void> IntegrationDirectory::take_back(std::vector<Step> steps) {
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        Step back;
        back.id = step->id;
        back.kind = step->kind == Step::Kind::add      ? Step::Kind::remove
                    : step->kind == Step::Kind::remove ? Step::Kind::add
                                                       : Step::Kind::change;
        if (step->before) {
            Result<IntegrationConfig> config = parse_kept(*step->before);
            if (!config) continue;
            back.config = std::move(*config);
            back.after = step->before;
        }
        Result<void> taken = co_await take_step(std::move(back));
        (void)taken;
    }
}

boost::asio::awaitable<Result<IntegrationDirectory::Reloaded>> IntegrationDirectory::reload(
    std::vector<boost::json::object> file_integrations, Locate locate) {
    {
        std::lock_guard lock(mutex_);
        if (std::exchange(reloading_, true))
            co_return make_error(Errc::conflict, "another reload is under way", "try again in a moment");
    }
    struct Done {
        IntegrationDirectory& directory;
        ~Done() {
            std::lock_guard lock(directory.mutex_);
            directory.reloading_ = false;
        }
    } done{*this};
    Result<Plan> plan = plan_reload(std::move(file_integrations), locate);
    if (!plan) co_return plan.error();

    // Each must be able to start before the first is touched.
    for (const Step& step : plan->steps) {
        if (step.kind == Step::Kind::remove) continue;
        IntegrationConfig config = *step.config;
        Result<void> tried = co_await parts_.engine.try_start(std::move(config));
        if (!tried)
            co_return make_error(tried.error().code, fmt::format("{}: {}", step.id, tried.error().message),
                                 tried.error().hint);
    }
    Reloaded reloaded;
    reloaded.unchanged = plan->unchanged;
    std::vector<Step> taken;
    for (const Step& step : plan->steps) {
        Step next = step;
        Result<void> now = co_await take_step(std::move(next));
        if (!now) {
            co_await take_back(std::move(taken));
            co_return make_error(now.error().code,
                                 fmt::format("{}: {}; nothing was changed", step.id, now.error().message),
                                 now.error().hint);
        }
        (step.kind == Step::Kind::add      ? reloaded.added
         : step.kind == Step::Kind::change ? reloaded.changed
                                           : reloaded.removed)
            .push_back(step.id);
        taken.push_back(step);
    }
    co_return reloaded;
}

}  // namespace sluice
