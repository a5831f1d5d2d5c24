#include "destinations/pubsub/error_table.hpp"

#include <algorithm>
#include <array>

namespace sluice::pubsub {
namespace {

constexpr std::string_view kByItself = "It is tried again by itself.";
constexpr std::string_view kPermissionHint =
    "The credentials are good, but they may not publish to this topic: give the service account the role Pub/Sub "
    "Publisher (roles/pubsub.publisher) on the topic or on the project.";
constexpr std::string_view kNotEnabledHint =
    "Enable the Cloud Pub/Sub API for the project: console, APIs & Services, Library, Cloud Pub/Sub API, Enable.";
constexpr std::string_view kBillingHint = "Enable billing for the project: console, Billing.";
constexpr std::string_view kSignInHint =
    "Google does not accept these credentials: was the key deleted, or the service account disabled? Create another "
    "key "
    "and paste its file. Is this machine's clock right?";
constexpr std::string_view kMissingHint =
    "The topic does not exist, or its project does not: create it, or allow pubsub.topics.create "
    "(roles/pubsub.editor) and leave create_topics on.";
constexpr std::string_view kQuotaHint =
    "The project's publisher quota, or 1 MB/s for one ordering key, is used up: it passes by itself; raise the quota "
    "in "
    "IAM & Admin, Quotas.";
constexpr std::string_view kPreconditionHint =
    "The topic cannot be written to as it is: is billing enabled, does its message storage policy allow this region, "
    "is "
    "its encryption key (CMEK) enabled?";
constexpr std::string_view kInvalidHint = "Pub/Sub refuses the message: does it fit the topic's schema, if it has one?";
constexpr std::string_view kNameHint =
    "Google does not take the topic's or the project's name: project is the ID at the top of the console "
    "(my-project-123), not its name.";
constexpr std::string_view kTooLargeHint = "A message may have 10 MB with its attributes: send less (payload, redact).";
constexpr std::string_view kOtherServiceHint = "Is it Pub/Sub that answers at this endpoint?";
constexpr std::string_view kUnclearHint =
    "Whether it was stored is not known; it is sent again by itself, which can make a duplicate.";

struct Known {
    Status status;
    std::string_view name;
    Meaning meaning;  ///< class, for good, ambiguous, of the target, stops, hint
};

// Google's own clients retry ABORTED, CANCELLED, INTERNAL, RESOURCE_EXHAUSTED, UNKNOWN, UNAVAILABLE and
// DEADLINE_EXCEEDED (google/pubsub/v1/pubsub_grpc_service_config.json).
constexpr std::array kKnown = {
    Known{Status::ok, "OK", {}},
    Known{Status::cancelled, "CANCELLED", {ErrorClass::transient, false, true, false, true, kUnclearHint}},
    Known{Status::unknown, "UNKNOWN", {ErrorClass::transient, false, true, true, false, kUnclearHint}},
    Known{Status::invalid_argument, "INVALID_ARGUMENT", {ErrorClass::rejected, true, false, true, false, kInvalidHint}},
    Known{Status::deadline_exceeded,
          "DEADLINE_EXCEEDED",
          {ErrorClass::transient, false, true, false, true, kUnclearHint}},
    Known{Status::not_found, "NOT_FOUND", {ErrorClass::missing_target, false, false, true, true, kMissingHint}},
    Known{Status::already_exists, "ALREADY_EXISTS", {ErrorClass::transient, false, false, true, false, kByItself}},
    Known{Status::permission_denied,
          "PERMISSION_DENIED",
          {ErrorClass::credentials, false, false, true, true, kPermissionHint}},
    Known{Status::resource_exhausted,
          "RESOURCE_EXHAUSTED",
          {ErrorClass::throttled, false, false, true, true, kQuotaHint}},
    Known{Status::failed_precondition,
          "FAILED_PRECONDITION",
          {ErrorClass::missing_target, false, false, true, true, kPreconditionHint}},
    Known{Status::aborted, "ABORTED", {ErrorClass::transient, false, false, true, false, kByItself}},
    Known{Status::out_of_range, "OUT_OF_RANGE", {ErrorClass::transient, false, false, true, false, kByItself}},
    Known{
        Status::unimplemented, "UNIMPLEMENTED", {ErrorClass::transient, false, false, false, true, kOtherServiceHint}},
    Known{Status::internal, "INTERNAL", {ErrorClass::transient, false, true, true, false, kUnclearHint}},
    Known{Status::unavailable, "UNAVAILABLE", {ErrorClass::transient, false, true, false, true, kUnclearHint}},
    Known{Status::data_loss, "DATA_LOSS", {ErrorClass::transient, false, true, true, false, kUnclearHint}},
    Known{
        Status::unauthenticated, "UNAUTHENTICATED", {ErrorClass::credentials, false, false, false, true, kSignInHint}},
};

const Known& known(Status status) noexcept {
    auto found = std::find_if(kKnown.begin(), kKnown.end(), [status](const Known& k) { return k.status == status; });
    return found == kKnown.end() ? kKnown[2] : *found;
}

bool has(std::string_view text, std::string_view words) noexcept {
    return text.find(words) != std::string_view::npos;
}

/// Neither of the two codes that an oversize comes with says so: the words do. The first is the service's, the second
/// any gRPC server's own limit.
bool tells_of_size(Status status, std::string_view message) noexcept {
    if (status == Status::invalid_argument) {
        return has(message, "payload size exceeds") || has(message, "size exceeds the limit") ||
               has(message, "too large") || has(message, "maximum size");
    }
    return status == Status::resource_exhausted && has(message, "larger than max");
}

/// It is the name that is refused, of every message alike: none of them is at fault.
bool tells_of_name(Status status, std::string_view message) noexcept {
    return status == Status::invalid_argument &&
           (has(message, "nvalid resource name") || has(message, "nvalid [topics]") ||
            has(message, "nvalid [projects]") || has(message, "nvalid project"));
}

}  // namespace

std::string_view name_of(Status status) noexcept {
    return known(status).name;
}

Meaning meaning_of(Status status, std::string_view message, std::string_view reason) noexcept {
    if (tells_of_size(status, message)) return {ErrorClass::too_large, true, false, true, false, kTooLargeHint};
    if (tells_of_name(status, message)) return {ErrorClass::missing_target, false, false, true, true, kNameHint};
    Meaning meaning = known(status).meaning;
    bool is_refusal = status == Status::permission_denied || status == Status::failed_precondition;
    if (is_refusal && (reason == "SERVICE_DISABLED" || has(message, "it is disabled"))) {
        meaning.hint = kNotEnabledHint;
        meaning.of_target = false;
    } else if (is_refusal && (reason == "BILLING_DISABLED" || has(message, "requires billing"))) {
        meaning.hint = kBillingHint;
        meaning.of_target = false;
    }
    return meaning;
}

}  // namespace sluice::pubsub
