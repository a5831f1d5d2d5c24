#pragma once

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sluice::app {

/// What a person may have meant by a command line that was refused: `there is no command \`serv\`; did you mean
/// \`serve\`?`, and likewise for an option of the command that was reached. nullopt where every word is known.
/// `arguments`: without the program's name.
std::optional<std::string> misspelt(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace sluice::app
