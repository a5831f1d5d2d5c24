#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sandbox {

/// gRPC's status codes, by their numbers on the wire (grpc/grpc, doc/statuscodes.md).
enum class RpcCode {
    cancelled = 1,
    unknown = 2,
    invalid_argument = 3,
    deadline_exceeded = 4,
    not_found = 5,
    already_exists = 6,
    permission_denied = 7,
    resource_exhausted = 8,
    failed_precondition = 9,
    aborted = 10,
    out_of_range = 11,
    unimplemented = 12,
    internal = 13,
    unavailable = 14,
    data_loss = 15,
    unauthenticated = 16,
};

/// The names of all of them.
std::vector<std::string_view> rpc_code_names();
/// `INVALID_ARGUMENT`; nullopt for any other text.
std::optional<RpcCode> parse_rpc_code(std::string_view text) noexcept;

/// An error as the service tells it.
struct RpcError {
    RpcCode code = RpcCode::unknown;
    std::string message;
    /// Why in plain words, where the service keeps silent about it. Goes into the trailing metadata.
    std::string reason;
};

template <class T>
using RpcResult = boost::system::result<T, RpcError>;

[[noreturn]] inline void throw_exception_from_error(const RpcError& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

}  // namespace sluice::sandbox
