#include "sandbox/core/fault_injector.hpp"

#include <fmt/format.h>

namespace sluice::sandbox {
namespace {

bool looks_at(const FaultRule& rule, const FaultSubject& subject) {
    return (rule.service.empty() || rule.service == subject.service) &&
           (rule.operation.empty() || rule.operation == subject.operation) &&
           (rule.target.empty() || rule.target == subject.target);
}

/// A well-mixed function of its input (the finaliser of SplitMix64): draws that are independent though the inputs count
/// up.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

double draw(std::uint64_t seed, std::size_t rule_index, std::uint64_t match) {
    return static_cast<double>(mix(mix(seed + rule_index) ^ match) >> 11) * 0x1.0p-53;
}

}  // namespace

void FaultInjector::set(FaultRules rules) {
    std::lock_guard lock(mutex_);
    seed_ = rules.seed;
    rules_.clear();
    bool requests = false;
    bool records = false;
    for (auto& rule : rules.rules) {
        (is_record_action(rule.action) ? records : requests) = true;
        rules_.push_back({std::move(rule), 0, 0});
    }
    looks_at_requests_ = requests;
    looks_at_records_ = records;
}

Result<void> FaultInjector::set_json(std::string_view json) {
    auto rules = parse_fault_rules(json, words_);
    if (!rules) return rules.error();
    set(std::move(*rules));
    return {};
}

std::uint64_t FaultInjector::seed() const {
    std::lock_guard lock(mutex_);
    return seed_;
}

std::vector<FaultInjector::RuleState> FaultInjector::rules() const {
    std::lock_guard lock(mutex_);
    return rules_;
}

std::string FaultInjector::to_json() const {
    std::lock_guard lock(mutex_);
    std::string out = fmt::format(R"({{"seed":{},"rules":[)", seed_);
    for (const auto& state : rules_) {
        if (out.back() == '}') out += ',';
        auto rule = sandbox::to_json(state.rule);
        rule.pop_back();  // its closing brace: two members more
        out += fmt::format(R"({},"matched":{},"struck":{}}})", rule, state.matched, state.struck);
    }
    return out + "]}";
}

bool FaultInjector::strikes(std::size_t rule_index, RuleState& state) const {
    const auto& rule = state.rule;
    auto match = ++state.matched;
    if (rule.count != 0 && state.struck >= rule.count) return false;
    if (rule.nth != 0 && match != rule.nth) return false;
    if (match <= rule.after) return false;
    if (rule.every != 0 && match % rule.every != 0) return false;
    if (rule.share && draw(seed_, rule_index, match) >= *rule.share) return false;
    state.struck++;
    return true;
}

RequestFaults FaultInjector::on_request(const FaultSubject& subject) {
    RequestFaults faults;
    if (!looks_at_requests_.load(std::memory_order_relaxed)) return faults;
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < rules_.size(); i++) {
        auto& state = rules_[i];
        const auto& rule = state.rule;
        if (is_record_action(rule.action) || !looks_at(rule, subject) || !strikes(i, state)) continue;
        switch (rule.action) {
            case FaultAction::delay:
                faults.delay += rule.delay;
                break;
            case FaultAction::skew:
                faults.skew += rule.skew;
                break;
            case FaultAction::hang_after:
            case FaultAction::reset_after:
                faults.ending = rule.action;
                break;
            default:
                if (faults.refusal) break;  // the first refusal is the one that is seen
                faults.refusal = rule.action;
                faults.status = rule.status;
                faults.code = rule.code;
                faults.message = rule.message;
        }
    }
    return faults;
}

std::optional<RecordFault> FaultInjector::on_record(const FaultSubject& subject, std::size_t index,
                                                    std::string_view key, std::string_view body) {
    std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < rules_.size(); i++) {
        auto& state = rules_[i];
        const auto& rule = state.rule;
        if (!is_record_action(rule.action) || !looks_at(rule, subject)) continue;
        if (rule.record && *rule.record != index) continue;
        if (!rule.body.empty() && body.find(rule.body) == std::string_view::npos) continue;
        if (rule.key_expression && !std::regex_search(key.begin(), key.end(), *rule.key_expression)) continue;
        if (strikes(i, state)) return RecordFault{rule.action, rule.code, rule.message};
    }
    return std::nullopt;
}

}  // namespace sluice::sandbox
