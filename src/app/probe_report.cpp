#include "app/probe_report.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "app/command_output.hpp"

namespace sluice::app {
namespace {

void print_step(std::string_view name, std::string_view outcome, std::string_view detail, std::string_view hint) {
    fmt::print("  {:<8} {:<16} {}\n", outcome, name, detail);
    if (!hint.empty()) fmt::print("  {:<8} {:<16} -> {}\n", "", "", hint);
}

}  // namespace

bool print_probe(const ProbeReport& report) {
    for (const auto& step : report.steps) print_step(step.name, to_string(step.outcome), step.detail, step.hint);
    return report.ok();
}

void print_probe_json(const boost::json::value& report) {
    const auto* object = report.if_object();
    const auto* steps = object == nullptr ? nullptr : object->if_contains("steps");
    if (steps == nullptr || !steps->is_array()) return;
    for (const auto& step : steps->get_array()) {
        const auto* members = step.if_object();
        if (members == nullptr) continue;
        auto text = [&](std::string_view name) -> std::string_view {
            const auto* found = members->if_contains(name);
            if (found == nullptr || !found->is_string()) return {};
            return {found->get_string().data(), found->get_string().size()};
        };
        print_step(text("name"), text("outcome"), text("detail"), text("hint"));
    }
}

bool is_good_probe(const boost::json::value& report) {
    return text_of(report, "/ok") == "true";
}

bool is_accepted_sample(const boost::json::value& answer) {
    return text_of(answer, "/accepted") == "true";
}

void print_sample_json(std::string_view name, const boost::json::value& answer) {
    if (is_accepted_sample(answer)) {
        fmt::print("{}: the sample was accepted\n", name);
        return;
    }
    fmt::print("{}: the sample was refused: {} {}: {}\n", name, text_of(answer, "/error/class"),
               text_of(answer, "/error/code"), text_of(answer, "/error/message"));
    fmt::print("  what to do  {}\n", text_of(answer, "/error/hint"));
}

}  // namespace sluice::app
