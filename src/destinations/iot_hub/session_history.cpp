#include "destinations/iot_hub/session_history.hpp"

#include <algorithm>

namespace sluice::iot_hub {

void SessionHistory::opened(Clock::time_point at) {
    opened_at_ = at;
    slowest_ = {};
    took_messages_ = false;
}

void SessionHistory::waited(Clock::duration wait) noexcept {
    slowest_ = std::max(slowest_, wait);
}

void SessionHistory::ended_by_hub(Clock::time_point at, bool publishing) {
    if (at - opened_at_ >= kShortLife) {
        short_lives_ = fruitless_lives_ = 0;
    } else {
        ++short_lives_;
        fruitless_lives_ = took_messages_ || !publishing ? 0 : fruitless_lives_ + 1;
    }
    if (slowest_ >= kSlow) {
        diagnosis_ = Diagnosis::held_back;
    } else if (short_lives_ < kPattern) {
        diagnosis_ = Diagnosis::none;
    } else {
        // A hub whose quota is used up takes nothing at all; one that prefers another client takes some in between.
        diagnosis_ = fruitless_lives_ < kPattern ? Diagnosis::taken_over : Diagnosis::refuses_messages;
    }
}

void SessionHistory::ended_for_silence() noexcept {
    // One that never acknowledged anything may be broken as well as busy.
    diagnosis_ = took_messages_ && slowest_ >= kSlow ? Diagnosis::held_back : Diagnosis::none;
}

void SessionHistory::ended_otherwise() noexcept {
    short_lives_ = fruitless_lives_ = 0;
    diagnosis_ = Diagnosis::none;
}

}  // namespace sluice::iot_hub
