#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// What a token may do. A set is a bit mask.
enum class Scope : std::uint32_t {
    share_read = 1 << 0,
    share_create = 1 << 1,
    share_update = 1 << 2,
    share_delete = 1 << 3,
    integration_read = 1 << 4,
    integration_write = 1 << 5,
    metrics_read = 1 << 6,
    all = 0xffffffffu,
};
/// `SHARE:READ`, …, `ALL:ALL`.
std::string_view to_string(Scope scope) noexcept;
std::optional<Scope> parse_scope(std::string_view text) noexcept;

/// Who is calling: what a token was found to stand for. Plain value.
struct Principal {
    std::string token_id;  ///< public name of the token, never the token itself
    std::string token_name;
    std::string org;  ///< the org it acts for
    std::uint32_t scopes = 0;
    bool is_operator = false;            ///< every org (chosen by the Sluice-Org header)
    bool is_pipe = false;                ///< may only create, under `rec_types`
    std::vector<std::string> rec_types;  ///< patterns; only for pipe tokens

    bool may(Scope scope) const noexcept {
        auto bits = static_cast<std::uint32_t>(scope);
        return (scopes & bits) == bits;
    }
};

}  // namespace sluice
