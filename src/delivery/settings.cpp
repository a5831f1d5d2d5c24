#include "delivery/settings.hpp"

#include "delivery/status.hpp"

namespace sluice {

std::string_view to_string(Ordering ordering) noexcept {
    return ordering == Ordering::key ? "key" : "none";
}

std::string_view to_string(OnDeadLetter policy) noexcept {
    switch (policy) {
        case OnDeadLetter::proceed:
            return "continue";
        case OnDeadLetter::hold_key:
            return "hold_key";
        case OnDeadLetter::pause:
            return "pause";
    }
    return "";
}

std::string_view to_string(IntegrationState state) noexcept {
    switch (state) {
        case IntegrationState::running:
            return "running";
        case IntegrationState::paused:
            return "paused";
        case IntegrationState::throttled:
            return "throttled";
        case IntegrationState::failing:
            return "failing";
        case IntegrationState::blocked:
            return "blocked";
    }
    return "";
}

}  // namespace sluice
