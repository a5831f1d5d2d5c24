#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "event/event.hpp"
#include "http/message.hpp"

namespace sluice::share_api {

/// What a path of the Share API names.
struct Route {
    enum class Kind {
        stream,  ///< /share/{recType}[/tags/{tag}/…]
        pipe,    ///< /share/{recType}/token/{pipeToken}
        latest,  ///< /share/{recType}[/tags/{tag}/…]/latest
        object,  ///< /share/{recType}/{id}
        events,  ///< /events
    };

    Kind kind = Kind::stream;
    ObjectType type = ObjectType::objs;
    std::string rec_type;
    std::vector<std::string> tags;
    std::string id;
    Secret pipe_token;
};

/// True when the path belongs to the Share API, whether or not it names something there.
bool is_share_api_path(std::string_view path) noexcept;

/// nullopt when the path names nothing. Names are not checked for validity yet.
std::optional<Route> parse_route(const http::Request& request);

/// The methods that a kind of route takes, as in an Allow header.
std::string_view allowed_methods(Route::Kind kind) noexcept;
bool is_allowed(Route::Kind kind, std::string_view method) noexcept;

/// `/share` for objs, and so on: the first segment of a type's paths.
std::string_view path_of(ObjectType type) noexcept;

}  // namespace sluice::share_api
