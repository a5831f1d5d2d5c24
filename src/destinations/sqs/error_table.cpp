#include "destinations/sqs/error_table.hpp"

#include <algorithm>
#include <array>

#include "auth/aws_error.hpp"

namespace sluice::sqs {
namespace {

constexpr std::string_view kMissingHint =
    "Is queue_url right: its region, account and name? SQS answers the same when the queue belongs to "
    "another account whose queue policy does not allow these credentials sqs:SendMessage.";
constexpr std::string_view kTooLargeHint =
    "Raise the queue's maximum message size in the SQS console (it may be up to 1 MiB), or send less: payload, redact.";
constexpr std::string_view kKindHint =
    "SQS refuses this of every event alike: does the queue's kind fit queue_url (a FIFO queue's name ends in "
    ".fifo) and message_group_id, and is endpoint SQS's? The events wait.";
constexpr std::string_view kThrottledHint =
    "Nothing: it is sent later. A FIFO queue takes more with high throughput turned on.";
constexpr std::string_view kFaultHint =
    "Nothing: the service has a fault of its own for the moment, and is tried again.";
constexpr std::string_view kValueHint =
    "See what SQS says of the event; change what is sent, or what is written to Sluice, and redeliver it.";
constexpr std::string_view kOwnFaultHint =
    "Is it SQS that answers at endpoint? The request was not taken as it is meant.";
constexpr std::string_view kKeyHint =
    "The queue is encrypted with a KMS key that these credentials cannot use: enable the key, and allow "
    "kms:GenerateDataKey and kms:Decrypt.";
constexpr std::string_view kAccessHint =
    "The credentials are good, but they may not do this: allow sqs:SendMessage on this queue, and if it "
    "belongs to another account, in its queue policy too.";

constexpr Meaning kMissing{ErrorClass::missing_target, false, false, kMissingHint};
/// What is written down does not fit the queue, whichever event it is.
constexpr Meaning kKind{ErrorClass::missing_target, false, false, kKindHint};
constexpr Meaning kThrottled{ErrorClass::throttled, false, false, kThrottledHint};
constexpr Meaning kTooLarge{ErrorClass::too_large, true, false, kTooLargeHint};
constexpr Meaning kKey{ErrorClass::credentials, false, false, kKeyHint};
constexpr Meaning kAccess{ErrorClass::credentials, false, false, kAccessHint};

constexpr Meaning rejected(std::string_view hint) {
    return {ErrorClass::rejected, true, false, hint};
}
/// Something is wrong between Sluice and the service: nothing was stored, and no message is to blame.
constexpr Meaning transient(std::string_view hint) {
    return {ErrorClass::transient, false, false, hint};
}

struct Known {
    std::string_view code;
    Meaning meaning;
};

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
constexpr std::array kKnown = {
    Known{"QueueDoesNotExist", kMissing},
    Known{"QueueDeletedRecently", kMissing},
    Known{"InvalidAddress", kMissing},
    Known{"ResourceNotFoundException", kMissing},
    Known{"BatchRequestTooLong", kTooLarge},
    Known{"RequestEntityTooLarge", kTooLarge},
    Known{"http_413", kTooLarge},
    Known{"OverLimit", kThrottled},
    Known{"KmsThrottled", kThrottled},
    Known{"KmsAccessDenied", kKey},
    Known{"KmsDisabled", kKey},
    Known{"KmsInvalidKeyUsage", kKey},
    Known{"KmsInvalidState", kKey},
    Known{"KmsNotFound", kKey},
    Known{"KmsOptInRequired", kKey},
    Known{"InvalidSecurity",
          {ErrorClass::credentials, false, false,
           "The queue asks for HTTPS with Signature Version 4: use an https:// endpoint."}},
    Known{"InvalidMessageContents", rejected("The body contains characters that SQS does not carry.")},
    Known{"InvalidAttributeValue", rejected(kValueHint)},
    Known{"InvalidParameterValue", rejected(kValueHint)},
    // Of every event the same parameters are sent.
    Known{"MissingParameter", kKind},
    Known{"UnsupportedOperation", kKind},
    Known{"InvalidAttributeName", kKind},
    // These would be Sluice's own fault; no message is given up for it.
    Known{"EmptyBatchRequest", transient(kOwnFaultHint)},
    Known{"TooManyEntriesInBatchRequest", transient(kOwnFaultHint)},
    Known{"BatchEntryIdsNotDistinct", transient(kOwnFaultHint)},
    Known{"InvalidBatchEntryId", transient(kOwnFaultHint)},
};

struct Renamed {
    std::string_view before;
    std::string_view today;
};
constexpr std::string_view kOldPrefix = "AWS.SimpleQueueService.";
constexpr std::array kRenamed = {
    Renamed{"NonExistentQueue", "QueueDoesNotExist"},
    Renamed{"QueueAlreadyExists", "QueueNameExists"},
    // KMS's own names, which SQS passed on before it had names for them.
    Renamed{"KMS.ThrottlingException", "KmsThrottled"},
    Renamed{"KMS.AccessDeniedException", "KmsAccessDenied"},
    Renamed{"KMS.DisabledException", "KmsDisabled"},
    Renamed{"KMS.InvalidKeyUsageException", "KmsInvalidKeyUsage"},
    Renamed{"KMS.InvalidStateException", "KmsInvalidState"},
    Renamed{"KMS.NotFoundException", "KmsNotFound"},
    Renamed{"KMS.OptInRequired", "KmsOptInRequired"},
};

/// SQS has no code of its own for a message that is too long: the words tell.
bool tells_of_size(std::string_view message) {
    return message.find("shorter than") != std::string_view::npos ||
           message.find("must be less than") != std::string_view::npos;
}

/// Nor one for a parameter that the queue's kind needs or does not take. What the message quotes of an event stands
/// before these words.
bool tells_of_queue_kind(std::string_view message) {
    if (message.ends_with('.')) message.remove_suffix(1);
    return message.ends_with("not valid for this queue type") ||
           message.starts_with("The request must contain the parameter");
}

Meaning of_kind(auth::AwsErrorKind kind, Told told, bool sender_fault) {
    switch (kind) {
        case auth::AwsErrorKind::expired_credentials:
        case auth::AwsErrorKind::unknown_key:
        case auth::AwsErrorKind::wrong_signature:
            return {ErrorClass::credentials, false, false, auth::aws_error_hint(kind)};
        case auth::AwsErrorKind::access_denied:
            return kAccess;
        case auth::AwsErrorKind::throttled:
            return kThrottled;
        case auth::AwsErrorKind::service_fault:
            return {ErrorClass::transient, false, true, kFaultHint};
        case auth::AwsErrorKind::other:
            break;
    }
    // Of an entry SQS says whose fault it was; of a request that was refused for an unknown reason nobody is blamed.
    if (told == Told::of_entry && sender_fault) return rejected(kValueHint);
    return transient(kOwnFaultHint);
}

}  // namespace

std::string_view today_s_code(std::string_view code) noexcept {
    if (code.starts_with(kOldPrefix)) code.remove_prefix(kOldPrefix.size());
    auto renamed =
        std::find_if(kRenamed.begin(), kRenamed.end(), [code](const Renamed& r) { return r.before == code; });
    return renamed == kRenamed.end() ? code : renamed->today;
}

Meaning meaning_of(std::string_view code, std::string_view message, int status, Told told, bool sender_fault) noexcept {
    code = today_s_code(code);
    if (code == "InvalidParameterValue" && tells_of_queue_kind(message)) return kKind;
    if (code == "InvalidParameterValue" && tells_of_size(message)) return kTooLarge;
    auto known = std::find_if(kKnown.begin(), kKnown.end(), [code](const Known& k) { return k.code == code; });
    if (known != kKnown.end()) return known->meaning;
    // What a name says that is new here: neither a pace nor a key is an event's fault.
    if (code.find("Throttl") != std::string_view::npos) return kThrottled;
    if (code.starts_with("KMS") || code.starts_with("Kms")) return kKey;
    return of_kind(auth::aws_error_kind(code, status), told, sender_fault);
}

}  // namespace sluice::sqs
