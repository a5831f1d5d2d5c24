#include "destinations/event_hubs/hub_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::event_hubs {
namespace {

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::shared_ptr<const Failure> refusal(std::string_view name, std::string code, std::string message, std::string hint) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::missing_target;
    failure->code = std::move(code);
    failure->message = std::move(message);
    failure->target = name;
    failure->hint = std::move(hint);
    return failure;
}

}  // namespace

Result<void> check_hub_name(std::string_view name) {
    constexpr std::string_view kRule =
        "Letters, digits, dots, hyphens and underscores, a letter or digit first and last.";
    if (name.empty()) return make_error(Errc::invalid_argument, "is empty", std::string(kRule));
    if (name.size() > kMaxHubName)
        return make_error(Errc::invalid_argument, fmt::format("is longer than {} characters", kMaxHubName),
                          std::string(kRule));
    bool plain = std::all_of(name.begin(), name.end(),
                             [](char c) { return is_alphanumeric(c) || c == '.' || c == '-' || c == '_'; });
    if (!plain)
        return make_error(Errc::invalid_argument, "has a character that no event hub's name has", std::string(kRule));
    if (!is_alphanumeric(name.front()) || !is_alphanumeric(name.back()))
        return make_error(Errc::invalid_argument, "does not begin and end with a letter or digit", std::string(kRule));
    return {};
}

std::shared_ptr<const Failure> HubNames::admit(std::string_view name, bool in_passing) {
    using Kind = TargetNames::Admission::Kind;
    if (auto fits = check_hub_name(name); !fits)
        return refusal(name, "hub_name", fmt::format("“{}” {}", name, fits.error().message), fits.error().hint);
    auto admission = names_.admit(name, in_passing);
    if (admission.kind == Kind::one_too_many)
        return refusal(name, "max_targets",
                       fmt::format("“{}” would be one more hub than max_targets ({}) allows", name, max_targets_),
                       "Raise max_targets, narrow the filter, or name one hub for all with hub.");
    if (admission.kind == Kind::clashes)
        return refusal(
            name, "hub_name_clash",
            fmt::format("“{}” and “{}” differ in upper and lower case only, which Event Hubs does not tell apart", name,
                        admission.other),
            "Rename one of the recTypes, or name the hub by a template that tells them apart.");
    return nullptr;
}

}  // namespace sluice::event_hubs
