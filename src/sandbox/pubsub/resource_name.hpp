#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/pubsub/rpc_error.hpp"

namespace sluice::sandbox {

/// `projects/{project}/topics/{id}` taken apart.
struct ResourceName {
    std::string project;
    std::string id;
};

/// 3 to 255 of `A-Za-z0-9-_.~+%`, first a letter, not starting with `goog` (Google: "Guidelines to name a topic, a
/// subscription, or a snapshot").
bool is_resource_id(std::string_view id) noexcept;

/// Takes a full name of the given collection (`topics`, `subscriptions`) apart; INVALID_ARGUMENT as the service words
/// it.
RpcResult<ResourceName> parse_resource_name(std::string_view collection, std::string_view name);
/// The project of `projects/{project}`; nullopt when it is none.
std::optional<std::string_view> parse_project(std::string_view name) noexcept;

}  // namespace sluice::sandbox
