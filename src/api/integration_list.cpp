#include "api/integration_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "api/paging.hpp"
#include "api/status_json.hpp"
#include "http/unknown_parameter.hpp"

namespace sluice::api {
namespace {

/// What a light list shows of an error's message; the integration itself has it whole.
constexpr std::size_t kShortMessage = 200;
constexpr std::string_view kParameters[] = {"limit", "after", "state", "type", "org", "q", "sort", "details"};

Error wrong(std::string message, std::string hint = {}) {
    return make_error(Errc::invalid_argument, std::move(message), std::move(hint));
}

Result<void> read_states(std::vector<IntegrationState>& states, std::string_view list) {
    while (true) {
        auto comma = list.find(',');
        auto name = list.substr(0, comma);
        auto found = std::find_if(kIntegrationStates.begin(), kIntegrationStates.end(),
                                  [&](IntegrationState each) { return to_string(each) == name; });
        if (found == kIntegrationStates.end())
            return wrong("state is running, paused, throttled, failing or blocked, or several with commas");
        states.push_back(*found);
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

Result<void> read_sort(IntegrationSelection& selection, std::string_view name) {
    using Order = IntegrationSelection::Order;
    static constexpr std::pair<std::string_view, Order> kOrders[] = {
        {"id", Order::id}, {"lag", Order::lag}, {"state", Order::state}, {"last_error", Order::last_error}};
    selection.descending = name.starts_with('-');
    if (selection.descending) name.remove_prefix(1);
    for (const auto& [known, order] : kOrders) {
        if (known != name) continue;
        selection.order = order;
        return {};
    }
    return wrong("sort is id, lag, state or last_error, with a minus in front for the greatest first");
}

Result<void> read_parameter(IntegrationListRequest& request, std::string_view name, const std::string& text) {
    auto& selection = request.selection;
    if (name == "limit") {
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), selection.limit);
        if (error != std::errc() || end != text.data() + text.size() || selection.limit == 0)
            return wrong("limit is a number from 1 to 1000");
        selection.limit = std::min(selection.limit, kPageLimit);
    } else if (name == "state") {
        return read_states(selection.states, text);
    } else if (name == "type") {
        selection.destination_type = text;
    } else if (name == "org") {
        selection.org = text;
    } else if (name == "q") {
        selection.text = lower_case(text);
    } else if (name == "sort") {
        return read_sort(selection, text);
    } else if (name == "details") {
        if (text != "true" && text != "false") return wrong("details is true or false");
        request.details = text == "true";
    } else if (name != "after") {  // which means something only once the order is known
        return wrong(http::unknown_parameter("/v1/integrations", name, kParameters));
    }
    return {};
}

std::string shortened(std::string_view text) {
    if (text.size() <= kShortMessage) return std::string(text);
    std::size_t end = kShortMessage;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not within a character
    return std::string(text.substr(0, end)) + "…";
}

boost::json::object light_item(const IntegrationDirectory::Item& item) {
    const auto& stats = item.status.stats;
    boost::json::object out{{"id", item.id},
                            {"org", item.org},
                            {"type", item.status.destination_type},
                            {"source", item.from_file ? "file" : "api"},
                            {"state", to_string(item.status.state)},
                            {"reason", shortened(item.status.reason)},
                            {"lag_events", stats.lag_events},
                            {"lag_seconds", thousandths(stats.lag_seconds)},
                            {"delivered", stats.delivered},
                            {"delivered_per_second", thousandths(stats.delivered_per_second)},
                            {"dead_lettered", stats.dead_lettered},
                            {"last_delivery", nullptr},
                            {"last_error", nullptr}};
    if (stats.last_delivery) out["last_delivery"] = format_rfc3339(*stats.last_delivery);
    if (const auto& error = stats.last_error)
        out["last_error"] =
            boost::json::object{{"class", to_string(error->error_class)}, {"code", error->code},
                                {"message", shortened(error->message)},   {"target", error->target},
                                {"at", format_rfc3339(error->at)},        {"hint", shortened(error->hint)}};
    return out;
}

}  // namespace

Result<IntegrationListRequest> integration_list_request(const std::vector<std::pair<std::string, std::string>>& query) {
    IntegrationListRequest request;
    const std::string* after = nullptr;
    for (const auto& [name, text] : query) {
        if (auto read = read_parameter(request, name, text); !read) return read.error();
        if (name == "after") after = &text;
    }
    if (after != nullptr && !after->empty())
        if (auto begun = request.selection.begin_after(*after); !begun) return begun.error();
    return request;
}

boost::json::object to_json(const IntegrationDirectory::Page& page, bool details) {
    boost::json::array items;
    items.reserve(page.items.size());
    for (const auto& item : page.items) items.push_back(details ? to_json(item) : light_item(item));
    boost::json::object states;
    for (std::size_t i = 0; i < kIntegrationStates.size(); ++i)
        states[to_string(kIntegrationStates[i])] = page.states[i];
    boost::json::value next = nullptr;
    if (!page.next.empty()) next = boost::json::string(page.next);
    return {
        {"items", std::move(items)}, {"next", std::move(next)}, {"total", page.total}, {"states", std::move(states)}};
}

}  // namespace sluice::api
