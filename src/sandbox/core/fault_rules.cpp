#include "sandbox/core/fault_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <functional>

#include "base/nearest.hpp"
#include "base/units.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::array<std::pair<std::string_view, FaultAction>, 13> kActions{{
    {"throttle", FaultAction::throttle},
    {"fail_record", FaultAction::fail_record},
    {"throttle_request", FaultAction::throttle_request},
    {"http_500", FaultAction::http_500},
    {"delay", FaultAction::delay},
    {"hang", FaultAction::hang},
    {"hang_after", FaultAction::hang_after},
    {"reset_before", FaultAction::reset_before},
    {"reset_after", FaultAction::reset_after},
    {"expired_token", FaultAction::expired_token},
    {"skew", FaultAction::skew},
    {"missing_target", FaultAction::missing_target},
    {"access_denied", FaultAction::access_denied},
}};

constexpr std::array<std::string_view, 17> kMembers{"service", "operation", "target", "key",   "body",   "record",
                                                    "nth",     "every",     "after",  "share", "count",  "action",
                                                    "delay",   "status",    "skew",   "code",  "message"};

Error wrong(std::string_view member, std::string_view what) {
    return make_error(Errc::invalid_argument, fmt::format("{}: {}", member, what));
}

/// `of`: to whom it is not known.
Error unknown(std::string_view what, std::string_view word, std::span<const std::string_view> known,
              std::string_view of = {}) {
    auto nearest = nearest_word(word, known);
    return make_error(Errc::invalid_argument,
                      fmt::format("{} \"{}\" is not known{}{}", what, word, of.empty() ? "" : " of ", of),
                      nearest.empty() ? fmt::format("one of {}", fmt::join(known, ", "))
                                      : fmt::format("did you mean \"{}\"?", nearest));
}

Result<FaultAction> parse_action(std::string_view text) {
    std::array<std::string_view, kActions.size()> names;
    for (std::size_t i = 0; i < kActions.size(); i++) {
        if (kActions[i].first == text) return kActions[i].second;
        names[i] = kActions[i].first;
    }
    return unknown("action", text, names);
}

Result<std::string> text_of(std::string_view member, const bj::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    return wrong(member, "must be a string");
}

Result<std::int64_t> integer_of(std::string_view member, const bj::value& value, std::int64_t least,
                                std::int64_t most) {
    const auto* number = value.if_int64();
    if (number == nullptr || *number < least || *number > most)
        return wrong(member, fmt::format("must be an integer from {} to {}", least, most));
    return *number;
}

/// What `throttle_request` can be told as in place of the usual answer.
constexpr int kThrottledStatus = 503;
constexpr std::int64_t kMostMatches = std::int64_t{1} << 53;

/// Takes one member into the rule; the error names it.
Result<void> take_member(FaultRule& rule, std::string_view name, const bj::value& value) {
    auto take_text = [&](std::string& into) -> Result<void> {
        auto text = text_of(name, value);
        if (!text) return text.error();
        into = std::move(*text);
        return {};
    };
    auto take_count = [&](std::uint64_t& into, std::int64_t least) -> Result<void> {
        auto number = integer_of(name, value, least, kMostMatches);
        if (!number) return number.error();
        into = static_cast<std::uint64_t>(*number);
        return {};
    };
    if (name == "service") return take_text(rule.service);
    if (name == "operation") return take_text(rule.operation);
    if (name == "target") return take_text(rule.target);
    if (name == "body") return take_text(rule.body);
    if (name == "code") return take_text(rule.code);
    if (name == "message") return take_text(rule.message);
    if (name == "nth") return take_count(rule.nth, 1);
    if (name == "every") return take_count(rule.every, 1);
    if (name == "after") return take_count(rule.after, 0);
    if (name == "count") return take_count(rule.count, 1);
    if (name == "action") {
        auto text = text_of(name, value);
        if (!text) return text.error();
        auto action = parse_action(*text);
        if (!action) return action.error();
        rule.action = *action;
        return {};
    }
    if (name == "key") {
        if (auto taken = take_text(rule.key); !taken) return taken.error();
        try {
            rule.key_expression.emplace(rule.key, std::regex::ECMAScript | std::regex::optimize);
        } catch (const std::regex_error& error) {
            return wrong(name, fmt::format("is not a regular expression: {}", error.what()));
        }
        return {};
    }
    if (name == "record") {
        auto index = integer_of(name, value, 0, 1'000'000);
        if (!index) return index.error();
        rule.record = static_cast<std::size_t>(*index);
        return {};
    }
    if (name == "share") {
        if (!value.is_number()) return wrong(name, "must be a number from 0 to 1");
        auto share = value.to_number<double>();
        if (!(share >= 0 && share <= 1)) return wrong(name, "must be a number from 0 to 1");
        rule.share = share;
        return {};
    }
    if (name == "delay") {
        auto text = text_of(name, value);
        if (!text) return wrong(name, "must be a duration as text, such as \"250ms\"");
        auto duration = parse_duration(*text);
        if (!duration) return wrong(name, duration.error().message);
        rule.delay = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
        return {};
    }
    if (name == "status") {
        auto status = integer_of(name, value, 500, 599);
        if (!status) return status.error();
        rule.status = static_cast<int>(*status);
        return {};
    }
    if (name == "skew") {
        auto seconds = integer_of(name, value, -366 * 86400, 366 * 86400);
        if (!seconds) return seconds.error();
        rule.skew = std::chrono::seconds(*seconds);
        return {};
    }
    return unknown("member", name, kMembers);
}

/// Whether the action has an answer that can say something.
bool is_refusal(FaultAction action) {
    switch (action) {
        case FaultAction::delay:
        case FaultAction::hang:
        case FaultAction::hang_after:
        case FaultAction::reset_before:
        case FaultAction::reset_after:
        case FaultAction::skew:
            return false;
        default:
            return true;
    }
}

/// What the action would not look at must not be thought to work.
Result<void> check_members(const FaultRule& rule, const bj::object& given) {
    const auto action = to_string(rule.action);
    for (std::string_view name : {"delay", "skew"}) {
        if (given.contains(name) && name != action)
            return wrong(name, fmt::format("belongs to the action {}, not to {}", name, action));
    }
    for (std::string_view name : {"code", "message"}) {
        if (given.contains(name) && !is_refusal(rule.action))
            return wrong(name, fmt::format("{} tells nothing", action));
    }
    if (!given.contains("status") || rule.action == FaultAction::http_500) return {};
    if (rule.action != FaultAction::throttle_request)
        return wrong("status",
                     fmt::format("is told by http_500, and by Event Hubs' throttle_request, not by {}", action));
    if (rule.status != kThrottledStatus)
        return wrong("status", fmt::format("must be {} with throttle_request, or left out", kThrottledStatus));
    return {};
}

void add_new(std::vector<std::string_view>& all, std::span<const std::string_view> more) {
    for (auto word : more) {
        if (std::find(all.begin(), all.end(), word) == all.end()) all.push_back(word);
    }
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// Leaves of `words` those that `fits`; those whom the rule can concern.
void narrow(std::vector<const FaultWords*>& words, const std::function<bool(const FaultWords&)>& fits) {
    std::erase_if(words, [&](const FaultWords* each) { return !fits(*each); });
}

Result<void> check_code(const FaultRule& rule, std::span<const FaultWords* const> concerned, std::string_view whose) {
    if (rule.code.empty()) return {};
    std::vector<std::string_view> known;
    for (const auto* each : concerned) {
        if (!each->codes) return {};
        add_new(known, *each->codes);
    }
    if (known.empty()) return wrong("code", fmt::format("{} tells none", whose));
    if (contains(known, rule.code)) return {};
    return unknown("code", rule.code, known, whose);
}

/// Holds the rule to the words of those whom it can concern.
Result<void> check_words(const FaultRule& rule, const bj::object& given, std::span<const FaultWords> words) {
    if (words.empty()) return {};
    std::vector<const FaultWords*> concerned;
    std::vector<std::string_view> services;
    for (const auto& each : words) {
        concerned.push_back(&each);
        add_new(services, std::span(&each.service, 1));
    }
    if (!rule.service.empty()) {
        if (!contains(services, rule.service)) return unknown("service", rule.service, services);
        narrow(concerned, [&](const FaultWords& each) { return each.service == rule.service; });
    }
    if (!rule.operation.empty()) {
        std::vector<std::string_view> operations;
        for (const auto* each : concerned) add_new(operations, each->operations);
        if (!contains(operations, rule.operation))
            return unknown("operation", rule.operation, operations, rule.service);
        narrow(concerned, [&](const FaultWords& each) { return contains(each.operations, rule.operation); });
    }
    const auto& whose = rule.operation.empty() ? rule.service : rule.operation;
    if (is_record_action(rule.action)) {
        narrow(concerned, [&](const FaultWords& each) {
            return rule.operation.empty() ? !each.record_operations.empty()
                                          : contains(each.record_operations, rule.operation);
        });
        if (concerned.empty())
            return wrong("action", fmt::format("{} befalls records, and {} has none", to_string(rule.action), whose));
    }
    if (rule.action == FaultAction::throttle_request && given.contains("status")) {
        narrow(concerned, [](const FaultWords& each) { return each.throttles_with_status; });
        if (concerned.empty())
            return wrong("status", fmt::format("throttle_request of {} has a status of its own", whose));
    }
    return check_code(rule, concerned, whose);
}

Result<FaultRule> parse_rule(const bj::value& value, std::span<const FaultWords> words) {
    const auto* object = value.if_object();
    if (object == nullptr) return make_error(Errc::invalid_argument, "must be an object");
    if (!object->contains("action")) return wrong("action", "is missing");
    FaultRule rule;
    for (const auto& member : *object) {
        if (auto taken = take_member(rule, member.key(), member.value()); !taken) return taken.error();
    }
    if (!is_record_action(rule.action) && (rule.record || !rule.key.empty() || !rule.body.empty()))
        return wrong(rule.record         ? "record"
                     : !rule.key.empty() ? "key"
                                         : "body",
                     fmt::format("looks at records, but {} befalls requests", to_string(rule.action)));
    if (rule.action == FaultAction::delay && rule.delay.count() == 0) return wrong("delay", "must say how long");
    if (rule.action == FaultAction::skew && rule.skew.count() == 0)
        return wrong("skew", "must say by how many seconds");
    if (auto checked = check_members(rule, *object); !checked) return checked.error();
    if (auto checked = check_words(rule, *object, words); !checked) return checked.error();
    return rule;
}

}  // namespace

std::string_view to_string(FaultAction action) noexcept {
    for (const auto& [name, value] : kActions) {
        if (value == action) return name;
    }
    return {};
}

bool is_record_action(FaultAction action) noexcept {
    return action == FaultAction::throttle || action == FaultAction::fail_record;
}

Result<FaultRules> parse_fault_rules(std::string_view json, std::span<const FaultWords> words) {
    boost::system::error_code failure;
    auto document = bj::parse(bj::string_view(json.data(), json.size()), failure);
    if (failure) return make_error(Errc::invalid_argument, "faults: not JSON: " + failure.message());
    FaultRules rules;
    const bj::array* list = document.if_array();
    if (const auto* object = document.if_object()) {
        for (const auto& member : *object) {
            std::string_view name(member.key());
            if (name == "seed") {
                auto seed = integer_of("seed", member.value(), 0, kMostMatches);
                if (!seed) return seed.error();
                rules.seed = static_cast<std::uint64_t>(*seed);
            } else if (name == "rules") {
                list = member.value().if_array();
            } else {
                return make_error(Errc::invalid_argument, fmt::format("faults: member \"{}\" is not known", name),
                                  "the members are seed and rules");
            }
        }
    }
    if (list == nullptr) return make_error(Errc::invalid_argument, "faults: rules must be an array");
    for (std::size_t i = 0; i < list->size(); i++) {
        auto rule = parse_rule((*list)[i], words);
        if (!rule)
            return make_error(Errc::invalid_argument, fmt::format("faults: rule {}: {}", i, rule.error().message),
                              rule.error().hint);
        rules.rules.push_back(std::move(*rule));
    }
    return rules;
}

std::string to_json(const FaultRule& rule) {
    bj::object out;
    auto text = [&](const char* name, const std::string& value) {
        if (!value.empty()) out[name] = value;
    };
    auto number = [&](const char* name, std::uint64_t value) {
        if (value != 0) out[name] = value;
    };
    text("service", rule.service);
    text("operation", rule.operation);
    text("target", rule.target);
    text("key", rule.key);
    text("body", rule.body);
    if (rule.record) out["record"] = *rule.record;
    number("nth", rule.nth);
    number("every", rule.every);
    number("after", rule.after);
    if (rule.share) out["share"] = *rule.share;
    number("count", rule.count);
    std::string_view action = to_string(rule.action);
    out["action"] = bj::string_view(action.data(), action.size());
    if (rule.delay.count() != 0) out["delay"] = format_duration(rule.delay);
    if (rule.status != 500) out["status"] = rule.status;
    if (rule.skew.count() != 0) out["skew"] = rule.skew.count();
    text("code", rule.code);
    text("message", rule.message);
    return bj::serialize(out);
}

}  // namespace sluice::sandbox
