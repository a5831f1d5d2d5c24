#pragma once

#include <string>
#include <string_view>

#include "api/management.hpp"

namespace sluice::api {

/// What a path of the management API names.
struct ManagementApi::Route {
    enum class Kind { integrations, integration, action, status, reload, tail, metrics, health, ready };
    Kind kind;
    std::string id;
    std::string action;
    std::string_view methods;

    Scope scope(std::string_view method) const {
        switch (kind) {
            case Kind::tail:
                return Scope::share_read;
            case Kind::metrics:
                return Scope::metrics_read;
            default:
                break;
        }
        bool reads = method == "GET" || method == "HEAD";
        return reads ? Scope::integration_read : Scope::integration_write;
    }
};

}  // namespace sluice::api
