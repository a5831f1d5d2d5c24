#include "alerts/alert.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>

#include "base/ids.hpp"
#include "base/nearest.hpp"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 8> kTypes{
    "integration.failing",  "integration.blocked", "integration.paused",       "integration.recovered",
    "integration.flapping", "integration.backlog", "integration.dead_letters", "integration.events_lost"};

std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

/// A list of texts; `wrong` says what is not right about one, or nothing.
std::vector<std::string> read_list(SettingsReader& reader, std::string_view name,
                                   const std::function<std::string(std::string_view)>& wrong) {
    std::vector<std::string> out;
    const boost::json::value* value = reader.value(name);
    if (value == nullptr) return out;
    const boost::json::array* array = value->if_array();
    if (array == nullptr || array->empty()) {
        reader.fail(name, "must be a list with at least one entry");
        return out;
    }
    for (const boost::json::value& each : *array) {
        if (!each.is_string()) {
            reader.fail(name, "must be a list of texts");
            return out;
        }
        std::string_view text = view_of(each.get_string());
        if (std::string why = wrong(text); !why.empty()) reader.fail(name, fmt::format("has \"{}\", {}", text, why));
        out.emplace_back(text);
    }
    return out;
}

std::string wrong_type(std::string_view text) {
    if (std::find(kTypes.begin(), kTypes.end(), text) != kTypes.end()) return {};
    return fmt::format("which is not a type of message; known: {}", fmt::join(kTypes, ", "));
}

std::string wrong_pattern(std::string_view text) {
    return is_valid_pattern(text) ? std::string() : "which is not a pattern of orgs, like com.acme or com.**";
}

void read_orgs(SettingsReader& reader, const AlertOrigin& origin, Alert& alert) {
    auto org = reader.text("org");
    alert.org = org.value_or(origin.default_org);
    if (!is_valid_rec_type(alert.org)) reader.fail("org", "is not an org: dotted parts of letters, digits, - and _");
    bool names_orgs = reader.has("orgs");
    alert.orgs = read_list(reader, "orgs", wrong_pattern);
    if (!origin.operator_owned && org && *org != origin.default_org)
        reader.fail(make_error(Errc::forbidden, reader.path_of("org") + " is another org than the token's",
                               "leave it out: an alert hears of its own org's integrations"));
    if (!origin.operator_owned && names_orgs)
        reader.fail(make_error(Errc::forbidden, reader.path_of("orgs") + " is for the operator's alerts only",
                               "leave it out: an alert hears of its own org's integrations"));
    if (names_orgs) return;
    alert.orgs = {origin.all_orgs && !org ? std::string("**") : alert.org};
}

}  // namespace

std::span<const std::string_view> alert_types() noexcept {
    return kTypes;
}

bool Alert::wants(std::string_view of_org, std::string_view type) const {
    if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end()) return false;
    return std::any_of(orgs.begin(), orgs.end(),
                       [&](const std::string& pattern) { return matches_pattern(pattern, of_org); });
}

Result<Alert> parse_alert(const boost::json::object& settings, const AlertOrigin& origin) {
    SettingsReader reader(settings, origin.path);
    Alert alert;
    alert.id = reader.required_text("id");
    if (!alert.id.empty() && !is_valid_integration_id(alert.id))
        reader.fail("id", "is not an id: 1 to 63 of [a-z0-9-], starting with a letter or digit");
    read_orgs(reader, origin, alert);
    alert.types = read_list(reader, "types", wrong_type);
    // Reading does no I/O; the context wants an io_context all the same.
    boost::asio::io_context unused;
    DestinationContext context{
        unused, SystemClock::instance(), alert.id, true, origin.operator_owned, origin.allow_loopback, 1, alert.org};
    alert.target = read_webhook_target(reader, context);
    if (auto finished = reader.finish(); !finished) return finished.error();
    return alert;
}

}  // namespace sluice
