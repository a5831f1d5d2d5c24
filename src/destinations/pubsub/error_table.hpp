#pragma once

#include <string_view>

#include "destination/destination.hpp"

namespace sluice::pubsub {

/// The status of a call, as gRPC numbers it (https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
enum class Status {
    ok = 0,
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

/// As people know it: `NOT_FOUND`.
std::string_view name_of(Status status) noexcept;

/// What a status of Publish means for the messages of its request.
struct Meaning {
    ErrorClass error_class = ErrorClass::transient;
    bool for_good = false;   ///< sending it again cannot help
    bool ambiguous = false;  ///< it may have been stored all the same, once it was sent
    bool of_target = true;   ///< it concerns the topic, not the whole destination
    /// What else is on its way to the topic would fare the same: no use in sending it.
    bool stops = false;
    std::string_view hint;
};

/// The one place where Pub/Sub's answers get their meaning. `message` is the service's own: it alone tells an oversize,
/// or an API that is not enabled. `reason`: google.rpc.ErrorInfo's, where told.
Meaning meaning_of(Status status, std::string_view message, std::string_view reason) noexcept;

}  // namespace sluice::pubsub
