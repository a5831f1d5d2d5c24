#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/core/fault_rules.hpp"

namespace sluice::sandbox {

/// What is known of a request when its faults are decided.
struct FaultSubject {
    std::string_view service;
    std::string_view operation;
    std::string_view target;
};

/// The faults that strike one request, in the order in which they take effect.
struct RequestFaults {
    std::chrono::milliseconds delay{0};
    std::chrono::seconds skew{0};

    /// In place of working on the request: none, or one of hang, reset_before, http_500, expired_token, access_denied,
    /// missing_target, throttle_request.
    std::optional<FaultAction> refusal;
    int status = 500;
    std::string code;
    std::string message;

    /// After it was worked on, in place of the answer: none, hang_after or reset_after.
    std::optional<FaultAction> ending;
};

struct RecordFault {
    FaultAction action = FaultAction::fail_record;  ///< throttle or fail_record
    std::string code;
    std::string message;
};

/// Decides what goes wrong, by rules that can be changed at any time. Deterministic: the n-th match of a rule is struck
/// or not by the seed alone. Thread: any.
class FaultInjector {
  public:
    struct RuleState {
        FaultRule rule;
        std::uint64_t matched = 0;
        std::uint64_t struck = 0;
    };

    /// What rules are held to from here on. To be called before others call. Not called: rules may name anything.
    void know(std::vector<FaultWords> words) { words_ = std::move(words); }

    /// Replaces all rules; their numbering starts anew.
    void set(FaultRules rules);
    /// As the file of `sluice sandbox --faults` and the body of PUT /_sandbox/faults say it. On an error nothing
    /// changes.
    Result<void> set_json(std::string_view json);
    void clear() { set({}); }
    std::uint64_t seed() const;
    std::vector<RuleState> rules() const;
    /// `{"seed":…,"rules":[{…,"matched":…,"struck":…}]}`
    std::string to_json() const;

    RequestFaults on_request(const FaultSubject& subject);
    /// True when some rule looks at single records: only then need on_record() be asked.
    bool looks_at_records() const noexcept { return looks_at_records_.load(std::memory_order_relaxed); }
    std::optional<RecordFault> on_record(const FaultSubject& subject, std::size_t index, std::string_view key,
                                         std::string_view body = {});

  private:
    bool strikes(std::size_t rule_index, RuleState& state) const;

    std::vector<FaultWords> words_;
    std::atomic<bool> looks_at_requests_{false};
    std::atomic<bool> looks_at_records_{false};
    mutable std::mutex mutex_;
    std::uint64_t seed_ = 1;
    std::vector<RuleState> rules_;
};

}  // namespace sluice::sandbox
