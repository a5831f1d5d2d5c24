#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sandbox/core/fault_words.hpp"

namespace sluice::sandbox {

/// What goes wrong. The first two befall single records of a request (for an operation of one record: that one), the
/// others the whole request.
enum class FaultAction {
    throttle,          ///< the record is refused as over its shard's or queue's rate
    fail_record,       ///< the record is refused with an internal failure, or with the rule's code
    throttle_request,  ///< the request is refused as over the rate
    http_500,          ///< an internal failure, or the rule's status; nothing accepted
    delay,             ///< the request is worked on only after a time
    hang,              ///< never answered; nothing accepted
    hang_after,        ///< accepted, never answered
    reset_before,      ///< connection closed without an answer; nothing accepted
    reset_after,       ///< accepted, then the connection is closed without an answer
    expired_token,     ///< as if the credentials had run out
    skew,              ///< the service's clock is wrong by `skew_seconds`
    missing_target,    ///< as if the stream or queue were not there
    access_denied,     ///< as if the caller were not allowed to
};

std::string_view to_string(FaultAction action) noexcept;
bool is_record_action(FaultAction action) noexcept;

/// One rule: what it looks at, which of those it strikes, what it does.
struct FaultRule {
    // What it looks at: all that are given must match. Each match is numbered, from 1.
    std::string service;                ///< as its stand-in names it: `kinesis`, `sqs`, `event_hubs`
    std::string operation;              ///< `PutRecords`
    std::string target;                 ///< stream, queue, event hub
    std::string key;                    ///< regular expression found in the partition key or group; record actions only
    std::string body;                   ///< text found in the record's body; record actions only
    std::optional<std::size_t> record;  ///< position in the request, from 0; record actions only

    // Which matches it strikes: all that are given must agree.
    std::uint64_t nth = 0;        ///< only match number n
    std::uint64_t every = 0;      ///< every n-th match
    std::uint64_t after = 0;      ///< none of the first n matches
    std::optional<double> share;  ///< this share of the matches, 0 to 1, drawn by the seed
    std::uint64_t count = 0;      ///< at most this many times; 0: no bound

    // What it does.
    FaultAction action = FaultAction::http_500;
    std::chrono::milliseconds delay{0};  ///< of `delay`
    int status = 500;                    ///< of `http_500`; Event Hubs: 503 of `throttle_request` too
    std::chrono::seconds skew{0};        ///< of `skew`: positive when the service's clock is ahead
    std::string code;                    ///< error code in place of the usual one
    std::string message;                 ///< error message in place of the usual one

    std::optional<std::regex> key_expression;  ///< `key`, compiled
};

struct FaultRules {
    std::uint64_t seed = 1;  ///< same seed, same rules, same requests: same faults
    std::vector<FaultRule> rules;
};

/// `{"seed":7,"rules":[{"service":"kinesis","action":"throttle","share":0.1}]}`; a bare array of rules will do too.
/// An error names the rule by its position and the member that is wrong: also what would do nothing, by the action or
/// by what the stand-ins there are say of themselves (`words`; none: any service, operation and code will do).
Result<FaultRules> parse_fault_rules(std::string_view json, std::span<const FaultWords> words = {});
/// The rule as it would be written, only what differs from the default.
std::string to_json(const FaultRule& rule);

}  // namespace sluice::sandbox
