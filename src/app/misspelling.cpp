#include "app/misspelling.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "base/nearest.hpp"

namespace sluice::app {
namespace {

const auto kAll = [](const CLI::App*) { return true; };

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
    std::vector<std::string_view> candidates(known.begin(), known.end());
    auto near = nearest_word(word, candidates);
    return near.empty() ? std::string("--help lists what there is") : fmt::format("did you mean `{}`?", near);
}

const CLI::App* command_named(const CLI::App& among, const std::string& name, std::vector<std::string>& known) {
    known.clear();
    for (const CLI::App* each : among.get_subcommands(kAll)) {
        if (each->get_name() == name) return each;
        known.push_back(each->get_name());
    }
    return nullptr;
}

const CLI::Option* option_named(const CLI::App& command, const std::string& name, std::vector<std::string>& known) {
    known.clear();
    for (const CLI::Option* option : command.get_options()) {
        for (const auto& each : option->get_lnames()) {
            known.push_back("--" + each);
            if (known.back() == name) return option;
        }
    }
    return nullptr;
}

}  // namespace

std::optional<std::string> misspelt(const CLI::App& app, const std::vector<std::string>& arguments) {
    const CLI::App* command = &app;
    std::vector<std::string> known;
    bool is_value = false;
    for (const auto& word : arguments) {
        if (std::exchange(is_value, false)) continue;
        if (word == "--") return std::nullopt;
        if (word.starts_with("--")) {
            auto equals = word.find('=');
            auto name = word.substr(0, equals);
            const CLI::Option* option = option_named(*command, name, known);
            if (option == nullptr) return fmt::format("{} is not an option here; {}", name, did_you_mean(name, known));
            is_value = equals == std::string::npos && option->get_expected_max() > 0;
            continue;
        }
        // Once a command takes no further ones, what follows is its own.
        if (command->get_subcommands(kAll).empty()) continue;
        if (word.starts_with("-")) return std::nullopt;
        const CLI::App* next = command_named(*command, word, known);
        if (next == nullptr) return fmt::format("there is no command `{}`; {}", word, did_you_mean(word, known));
        command = next;
    }
    return std::nullopt;
}

}  // namespace sluice::app
