#include "destinations/kinesis/request.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "json/find.hpp"

namespace sluice::kinesis {
namespace {

/// Of a record in JSON, beside its data and key: member names, quotes, an ExplicitHashKey.
constexpr std::size_t kJsonOverheadPerRecord = 96;

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void append_stream(std::string& body, const Config& config, std::string_view stream) {
    body += config.stream_arn.empty() ? R"({"StreamName":)" : R"({"StreamARN":)";
    json::append_quoted(body, config.stream_arn.empty() ? stream : std::string_view(config.stream_arn));
}

}  // namespace

std::string_view partition_key_for(std::string_view key, std::string& scratch) {
    bool fits =
        !key.empty() && (key.size() <= kMaxPartitionKeyCharacters || characters(key) <= kMaxPartitionKeyCharacters);
    if (fits) return key;
    scratch = hex_lower(as_view(sha256(key)));
    return scratch;
}

Result<std::string_view> partition_key_of(const Config& config, const Message& message, std::string& scratch) {
    if (!config.partition_key) {
        return partition_key_for(message.key.empty() ? message.event->id : message.key, scratch);
    }
    scratch.clear();
    if (auto evaluated = config.partition_key->evaluate_to(message.event, scratch); !evaluated)
        return evaluated.error();
    return partition_key_for(scratch, scratch);
}

std::string describe_body(const Config& config, std::string_view stream) {
    std::string body;
    append_stream(body, config, stream);
    return body + "}";
}

void PutRecordsBuilder::append_record(std::string& body, std::span<const Message> run, std::string_view partition_key) {
    body += R"({"Data":")";
    if (run.size() == 1) {
        base64_append(body, run.front().body);
        body += R"(","PartitionKey":)";
        json::append_quoted(body, partition_key);
    } else {
        aggregate_.clear();
        for (const auto& message : run) aggregate_.add(partition_key, std::nullopt, message.body);
        aggregated_bytes_.clear();
        aggregate_.append_to(aggregated_bytes_);
        base64_append(body, aggregated_bytes_);
        // As the Kinesis Producer Library does: the record goes where its first event belongs, which is where all do.
        body += R"(","PartitionKey":"a","ExplicitHashKey":")";
        body += hash_key_decimal(partition_key);
        body += '"';
    }
    body += '}';
}

PutRecords PutRecordsBuilder::build(std::span<const Message> messages) {
    PutRecords request;
    request.records.reserve(messages.size());
    std::size_t bytes = 256;
    for (const auto& message : messages) {
        bytes += base64_size(message.body.size()) + message.key.size() + kJsonOverheadPerRecord;
    }
    request.body.reserve(bytes);
    append_stream(request.body, config_, messages.empty() ? std::string_view() : messages.front().target);
    request.body += R"(,"Records":[)";

    std::string scratch;
    for (std::size_t at = 0; at < messages.size();) {
        auto key = partition_key_of(config_, messages[at], scratch);
        if (!key) {
            request.unsendable.emplace_back(static_cast<std::uint32_t>(at++), key.error());
            continue;
        }
        std::size_t end = at + 1;
        if (config_.aggregation == Aggregation::kpl) {
            // A key's run is one record, whatever its size: that is what keeps it atomic. Without keys, size is the
            // limit.
            bool keyed = !messages[at].key.empty();
            std::size_t run_bytes = messages[at].body.size();
            while (end < messages.size() && messages[end].key == messages[at].key) {
                run_bytes += messages[end].body.size() + kKplOverheadPerEvent;
                if (!keyed && run_bytes > kMaxAggregatedBytes) break;
                ++end;
            }
        }
        if (!request.records.empty()) request.body += ',';
        append_record(request.body, messages.subspan(at, end - at), *key);
        request.records.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at)});
        at = end;
    }
    request.body += "]}";
    return request;
}

}  // namespace sluice::kinesis
