#include "api/route_table.hpp"

#include <utility>

namespace sluice::api {
namespace {

/// Whether `segments` are a path of this form; what stands for `{…}` goes to `parameters`.
bool is_of_form(std::string_view form, const std::vector<std::string>& segments, std::vector<std::string>& parameters) {
    parameters.clear();
    form.remove_prefix(1);
    if (segments.empty()) return form.empty();
    for (std::size_t at = 0; at < segments.size(); ++at) {
        auto end = form.find('/');
        bool is_last = end == std::string_view::npos;
        auto part = form.substr(0, end);
        if (is_last != (at + 1 == segments.size())) return false;
        if (part.starts_with('{')) {
            if (segments[at].empty()) return false;
            parameters.push_back(segments[at]);
        } else if (part != segments[at]) {
            return false;
        }
        if (!is_last) form.remove_prefix(end + 1);
    }
    return true;
}

}  // namespace

void RouteTable::add(std::vector<Route> routes) {
    for (auto& route : routes) routes_.push_back(std::move(route));
}

std::optional<RouteTable::Match> RouteTable::find(const http::Request& request) const {
    auto segments = request.path_segments();
    if (!segments) return std::nullopt;
    std::string_view method = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
    Match match;
    std::vector<std::string> parameters;
    std::string_view form;
    for (const auto& route : routes_) {
        // A literal row before one with a parameter: the first form that fits is the path's.
        if (!form.empty() && route.path != form) continue;
        if (!is_of_form(route.path, *segments, parameters)) continue;
        form = route.path;
        match.any_of_path = &route;
        match.methods += std::string(route.method) + (route.method == "GET" ? ", HEAD, " : ", ");
        if (route.method != method) continue;
        match.route = &route;
        match.parameters = parameters;
    }
    if (match.any_of_path == nullptr) return std::nullopt;
    match.methods += "OPTIONS";
    return match;
}

}  // namespace sluice::api
