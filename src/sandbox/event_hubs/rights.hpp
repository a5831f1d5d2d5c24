#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "http/ascii.hpp"

namespace sluice::sandbox {

/// What a policy or a role allows. Manage comes with the other two.
struct Claims {
    bool manage = false;
    bool send = false;
    bool listen = false;
};

/// What somebody who was let in may do, where, and until when.
struct Rights {
    Claims claims;
    std::string hub;  ///< empty: everywhere in the namespace
    std::optional<Timestamp> until;

    bool covers(std::string_view name) const { return hub.empty() || http::equal_ignoring_case(hub, name); }
    bool may_send(std::string_view name) const { return claims.send && covers(name); }
    bool may_listen(std::string_view name) const { return claims.listen && covers(name); }
    /// Creating and deleting is a right on the namespace.
    bool may_manage() const { return claims.manage && hub.empty(); }
};

}  // namespace sluice::sandbox
