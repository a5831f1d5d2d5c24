#include "destinations/kinesis/response.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/utf8.hpp"
#include "destination/connection_failure.hpp"

namespace sluice::kinesis {
namespace {

/// What the service said, which an AwsError has cut already.
constexpr std::size_t kMaxMessageBytes = 500;
/// The longest honest answer, 500 records refused with words of their own, has about 200 KiB.
constexpr std::size_t kMostBytesToKeepMemoryFor = 256 << 10;

struct Row {
    std::string_view code;
    ErrorClass error_class;
    bool ambiguous;
    std::string_view hint;
    bool of_target = true;  ///< concerns one stream: the others go on
};

constexpr std::string_view kKeyHint =
    "The stream is encrypted with a KMS key that cannot be used: check the key's state and policy.";

constexpr std::string_view kStreamHint =
    "Kinesis refuses what is written of the stream, so every event alike: see `stream` or `stream_arn`, `region` and "
    "`endpoint`. The events wait.";

/// Kinesis's own codes. What is common to all AWS services follows from auth::aws_error_kind.
constexpr std::array kRows = {
    Row{"ProvisionedThroughputExceededException", ErrorClass::throttled, false,
        "A shard's write limit (1 MiB or 1,000 records a second) was reached: add shards or use on-demand mode, or "
        "spread "
        "the load over more keys."},
    Row{"KMSThrottlingException", ErrorClass::throttled, false,
        "The request quota of the stream's KMS key was reached."},
    Row{"ResourceInUseException", ErrorClass::transient, false,
        "The stream is being created or changed: wait until it is ACTIVE."},
    Row{"KMSAccessDeniedException", ErrorClass::credentials, false,
        "The stream is encrypted: allow kms:GenerateDataKey on its KMS key to these credentials."},
    Row{"KMSDisabledException", ErrorClass::missing_target, false, kKeyHint},
    Row{"KMSInvalidStateException", ErrorClass::missing_target, false, kKeyHint},
    Row{"KMSNotFoundException", ErrorClass::missing_target, false, kKeyHint},
    Row{"KMSOptInRequired", ErrorClass::missing_target, false, kKeyHint},
    Row{"InternalFailure", ErrorClass::transient, true, "", false},
    Row{"RequestEntityTooLarge", ErrorClass::too_large, false, ""},
    Row{"http_413", ErrorClass::too_large, false, ""},
    // No record of a request lacks what another has.
    Row{"MissingParameter", ErrorClass::missing_target, false, kStreamHint},
    // Only these blame what was sent.
    Row{"ValidationException", ErrorClass::rejected, false, ""},
    Row{"ValidationError", ErrorClass::rejected, false, ""},
    Row{"InvalidArgumentException", ErrorClass::rejected, false, ""},
    Row{"SerializationException", ErrorClass::rejected, false, ""},
    Row{"InvalidParameterValue", ErrorClass::rejected, false, ""},
};

const Row* find_row(std::string_view code) {
    auto found = std::find_if(kRows.begin(), kRows.end(), [code](const Row& row) { return row.code == code; });
    return found == kRows.end() ? nullptr : &*found;
}

bool contains(std::string_view text, std::string_view lower_words) {
    auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(text.begin(), text.end(), lower_words.begin(), lower_words.end(), same) != text.end();
}

/// These two are told for anything; only the message says for what.
bool is_told_for_anything(std::string_view code) {
    return code == "ValidationException" || code == "InvalidArgumentException";
}

/// Is it the stream that is refused, and nothing else? `Value 'a b' at 'streamName' failed to satisfy constraint: …`
/// names each member that is at fault so; where a record's value quotes these words, its own place follows.
bool refuses_the_stream(std::string_view code, std::string_view message) {
    if (!is_told_for_anything(code)) return false;
    constexpr std::string_view kPlace = " at '";
    auto place = message.find(kPlace);
    if (place == std::string_view::npos) {
        bool names_it = contains(message, "streamname") || contains(message, "streamarn");
        return names_it && !contains(message, "record") && !contains(message, "partition") &&
               !contains(message, "hash");
    }
    for (; place != std::string_view::npos; place = message.find(kPlace, place + 1)) {
        auto member = message.substr(place + kPlace.size());
        member = member.substr(0, member.find('\''));
        if (member != "streamName" && member != "streamARN") return false;
    }
    return true;
}

bool refuses_a_size(std::string_view code, std::string_view message) {
    if (!is_told_for_anything(code)) return false;
    if (contains(message, "streamname") || contains(message, "partitionkey")) return false;
    for (auto words : {"less than or equal to", "exceed", "larger than", "too large", "maximum size", "size limit"}) {
        if (contains(message, words)) return true;
    }
    return false;
}

std::string not_found_hint(std::string_view region) {
    return fmt::format("Is the name right, and is the stream in {}? A stream is looked for in one region only.",
                       region);
}

std::shared_ptr<const Failure> nonsense(std::string_view what) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = ErrorClass::transient;
    failure->code = "bad_answer";
    failure->message = fmt::format("the answer to PutRecords {}", what);
    failure->hint = "Is something between this machine and Kinesis answering in its place?";
    return failure;
}

/// Absent, null and anything but text give an empty view.
std::string_view text_of(const simdjson::dom::object& object, std::string_view name) {
    std::string_view text;
    if (object[name].get_string().get(text) != simdjson::SUCCESS) return {};
    return text;
}

std::optional<std::uint64_t> number_of(const simdjson::dom::object& object, std::string_view name) {
    std::uint64_t number = 0;
    if (object[name].get_uint64().get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

}  // namespace

Meaning meaning_of(std::string_view code, int status, std::string_view message) noexcept {
    if (refuses_the_stream(code, message)) return {ErrorClass::missing_target, false};
    if (refuses_a_size(code, message)) return {ErrorClass::too_large, false};
    if (const auto* row = find_row(code)) return {row->error_class, row->ambiguous};
    // Also what emulators say: `ResourceNotFoundException`, `ResourceNotFound`.
    if (code.starts_with("ResourceNotFound")) return {ErrorClass::missing_target, false};
    switch (auth::aws_error_kind(code, status)) {
        case auth::AwsErrorKind::expired_credentials:
        case auth::AwsErrorKind::unknown_key:
        case auth::AwsErrorKind::wrong_signature:
        case auth::AwsErrorKind::access_denied:
            return {ErrorClass::credentials, false};
        case auth::AwsErrorKind::throttled:
            return {ErrorClass::throttled, false};
        case auth::AwsErrorKind::service_fault:
            return {ErrorClass::transient, true};
        case auth::AwsErrorKind::other:
            break;
    }
    // A proxy or another service in Kinesis's place, or a code that came later: no event is given up for it.
    return {ErrorClass::transient, false};
}

std::string hint_for(std::string_view code, int status, const Meaning& meaning, std::string_view region) {
    if (const auto* row = find_row(code); row != nullptr && !row->hint.empty()) return std::string(row->hint);
    auto kind = auth::aws_error_kind(code, status);
    if (kind == auth::AwsErrorKind::access_denied) {
        return "Allow kinesis:PutRecords on the stream in the policy of these credentials.";
    }
    if (auto hint = auth::aws_error_hint(kind); !hint.empty()) return std::string(hint);
    switch (meaning.error_class) {
        case ErrorClass::missing_target:
            return is_told_for_anything(code) ? std::string(kStreamHint) : not_found_hint(region);
        case ErrorClass::too_large:
            return "Raise the stream's maximum record size (up to 10 MiB), or send smaller objects (payload, redact).";
        case ErrorClass::throttled:
            return "The service asked for less; Sluice sends again by itself.";
        case ErrorClass::transient:
            if (kind == auth::AwsErrorKind::other)
                return "Kinesis does not answer like this: does something else answer in its place? Check `endpoint` "
                       "and any proxy on the way. Sluice sends again by itself.";
            return "The failure is the service's own; Sluice sends again by itself.";
        default:
            return "The service refuses the request as it is: see its message.";
    }
}

namespace {

std::shared_ptr<Failure> failure_of(std::string_view code, int status, std::string_view message,
                                    std::string_view target, std::string_view region, const Meaning& meaning) {
    auto failure = std::make_shared<Failure>();
    failure->error_class = meaning.error_class;
    failure->code = shown_text(code, kMaxMessageBytes);
    failure->message = shown_text(message, kMaxMessageBytes);
    failure->hint = hint_for(code, status, meaning, region);
    // What concerns every stream alike (the credentials themselves, the service) names none.
    const auto* row = find_row(code);
    bool of_target = meaning.error_class == ErrorClass::missing_target ||
                     meaning.error_class == ErrorClass::throttled || meaning.error_class == ErrorClass::too_large ||
                     meaning.error_class == ErrorClass::rejected ||
                     auth::aws_error_kind(code, status) == auth::AwsErrorKind::access_denied;
    if (row != nullptr) of_target = row->of_target;
    if (of_target) failure->target = target;
    return failure;
}

Verdict verdict_of(std::shared_ptr<const Failure> failure, const Meaning& meaning) {
    bool is_final = meaning.error_class == ErrorClass::rejected || meaning.error_class == ErrorClass::too_large;
    return is_final ? Verdict::rejected(std::move(failure)) : Verdict::retry(std::move(failure), meaning.ambiguous);
}

}  // namespace

Verdict verdict_of_error(const auth::AwsError& error, std::string_view target, std::string_view region) {
    auto meaning = meaning_of(error.code, error.status, error.message);
    auto failure = failure_of(error.code, error.status, error.message, target, region, meaning);
    if (failure->message.empty()) failure->message = fmt::format("the service answered with status {}", error.status);
    return verdict_of(std::move(failure), meaning);
}

Verdict verdict_of_call_error(const auth::AwsCallError& error, const Endpoint& endpoint) {
    if (!error.no_credentials) return connection_verdict(error.transport, endpoint);
    bool passes = error.error.code == Errc::unavailable || error.error.code == Errc::timeout ||
                  error.error.code == Errc::cancelled;
    auto failure = std::make_shared<Failure>();
    failure->error_class = passes ? ErrorClass::transient : ErrorClass::credentials;
    failure->code = "no_credentials";
    failure->message = error.error.message;
    failure->hint = error.error.hint.empty() ? "Check `credentials`." : error.error.hint;
    return Verdict::retry(std::move(failure));
}

struct PutRecordsResponse::Parser {
    simdjson::dom::parser parser;
};

PutRecordsResponse::PutRecordsResponse() : parser_(std::make_unique<Parser>()) {}
PutRecordsResponse::~PutRecordsResponse() = default;

std::vector<Verdict> PutRecordsResponse::read(std::string_view body, std::size_t records, std::string_view target,
                                              std::string_view region) {
    auto distrust = [records](std::string_view what) {
        return std::vector<Verdict>(records, Verdict::retry(nonsense(what), true));
    };
    // It takes about 13 bytes for each of a document's and never gives them back. Whoever answers at an endpoint of the
    // tenant's own would choose what an idle integration costs.
    auto for_this_one = body.size() > kMostBytesToKeepMemoryFor ? std::make_unique<Parser>() : nullptr;
    auto& parser = for_this_one ? for_this_one->parser : parser_->parser;
    simdjson::dom::object answer;
    simdjson::dom::array entries;
    if (parser.parse(body.data(), body.size()).get_object().get(answer) != simdjson::SUCCESS) {
        return distrust("is not a JSON object");
    }
    if (answer["Records"].get_array().get(entries) != simdjson::SUCCESS) return distrust("has no Records");

    std::vector<Verdict> verdicts;
    verdicts.reserve(records);
    std::size_t failed = 0;
    // Records of one request mostly fail for one reason: they share it.
    std::shared_ptr<const Failure> last;
    std::string_view last_code;
    std::string_view last_message;
    Meaning last_meaning;
    for (simdjson::dom::element element : entries) {
        simdjson::dom::object entry;
        if (element.get_object().get(entry) != simdjson::SUCCESS) return distrust("has an entry that is no object");
        auto code = text_of(entry, "ErrorCode");
        if (code.empty()) {
            if (text_of(entry, "SequenceNumber").empty())
                return distrust("has an entry that is neither stored nor refused");
            verdicts.push_back(Verdict::accepted());
            continue;
        }
        ++failed;
        auto message = text_of(entry, "ErrorMessage");
        if (!last || last_code != code || last_message != message) {
            last_code = code;
            last_message = message;
            last_meaning = meaning_of(code, 200, message);
            last = failure_of(code, 200, message, target, region, last_meaning);
        }
        verdicts.push_back(verdict_of(last, last_meaning));
    }
    if (verdicts.size() != records)
        return distrust(fmt::format("has {} entries for {} records", verdicts.size(), records));
    auto counted = number_of(answer, "FailedRecordCount");
    if (counted && *counted != failed) {
        return distrust(fmt::format("counts {} failures and lists {}", *counted, failed));
    }
    return verdicts;
}

std::optional<StreamSummary> read_stream_summary(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::object answer;
    simdjson::dom::object summary;
    if (parser.parse(body.data(), body.size()).get_object().get(answer) != simdjson::SUCCESS) return std::nullopt;
    if (answer["StreamDescriptionSummary"].get_object().get(summary) != simdjson::SUCCESS) return std::nullopt;
    StreamSummary out;
    out.status = text_of(summary, "StreamStatus");
    simdjson::dom::object mode;
    if (summary["StreamModeDetails"].get_object().get(mode) == simdjson::SUCCESS)
        out.mode = text_of(mode, "StreamMode");
    out.open_shards = number_of(summary, "OpenShardCount");
    out.max_record_kib = number_of(summary, "MaxRecordSizeInKiB");
    return out;
}

}  // namespace sluice::kinesis
