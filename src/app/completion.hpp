#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::app {

/// A script with which a shell completes the program's commands and options, made from what the program takes. nullopt
/// for a shell that is not known: `bash` and `zsh` are.
std::optional<std::string> completion_script(const CLI::App& program, std::string_view shell);

}  // namespace sluice::app
