#include "base/principal.hpp"

#include <array>
#include <utility>

namespace sluice {
namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 8> kScopes{{{Scope::share_read, "SHARE:READ"},
                                                                     {Scope::share_create, "SHARE:CREATE"},
                                                                     {Scope::share_update, "SHARE:UPDATE"},
                                                                     {Scope::share_delete, "SHARE:DELETE"},
                                                                     {Scope::integration_read, "INTEGRATION:READ"},
                                                                     {Scope::integration_write, "INTEGRATION:WRITE"},
                                                                     {Scope::metrics_read, "METRICS:READ"},
                                                                     {Scope::all, "ALL:ALL"}}};

}  // namespace

std::string_view to_string(Scope scope) noexcept {
    for (const auto& [known, name] : kScopes)
        if (known == scope) return name;
    return "unknown";
}

std::optional<Scope> parse_scope(std::string_view text) noexcept {
    for (const auto& [scope, name] : kScopes)
        if (name == text) return scope;
    return std::nullopt;
}

}  // namespace sluice
