#pragma once

#include "app/configuration.hpp"

namespace sluice::app {

/// One line an event that matters, on standard error: text, or one JSON object a line. Called once, at start.
void set_up_logging(LogLevel level, LogFormat format);

}  // namespace sluice::app
