#include "sandbox/pubsub/rpc_error.hpp"

#include <utility>

namespace sluice::sandbox {

namespace {

constexpr std::pair<std::string_view, RpcCode> kCodes[] = {
    {"CANCELLED", RpcCode::cancelled},
    {"UNKNOWN", RpcCode::unknown},
    {"INVALID_ARGUMENT", RpcCode::invalid_argument},
    {"DEADLINE_EXCEEDED", RpcCode::deadline_exceeded},
    {"NOT_FOUND", RpcCode::not_found},
    {"ALREADY_EXISTS", RpcCode::already_exists},
    {"PERMISSION_DENIED", RpcCode::permission_denied},
    {"RESOURCE_EXHAUSTED", RpcCode::resource_exhausted},
    {"FAILED_PRECONDITION", RpcCode::failed_precondition},
    {"ABORTED", RpcCode::aborted},
    {"OUT_OF_RANGE", RpcCode::out_of_range},
    {"UNIMPLEMENTED", RpcCode::unimplemented},
    {"INTERNAL", RpcCode::internal},
    {"UNAVAILABLE", RpcCode::unavailable},
    {"DATA_LOSS", RpcCode::data_loss},
    {"UNAUTHENTICATED", RpcCode::unauthenticated},
};

}  // namespace

std::vector<std::string_view> rpc_code_names() {
    std::vector<std::string_view> names;
    for (const auto& [name, code] : kCodes) names.push_back(name);
    return names;
}

std::optional<RpcCode> parse_rpc_code(std::string_view text) noexcept {
    for (const auto& [name, code] : kCodes) {
        if (name == text) return code;
    }
    return std::nullopt;
}

}  // namespace sluice::sandbox
