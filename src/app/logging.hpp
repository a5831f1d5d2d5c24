#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/configuration.hpp"

namespace sluice::app {

/// spdlog's default logger, to stderr, as the configuration has it: one line an event, UTC with milliseconds.
void set_up_logging(LogLevel level, LogFormat format);
/// Another level, from now on. Thread: any.
void set_log_level(LogLevel level);

/// What a line is about, by names that are the same in every line (docs/operating.md): `integration`, `org`,
/// `destination`, `class`, `code`, `target`, `hint`… Empty values are left out. Never a payload, never a secret.
using LogFields = std::vector<std::pair<std::string_view, std::string>>;
/// One line: in `text` the message, then `name=value`, quoted where it has more than a word; in `json` members beside
/// `message`. Thread: any.
void log_event(LogLevel level, std::string_view message, const LogFields& fields);

/// The part of a line after time and level, as the format has it. For tests.
std::string log_text(LogFormat format, std::string_view message, const LogFields& fields);

}  // namespace sluice::app
