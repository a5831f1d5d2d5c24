#include "app/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

namespace sluice::app {
namespace {

/// What may follow a command: `sluice integrations` → `list show … --help`.
struct Place {
    std::string path;
    std::vector<std::string> words;
};

void add_places(const CLI::App& command, const std::string& path, std::vector<Place>& out) {
    Place place{path, {}};
    std::vector<const CLI::App*> inner;
    for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (each->get_group().empty()) continue;  // hidden
        place.words.push_back(each->get_name());
        inner.push_back(each);
    }
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_group().empty()) continue;
        for (const std::string& name : option->get_lnames()) place.words.push_back("--" + name);
    }
    out.push_back(std::move(place));
    for (const CLI::App* each : inner) add_places(*each, path + " " + each->get_name(), out);
}

std::string cases(const std::vector<Place>& places, std::string_view variable) {
    std::string out;
    for (const Place& place : places)
        out += fmt::format("    \"{}\") {}=\"{}\" ;;\n", place.path, variable, fmt::join(place.words, " "));
    return out;
}

/// Names of commands among the words so far, options and their values left out as far as they are no command's name.
constexpr std::string_view kBash = R"(# sluice: completions for bash, made by `sluice completion bash`
_sluice() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path=sluice words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${{COMP_WORDS[i]}}" in
{}
    esac
  done
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _sluice sluice
)";

constexpr std::string_view kZsh = R"(#compdef sluice
# Completions for zsh, made by `sluice completion zsh`.
_sluice() {{
  local sluice_path=sluice following i
  for ((i = 2; i < CURRENT; i++)); do
    case "$sluice_path ${{words[i]}}" in
{}
    esac
  done
  case "$sluice_path" in
{}  esac
  compadd -- ${{=following}} || _files
}}
_sluice "$@"
)";

}  // namespace

std::optional<std::string> completion_script(const CLI::App& program, std::string_view shell) {
    std::vector<Place> places;
    add_places(program, program.get_name(), places);
    std::string paths;
    for (const Place& place : places) {
        if (place.path == program.get_name()) continue;
        if (!paths.empty()) paths += '|';
        paths += fmt::format("\"{}\"", place.path);
    }
    if (shell == "bash") {
        return fmt::format(kBash, fmt::format("      {}) path=\"$path ${{COMP_WORDS[i]}}\" ;;", paths),
                           cases(places, "words"));
    }
    if (shell == "zsh") {
        return fmt::format(kZsh, fmt::format("      {}) sluice_path=\"$sluice_path ${{words[i]}}\" ;;", paths),
                           cases(places, "following"));
    }
    return std::nullopt;
}

}  // namespace sluice::app
