#include "sources/share_api/route.hpp"

#include <array>
#include <utility>

namespace sluice::share_api {

namespace {

struct Prefix {
    std::string_view segment;
    ObjectType type;
};
constexpr std::array<Prefix, 3> kPrefixes{{
    {"share", ObjectType::objs},
    {"device", ObjectType::devices},
    {"device-health", ObjectType::health},
}};
constexpr std::string_view kEvents = "events";

std::optional<ObjectType> type_of(std::string_view segment) noexcept {
    for (const Prefix& prefix : kPrefixes)
        if (prefix.segment == segment) return prefix.type;
    return std::nullopt;
}

using Segments = std::vector<std::string>;

std::optional<Route> tagged_route(Route route, Segments& segments) {
    route.tags.assign(std::make_move_iterator(segments.begin() + 3), std::make_move_iterator(segments.end()));
    if (route.tags.size() > 1 && route.tags.back() == "latest") {
        route.kind = Route::Kind::latest;
        route.tags.pop_back();
    }
    if (route.tags.empty()) return std::nullopt;
    return route;
}

}  // namespace

bool is_share_api_path(std::string_view path) noexcept {
    if (path.empty() || path.front() != '/') return false;
    const std::string_view first = path.substr(1, path.find('/', 1) - 1);
    return first == kEvents || type_of(first);
}

std::optional<Route> parse_route(const http::Request& request) {
    auto segments = request.path_segments();
    if (!segments) return std::nullopt;
    if (!segments->empty() && segments->back().empty()) segments->pop_back();  // one slash at the end is forgiven
    if (segments->empty()) return std::nullopt;

    Route route;
    if (segments->front() == kEvents) {
        route.kind = Route::Kind::events;
        return segments->size() == 1 ? std::optional(std::move(route)) : std::nullopt;
    }
    const auto type = type_of(segments->front());
    if (!type || segments->size() < 2) return std::nullopt;
    route.type = *type;
    route.rec_type = (*segments)[1];

    if (segments->size() == 2) return route;
    const std::string& third = (*segments)[2];
    if (third == "tags") return tagged_route(std::move(route), *segments);
    if (third == "token" && segments->size() == 4) {
        route.kind = Route::Kind::pipe;
        route.pipe_token = Secret(std::move((*segments)[3]));
        return route;
    }
    if (segments->size() != 3 || third == "token") return std::nullopt;
    route.kind = third == "latest" ? Route::Kind::latest : Route::Kind::object;
    if (route.kind == Route::Kind::object) route.id = third;
    return route;
}

std::string_view allowed_methods(Route::Kind kind) noexcept {
    switch (kind) {
        case Route::Kind::stream:
            return "GET, HEAD, OPTIONS, POST";
        case Route::Kind::latest:
            return "GET, HEAD, OPTIONS";
        case Route::Kind::object:
            return "DELETE, GET, HEAD, OPTIONS, PUT";
        case Route::Kind::pipe:
        case Route::Kind::events:
            return "OPTIONS, POST";
    }
    return "OPTIONS";
}

bool is_allowed(Route::Kind kind, std::string_view method) noexcept {
    std::string_view left = allowed_methods(kind);
    while (!left.empty()) {
        const std::size_t end = left.find(", ");
        if (left.substr(0, end) == method) return true;
        left = end == std::string_view::npos ? std::string_view() : left.substr(end + 2);
    }
    return false;
}

std::string_view path_of(ObjectType type) noexcept {
    for (const Prefix& prefix : kPrefixes)
        if (prefix.type == type) return prefix.segment;
    return {};
}

}  // namespace sluice::share_api
