#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace sluice::sandbox {

/// What faults can be about in one protocol of a stand-in, in its own words. Rules are held to it, so that none is
/// taken that never strikes, or is told as something else.
struct FaultWords {
    std::string_view service;
    std::vector<std::string_view> operations;
    std::vector<std::string_view> record_operations{};  ///< those of them that carry records
    /// What a rule's `code` may be; nullopt: any text; empty: there is none in this protocol's answers.
    std::optional<std::vector<std::string_view>> codes{};
    bool throttles_with_status = false;  ///< `throttle_request` can be a 503
};

}  // namespace sluice::sandbox
