#include "sandbox/aws/kinesis_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/encoding.hpp"
#include "json/find.hpp"
#include "sandbox/aws/aws_input.hpp"

namespace sluice::sandbox {
namespace {

namespace bj = boost::json;

constexpr std::string_view kPutRecords = "PutRecords";
constexpr std::string_view kPutRecord = "PutRecord";
constexpr std::size_t kMaxRecordsPerRead = 10'000;
constexpr std::size_t kMaxBytesPerRead = std::size_t{10} << 20;
constexpr std::int64_t kMaxShardsPerPage = 1'000;
constexpr auto kTokenLifetime = std::chrono::minutes(5);  ///< of shard iterators and page tokens

std::string arn(const Caller& caller, std::string_view stream) {
    return fmt::format("arn:aws:kinesis:{}:000000000000:stream/{}", caller.region, stream);
}

/// Shard iterators and page tokens: opaque to clients, `stream\nnumber\nnumber\nissued` inside.
struct Token {
    std::string stream;
    std::uint64_t shard = 0;
    std::uint64_t position = 0;
    std::int64_t issued_ms = 0;
};

std::string write_token(const Token& token) {
    return base64_encode(fmt::format("{}\n{}\n{}\n{}", token.stream, token.shard, token.position, token.issued_ms));
}

std::optional<Token> read_token(std::string_view text) {
    auto decoded = base64_decode(text);
    if (!decoded) return std::nullopt;
    Token token;
    std::string_view rest(*decoded);
    auto next = [&]() -> std::string_view {
        auto end = std::min(rest.find('\n'), rest.size());
        auto part = rest.substr(0, end);
        rest.remove_prefix(std::min(rest.size(), end + 1));
        return part;
    };
    auto number = [](std::string_view part, auto& into) {
        auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), into);
        return failure == std::errc() && end == part.data() + part.size();
    };
    token.stream = next();
    if (!number(next(), token.shard) || !number(next(), token.position) || !number(next(), token.issued_ms))
        return std::nullopt;
    return token;
}

bj::object shard_json(const StreamInfo& stream, const ShardInfo& shard) {
    auto prefix = KinesisStreams::sequence_prefix(stream.created_ms, shard.index);
    bj::object range;
    range["StartingSequenceNumber"] = KinesisStreams::sequence_number(prefix, 0);
    if (!shard.open) range["EndingSequenceNumber"] = KinesisStreams::sequence_number(prefix, shard.next_counter);
    bj::object out;
    out["ShardId"] = KinesisStreams::shard_id(shard.index);
    if (shard.parent) out["ParentShardId"] = KinesisStreams::shard_id(*shard.parent);
    if (shard.adjacent_parent) out["AdjacentParentShardId"] = KinesisStreams::shard_id(*shard.adjacent_parent);
    out["HashKeyRange"] =
        bj::object{{"StartingHashKey", to_decimal(shard.range.first)}, {"EndingHashKey", to_decimal(shard.range.last)}};
    out["SequenceNumberRange"] = std::move(range);
    return out;
}

bj::object stream_json(const StreamInfo& stream, const Caller& caller) {
    bj::object out;
    out["StreamName"] = stream.name;
    out["StreamARN"] = arn(caller, stream.name);
    out["StreamStatus"] = stream.active ? "ACTIVE" : "CREATING";
    out["StreamModeDetails"] = bj::object{{"StreamMode", stream.on_demand ? "ON_DEMAND" : "PROVISIONED"}};
    out["RetentionPeriodHours"] = 24;
    out["StreamCreationTimestamp"] = static_cast<double>(stream.created_ms) / 1000.0;
    out["EnhancedMonitoring"] = bj::array{bj::object{{"ShardLevelMetrics", bj::array{}}}};
    out["EncryptionType"] = "NONE";
    return out;
}

/// True for shards that a ShardFilter lets through. The kinds that look back in time show all, as nothing ever expires
/// here.
bool passes_filter(const bj::object& input, const ShardInfo& shard) {
    const auto* filter = object_member(input, "ShardFilter");
    auto type = filter != nullptr ? text_member(*filter, "Type") : std::nullopt;
    return type != "AT_LATEST" || shard.open;
}

}  // namespace

bool is_stream_name(std::string_view name) {
    return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    });
}

std::string stream_name(const bj::object& input) {
    if (auto by_arn = text_member(input, "StreamARN")) {
        if (auto name = stream_of_arn(*by_arn); !name.empty()) return std::string(name);
    }
    return text_member(input, "StreamName").value_or("");
}

KinesisApi::KinesisApi(PutLimits limits, std::size_t shards, KinesisStreams& streams, const Clock& clock)
    : streams_(streams), clock_(clock) {
    for (std::size_t i = 0; i < shards; i++) readers_.emplace_back(limits);
}

const std::map<std::string_view, KinesisApi::Operation>& KinesisApi::operations() {
    static const std::map<std::string_view, Operation> kOperations{
        {"CreateStream", [](KinesisApi& api, const Input& input, const Caller&) { return api.create_stream(input); }},
        {"DeleteStream", [](KinesisApi& api, const Input& input, const Caller&) { return api.delete_stream(input); }},
        {"UpdateShardCount",
         [](KinesisApi& api, const Input& input, const Caller&) { return api.update_shard_count(input); }},
        {"DescribeStream",
         [](KinesisApi& api, const Input& input, const Caller& caller) { return api.describe_stream(input, caller); }},
        {"DescribeStreamSummary", [](KinesisApi& api, const Input& input,
                                     const Caller& caller) { return api.describe_stream_summary(input, caller); }},
        {"ListStreams", [](KinesisApi& api, const Input& input, const Caller&) { return api.list_streams(input); }},
        {"ListShards", [](KinesisApi& api, const Input& input, const Caller&) { return api.list_shards(input); }},
        {"GetShardIterator",
         [](KinesisApi& api, const Input& input, const Caller&) { return api.get_shard_iterator(input); }},
        {"GetRecords", [](KinesisApi& api, const Input& input, const Caller&) { return api.get_records(input); }},
        {"AddTagsToStream", [](KinesisApi&, const Input&, const Caller&) { return Reply(AwsReply{}); }},
    };
    return kOperations;
}

FaultWords KinesisApi::fault_words() const {
    FaultWords words{service(), {kPutRecords, kPutRecord}, {kPutRecords, kPutRecord}};
    for (const auto& [name, run] : operations()) words.operations.push_back(name);
    return words;
}

AwsResult<AwsCall> KinesisApi::prepare(std::string_view operation, http::Request& request) {
    if (operation == kPutRecords) return prepare_put(true, request);
    if (operation == kPutRecord) return prepare_put(false, request);

    auto found = operations().find(operation);
    if (found == operations().end())
        return AwsError{
            400, "UnknownOperationException", fmt::format("the sandbox has no operation {}", operation), {}};
    auto input = parse_input(request.body);
    if (!input) return input.error();
    AwsCall call;
    call.target = stream_name(*input);
    call.run = [this, run = found->second, parsed = std::move(*input)](const Caller& caller) {
        return run(*this, parsed, caller);
    };
    return call;
}

AwsResult<AwsCall> KinesisApi::prepare_put(bool many, http::Request& request) {
    auto& reader = readers_[request.shard];
    auto read = many ? reader.read_put_records(request.body) : reader.read_put_record(request.body);
    if (!read) return read.error();
    AwsCall call;
    call.target = read->stream;
    auto shared = std::make_shared<PutRequest>(std::move(*read));  // std::function wants to be copied
    call.run = [this, many, shared](const Caller&) { return put(*shared, many); };
    return call;
}

KinesisApi::Reply KinesisApi::put(const PutRequest& put, bool many) {
    auto stream = streams_.info(put.stream);
    if (!stream) return stream.error();
    for (const auto& entry : put.entries) {
        if (entry.size + entry.partition_key.size() > stream->max_record_kib << 10)
            return invalid_argument(
                fmt::format("Record size exceeds the stream's limit of {} KiB", stream->max_record_kib));
    }
    auto outcomes = streams_.put(put.stream, many ? kPutRecords : kPutRecord, put.entries, put.bytes);
    if (!outcomes) return outcomes.error();

    std::string body;
    body.reserve(128 * (outcomes->size() + 1));
    std::size_t failed = 0;
    std::vector<std::pair<std::uint32_t, std::string>> prefixes;  // a few shards: looked up by walking
    auto prefix_of = [&](std::uint32_t shard) -> const std::string& {
        for (const auto& [index, prefix] : prefixes) {
            if (index == shard) return prefix;
        }
        return prefixes.emplace_back(shard, KinesisStreams::sequence_prefix(stream->created_ms, shard)).second;
    };
    auto append_place = [&](const PutOutcome& outcome) {
        body += "{\"SequenceNumber\":\"";
        body += KinesisStreams::sequence_number(prefix_of(outcome.shard), outcome.counter);
        body += "\",\"ShardId\":\"";
        body += KinesisStreams::shard_id(outcome.shard);
    };
    if (!many) {
        const auto& outcome = outcomes->front();
        if (outcome.counter == 0)
            return AwsError{
                outcome.error_code == "InternalFailure" ? 500 : 400, outcome.error_code, outcome.error_message, {}};
        append_place(outcome);
        return AwsReply{body + "\",\"EncryptionType\":\"NONE\"}", false};
    }
    body += "{\"Records\":[";
    for (const auto& outcome : *outcomes) {
        if (outcome.counter != 0) {
            append_place(outcome);
            body += "\"},";
            continue;
        }
        failed++;
        body += "{\"ErrorCode\":";
        json::append_quoted(body, outcome.error_code);
        body += ",\"ErrorMessage\":";
        json::append_quoted(body, outcome.error_message);
        body += "},";
    }
    body.back() = ']';
    body += fmt::format(",\"FailedRecordCount\":{},\"EncryptionType\":\"NONE\"}}", failed);
    return AwsReply{std::move(body), false};
}

KinesisApi::Reply KinesisApi::create_stream(const Input& input) {
    auto name = stream_name(input);
    if (!is_stream_name(name))
        return AwsError{
            400,
            "ValidationException",
            "1 validation error detected: Value at 'streamName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z0-9_.-]+",
            {}};
    StreamSettings settings;
    if (const auto* mode = object_member(input, "StreamModeDetails"))
        settings.on_demand = text_member(*mode, "StreamMode") == "ON_DEMAND";
    auto count = integer_member(input, "ShardCount");
    if (!settings.on_demand && (!count || *count < 1 || *count > 10'000))
        return invalid_argument("ShardCount must be from 1 to 10000 for a stream in PROVISIONED mode.");
    settings.shards = settings.on_demand ? 4 : static_cast<std::size_t>(*count);
    auto kib = integer_member(input, "MaxRecordSizeInKiB").value_or(1024);
    if (kib < 1024 || kib > 10'240) return invalid_argument("MaxRecordSizeInKiB must be from 1024 to 10240.");
    settings.max_record_kib = static_cast<std::size_t>(kib);
    auto created = streams_.create(name, settings);
    if (!created) return created.error();
    return AwsReply{};
}

KinesisApi::Reply KinesisApi::delete_stream(const Input& input) {
    auto removed = streams_.remove(stream_name(input));
    if (!removed) return removed.error();
    return AwsReply{};
}

KinesisApi::Reply KinesisApi::update_shard_count(const Input& input) {
    auto name = stream_name(input);
    auto stream = streams_.info(name);
    if (!stream) return stream.error();
    auto count = integer_member(input, "TargetShardCount").value_or(0);
    if (count < 1 || count > 10'000) return invalid_argument("TargetShardCount must be from 1 to 10000.");
    auto resharded = streams_.reshard(name, static_cast<std::size_t>(count));
    if (!resharded) return resharded.error();
    return reply({{"StreamName", name}, {"CurrentShardCount", stream->open_shards}, {"TargetShardCount", count}});
}

KinesisApi::Reply KinesisApi::describe_stream(const Input& input, const Caller& caller) {
    auto name = stream_name(input);
    auto stream = streams_.info(name);
    if (!stream) return stream.error();
    auto shards = streams_.shards(name);
    if (!shards) return shards.error();
    bj::array list;
    for (const auto& shard : *shards) list.push_back(shard_json(*stream, shard));
    auto description = stream_json(*stream, caller);
    description["Shards"] = std::move(list);
    description["HasMoreShards"] = false;
    return reply({{"StreamDescription", std::move(description)}});
}

KinesisApi::Reply KinesisApi::describe_stream_summary(const Input& input, const Caller& caller) {
    auto stream = streams_.info(stream_name(input));
    if (!stream) return stream.error();
    auto summary = stream_json(*stream, caller);
    summary["OpenShardCount"] = stream->open_shards;
    summary["ConsumerCount"] = 0;
    summary["MaxRecordSizeInKiB"] = stream->max_record_kib;
    return reply({{"StreamDescriptionSummary", std::move(summary)}});
}

KinesisApi::Reply KinesisApi::list_streams(const Input&) {
    bj::array names;
    for (const auto& stream : streams_.list()) names.emplace_back(stream.name);
    return reply({{"StreamNames", std::move(names)}, {"HasMoreStreams", false}});
}

KinesisApi::Reply KinesisApi::list_shards(const Input& input) {
    auto name = stream_name(input);
    std::uint64_t from = 0;
    if (auto text = text_member(input, "NextToken")) {
        if (!name.empty()) return invalid_argument("NextToken and StreamName cannot be provided together.");
        auto token = read_token(*text);
        if (!token) return invalid_argument("NextToken is not one that ListShards gave.");
        if (clock_.now() - from_epoch_ms(token->issued_ms) > kTokenLifetime)
            return AwsError{400, "ExpiredNextTokenException", "NextToken has expired.", {}};
        name = token->stream;
        from = token->position;
    }
    auto stream = streams_.info(name);
    if (!stream) return stream.error();
    auto shards = streams_.shards(name);
    if (!shards) return shards.error();
    auto most = static_cast<std::size_t>(std::clamp<std::int64_t>(
        integer_member(input, "MaxResults").value_or(kMaxShardsPerPage), 1, kMaxShardsPerPage));
    bj::array list;
    bj::object out;
    for (const auto& shard : *shards) {
        if (shard.index < from || !passes_filter(input, shard)) continue;
        if (list.size() == most) {
            out["NextToken"] = write_token({name, 0, shard.index, to_epoch_ms(clock_.now())});
            break;
        }
        list.push_back(shard_json(*stream, shard));
    }
    out["Shards"] = std::move(list);
    return reply(out);
}

KinesisApi::Reply KinesisApi::get_shard_iterator(const Input& input) {
    auto name = stream_name(input);
    auto shards = streams_.shards(name);
    if (!shards) return shards.error();
    auto stream = streams_.info(name);
    if (!stream) return stream.error();
    auto id = text_member(input, "ShardId").value_or("");
    auto index = KinesisStreams::parse_shard_id(id);
    if (!index || *index >= shards->size())
        return AwsError{400,
                        "ResourceNotFoundException",
                        fmt::format("Shard {} in stream {} under account 000000000000 does not exist", id, name),
                        {}};

    Token token{name, *index, 1, to_epoch_ms(clock_.now())};
    auto type = text_member(input, "ShardIteratorType").value_or("");
    if (type == "LATEST") {
        token.position = (*shards)[*index].next_counter;
    } else if (type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER") {
        auto number = text_member(input, "StartingSequenceNumber").value_or("");
        auto counter =
            KinesisStreams::parse_sequence_number(KinesisStreams::sequence_prefix(stream->created_ms, *index), number);
        if (!counter)
            return invalid_argument(
                fmt::format("StartingSequenceNumber {} is not one of shard {} in stream {}.", number, id, name));
        token.position = *counter + (type == "AFTER_SEQUENCE_NUMBER" ? 1 : 0);
    } else if (type == "AT_TIMESTAMP") {
        const auto* time = input.if_contains("Timestamp");
        if (time == nullptr || !time->is_number())
            return invalid_argument("Must specify timestamp parameter for AT_TIMESTAMP.");
        auto counter = streams_.counter_at(name, *index, static_cast<std::int64_t>(time->to_number<double>() * 1e6));
        if (!counter) return counter.error();
        token.position = *counter;
    } else if (type != "TRIM_HORIZON") {
        return AwsError{400, "ValidationException", fmt::format("ShardIteratorType {} is not known.", type), {}};
    }
    return reply({{"ShardIterator", write_token(token)}});
}

KinesisApi::Reply KinesisApi::get_records(const Input& input) {
    auto token = read_token(text_member(input, "ShardIterator").value_or(""));
    if (!token) return invalid_argument("Invalid ShardIterator.");
    auto now = clock_.now();
    if (now - from_epoch_ms(token->issued_ms) > kTokenLifetime)
        return AwsError{400, "ExpiredIteratorException", "Iterator expired: it was given more than 5 minutes ago.", {}};
    auto limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(integer_member(input, "Limit").value_or(kMaxRecordsPerRead), 1, kMaxRecordsPerRead));
    auto shard = static_cast<std::uint32_t>(token->shard);
    std::uint64_t next = 0;
    auto records = streams_.read(token->stream, shard, token->position, limit, kMaxBytesPerRead, next);
    if (!records) return records.error();
    auto shards = streams_.shards(token->stream);
    if (!shards) return shards.error();

    bj::array list;
    for (const auto& record : *records) {
        list.push_back(bj::object{{"SequenceNumber", record.item.sequence},
                                  {"ApproximateArrivalTimestamp", static_cast<double>(record.item.time_us) / 1e6},
                                  {"Data", base64_encode(record.item.body.view())},
                                  {"PartitionKey", record.item.key},
                                  {"EncryptionType", "NONE"}});
    }
    bj::object out;
    out["Records"] = std::move(list);
    const auto& info = (*shards)[shard];
    bool at_end = next >= info.next_counter;
    if (info.open || !at_end) {
        out["NextShardIterator"] = write_token({token->stream, token->shard, next, to_epoch_ms(now)});
    } else {
        bj::array children;
        for (const auto& child : *shards) {
            if (child.parent != shard && child.adjacent_parent != shard) continue;
            bj::array parents{KinesisStreams::shard_id(*child.parent)};
            if (child.adjacent_parent) parents.emplace_back(KinesisStreams::shard_id(*child.adjacent_parent));
            auto range = shard_json(*streams_.info(token->stream), child)["HashKeyRange"];
            children.push_back(bj::object{{"ShardId", KinesisStreams::shard_id(child.index)},
                                          {"ParentShards", std::move(parents)},
                                          {"HashKeyRange", range}});
        }
        out["ChildShards"] = std::move(children);
    }
    out["MillisBehindLatest"] = at_end || records->empty() ? 0 : to_epoch_ms(now) - records->back().item.time_us / 1000;
    return reply(out);
}

http::Response KinesisApi::error_response(const AwsError& error, const http::Request&) const {
    std::string body = "{\"__type\":";
    json::append_quoted(body, error.type);
    body += ",\"message\":";
    json::append_quoted(body, error.message);
    http::Response response;
    response.status = error.status;
    response.body = body + "}";
    return response;
}

AwsError KinesisApi::auth_error(const AuthFailure& failure) const {
    using Kind = AuthFailure::Kind;
    switch (failure.kind) {
        case Kind::missing_token:
            return {400, "MissingAuthenticationTokenException", failure.message, {}};
        case Kind::incomplete_signature:
            return {400, "IncompleteSignatureException", failure.message, {}};
        case Kind::unknown_key:
            return {400, "UnrecognizedClientException", failure.message, {}};
        case Kind::expired_session:
            return {400, "ExpiredTokenException", failure.message, {}};
        case Kind::access_denied:
            return {400, "AccessDeniedException", failure.message, {}};
        case Kind::wrong_signature:
        case Kind::wrong_clock:
            break;
    }
    return {400, "InvalidSignatureException", failure.message, {}};
}

AwsError KinesisApi::throttled() const {
    return {400, "ProvisionedThroughputExceededException", "Rate exceeded for the stream.", {}};
}

AwsError KinesisApi::internal_failure(int status) const {
    return {status, status == 503 ? "ServiceUnavailableException" : "InternalFailure", "Internal Service Failure", {}};
}

}  // namespace sluice::sandbox
