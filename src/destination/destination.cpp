#include "destination/destination.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace sluice {

std::string_view to_string(ErrorClass error_class) noexcept {
    switch (error_class) {
        case ErrorClass::transient:
            return "transient";
        case ErrorClass::throttled:
            return "throttled";
        case ErrorClass::credentials:
            return "credentials";
        case ErrorClass::missing_target:
            return "missing_target";
        case ErrorClass::too_large:
            return "too_large";
        case ErrorClass::rejected:
            return "rejected";
    }
    SLUICE_ASSERT(false, "an error class without a name");
}

std::string_view to_string(ProbeStep::Outcome outcome) noexcept {
    switch (outcome) {
        case ProbeStep::Outcome::ok:
            return "ok";
        case ProbeStep::Outcome::warning:
            return "warning";
        case ProbeStep::Outcome::failed:
            return "failed";
        case ProbeStep::Outcome::skipped:
            return "skipped";
    }
    SLUICE_ASSERT(false, "a probe outcome without a name");
}

bool ProbeReport::ok() const noexcept {
    return std::none_of(steps.begin(), steps.end(),
                        [](const ProbeStep& step) { return step.outcome == ProbeStep::Outcome::failed; });
}

}  // namespace sluice
