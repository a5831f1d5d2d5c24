#include "sandbox/pubsub/resource_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::sandbox {
namespace {

constexpr std::string_view kProjects = "projects/";

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_id_character(char c) noexcept {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("-_.~+%").find(c) != std::string_view::npos;
}

}  // namespace

bool is_resource_id(std::string_view id) noexcept {
    return id.size() >= 3 && id.size() <= 255 && is_letter(id.front()) && !id.starts_with("goog") &&
           std::all_of(id.begin(), id.end(), is_id_character);
}

std::optional<std::string_view> parse_project(std::string_view name) noexcept {
    if (!name.starts_with(kProjects)) return std::nullopt;
    auto project = name.substr(kProjects.size());
    if (project.empty() || project.find('/') != std::string_view::npos) return std::nullopt;
    return project;
}

RpcResult<ResourceName> parse_resource_name(std::string_view collection, std::string_view name) {
    auto middle = fmt::format("/{}/", collection);
    auto at = name.find(middle);
    if (at != std::string_view::npos) {
        auto project = parse_project(name.substr(0, at));
        auto id = name.substr(at + middle.size());
        if (project && is_resource_id(id)) return ResourceName{std::string(*project), std::string(id)};
    }
    return RpcError{RpcCode::invalid_argument,
                    fmt::format("Invalid resource name given (name={}). Refer to "
                                "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more "
                                "information.",
                                name),
                    {}};
}

}  // namespace sluice::sandbox
