#pragma once

#include "app/configuration.hpp"

namespace sluice::app {

/// One line an event that matters, on standard error: text, or one JSON object a line. Called once, at start.
void set_up_logging(LogLevel level, LogFormat format);
/// After a reload. Thread: any.
void set_log_level(LogLevel level);

}  // namespace sluice::app
