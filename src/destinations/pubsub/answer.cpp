#include "destinations/pubsub/answer.hpp"

#include <algorithm>
#include <cstdint>

#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"

namespace sluice::pubsub {
namespace {

constexpr std::size_t kMostReasonBytes = 63;
constexpr std::int64_t kMostRetrySeconds = 24 * 3600;

// Reading protobuf's wire format, as far as google.rpc.Status needs it.

struct Field {
    std::uint32_t number = 0;
    std::uint32_t wire_type = 0;
    std::uint64_t value = 0;   ///< of a varint
    std::string_view content;  ///< of what is length-delimited
};

bool take_varint(std::string_view& bytes, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/// False at the end, or where it is no message any more.
bool take_field(std::string_view& bytes, Field& field) {
    std::uint64_t key = 0;
    if (bytes.empty() || !take_varint(bytes, key)) return false;
    field.number = static_cast<std::uint32_t>(key >> 3);
    field.wire_type = static_cast<std::uint32_t>(key & 7);
    field.content = {};
    std::uint64_t size = 0;
    switch (field.wire_type) {
        case 0:
            return take_varint(bytes, field.value);
        case 1:
            size = 8;
            break;
        case 2:
            if (!take_varint(bytes, size)) return false;
            break;
        case 5:
            size = 4;
            break;
        default:
            return false;
    }
    if (size > bytes.size()) return false;
    field.content = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return true;
}

std::string_view content_of(std::string_view message, std::uint32_t number) {
    Field field;
    while (take_field(message, field)) {
        if (field.number == number && field.wire_type == 2) return field.content;
    }
    return {};
}

std::uint64_t varint_of(std::string_view message, std::uint32_t number) {
    Field field;
    while (take_field(message, field)) {
        if (field.number == number && field.wire_type == 0) return field.value;
    }
    return 0;
}

bool is_reason(std::string_view text) {
    return text.size() <= kMostReasonBytes && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
           });
}

bool has(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

/// The first line, no longer than a message should be.
std::string shown(std::string_view message) {
    return shown_text(message.substr(0, message.find_first_of("\r\n")), kMostMessageBytes);
}

/// How gRPC tells that it found nobody to send to.
Failure connection_failure(const Answer& answer, const Endpoint& endpoint) {
    Failure failure;
    failure.error_class = ErrorClass::transient;
    failure.message = endpoint.to_url() + ": " + shown(answer.message);
    ConnectStep step = ConnectStep::connect;
    if (answer.status == Status::cancelled) {
        failure.code = "cancelled";
    } else if (answer.status == Status::deadline_exceeded) {
        failure.code = "timeout";
    } else if (has(answer.message, "Connection refused")) {
        failure.code = "connection_refused";
    } else if (has(answer.message, "CERTIFICATE_VERIFY_FAILED") || has(answer.message, "certificate verify failed")) {
        failure.code = "tls_untrusted";
        step = ConnectStep::tls;
    } else if (has(answer.message, "andshake") || has(answer.message, "Peer name") || has(answer.message, "SSL")) {
        failure.code = "tls_failed";
        step = ConnectStep::tls;
    } else {
        failure.code = "connection_failed";
    }
    failure.hint = connection_hint(step, endpoint);
    return failure;
}

bool never_sent(const Answer& answer) {
    return !answer.maybe_sent && (answer.status == Status::unavailable || answer.status == Status::cancelled ||
                                  answer.status == Status::deadline_exceeded);
}

}  // namespace

ErrorDetails read_error_details(std::string_view bytes) {
    constexpr std::string_view kErrorInfo = "type.googleapis.com/google.rpc.ErrorInfo";
    constexpr std::string_view kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";
    ErrorDetails details;
    Field field;
    while (take_field(bytes, field)) {
        if (field.number != 3 || field.wire_type != 2) continue;  // google.rpc.Status.details, each an Any
        auto type = content_of(field.content, 1);
        auto value = content_of(field.content, 2);
        if (type == kErrorInfo) {
            auto reason = content_of(value, 1);
            if (is_reason(reason)) details.reason = reason;
        } else if (type == kRetryInfo) {
            auto delay = content_of(value, 1);  // google.protobuf.Duration
            auto seconds = static_cast<std::int64_t>(varint_of(delay, 1));
            auto nanos = static_cast<std::int64_t>(varint_of(delay, 2));
            if (seconds >= 0 && seconds <= kMostRetrySeconds && nanos >= 0 && nanos < 1'000'000'000) {
                details.retry_after = std::chrono::milliseconds(seconds * 1000 + nanos / 1'000'000);
            }
        }
    }
    return details;
}

Failure failure_of(const Answer& answer, const std::string& target, const Endpoint& endpoint) {
    if (answer.not_begun) return *answer.not_begun;
    if (never_sent(answer)) return connection_failure(answer, endpoint);
    auto details = read_error_details(answer.details);
    auto meaning = meaning_of(answer.status, answer.message, details.reason);
    Failure failure;
    failure.error_class = meaning.error_class;
    failure.code = name_of(answer.status);
    if (!details.reason.empty()) failure.code += "/" + details.reason;
    failure.message = shown(answer.message);
    failure.hint = meaning.hint;
    if (meaning.of_target) failure.target = target;
    failure.retry_after = details.retry_after;
    return failure;
}

Verdict verdict_of(const Answer& answer, const std::string& target, const Endpoint& endpoint) {
    if (answer.ok()) return Verdict::accepted();
    auto failure =
        answer.not_begun ? answer.not_begun : std::make_shared<const Failure>(failure_of(answer, target, endpoint));
    if (answer.not_begun) return Verdict::retry(std::move(failure));
    auto meaning = meaning_of(answer.status, answer.message, {});
    if (meaning.for_good) return Verdict::rejected(std::move(failure));
    return Verdict::retry(std::move(failure), meaning.ambiguous && answer.maybe_sent);
}

bool stops_others(const Answer& answer) {
    return answer.not_begun || (!answer.ok() && meaning_of(answer.status, answer.message, {}).stops);
}

}  // namespace sluice::pubsub
