#pragma once

#include <string>

#include "app/logging.hpp"
#include "delivery/state_watch.hpp"

namespace sluice::app {

/// How an integration's changes are told in the log: within seconds, and at most six in an hour, then that it comes and
/// goes. So one that flaps for days does not fill a disk.
TellingPace log_pace();

/// One line of the log.
struct LogLine {
    LogLevel level = LogLevel::info;
    std::string message;
    LogFields fields;
};
/// Pure. Nothing of a payload or a secret is in a transition's status.
LogLine line_of(const Transition& transition);

/// Writes it.
void log_transition(const Transition& transition);

}  // namespace sluice::app
