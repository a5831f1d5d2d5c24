#include <fmt/format.h>

#include "control/integration_directory.hpp"

namespace sluice {
namespace {

/// Stands for the id of an integration that has none yet, wherever one is needed to try it out.
constexpr std::string_view kNoId = "draft";

}  // namespace

Result<IntegrationDirectory::Draft> IntegrationDirectory::draft(const Principal& caller, boost::json::object settings,
                                                                const std::string& id) const {
    Draft draft;
    draft.origin.default_org = caller.org;
    draft.origin.operator_owned = caller.is_operator;
    draft.origin.allow_loopback = allow_loopback_;
    if (!id.empty()) {
        Result<Entry> kept = visible(caller, id);
        if (!kept) return kept.error();
        if (kept->from_file)
            return make_error(Errc::conflict,
                              fmt::format("the integration \"{}\" stands in the configuration file", id),
                              "change it there and reload");
        draft.origin.default_org = kept->org;
        settings["id"] = id;
        Result<boost::json::object> made = replaced_settings(kept->settings, settings, parts_.registry);
        if (!made) {
            draft.settings = std::move(settings);
            draft.problems.push_back(made.error());
            return draft;
        }
        settings = std::move(*made);
    }
    if (!settings.contains("org")) settings["org"] = draft.origin.default_org;
    draft.problems = integration_problems(settings, parts_.registry, draft.origin);
    if (const auto* name = settings.if_contains("id"); id.empty() && name != nullptr && name->is_string()) {
        const std::string wanted(name->get_string());
        std::lock_guard lock(mutex_);
        if (entries_.contains(wanted)) draft.problems.push_back(id_in_use(wanted));
    }
    boost::json::object tried = settings;
    if (!tried.contains("id")) tried["id"] = kNoId;
    if (auto config = parse_integration(tried, parts_.registry, draft.origin)) draft.config = std::move(*config);
    draft.settings = std::move(settings);
    return draft;
}

}  // namespace sluice
