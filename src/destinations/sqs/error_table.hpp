#pragma once

#include <string_view>

#include "destination/destination.hpp"

namespace sluice::sqs {

/// What an error of SQS means for a message.
struct Meaning {
    ErrorClass error_class = ErrorClass::transient;
    bool for_good = false;   ///< sending it again cannot help
    bool ambiguous = false;  ///< it may have been stored all the same
    std::string_view hint;
};

/// Where an error was told.
enum class Told {
    of_request,  ///< the whole request was refused
    of_entry,    ///< this entry was, in an answer of 200
};

/// `AWS.SimpleQueueService.NonExistentQueue` gives `QueueDoesNotExist`: one name for the two that SQS has for an error.
std::string_view today_s_code(std::string_view code) noexcept;

/// The one place where SQS's error codes get their meaning. `code` in either spelling; `message` only tells an
/// oversize and what does not fit the queue's kind from other invalid parameters; `sender_fault` as SQS says it of an
/// entry.
Meaning meaning_of(std::string_view code, std::string_view message, int status, Told told, bool sender_fault) noexcept;

}  // namespace sluice::sqs
