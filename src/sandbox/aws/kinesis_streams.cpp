#include "sandbox/aws/kinesis_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::sandbox {
namespace {

constexpr double kShardRecordsPerSecond = 1000;
constexpr double kShardBytesPerSecond = 1 << 20;
constexpr std::size_t kCounterDigits = 31;

}  // namespace

KinesisStreams::KinesisStreams(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock)
    : options_(options), received_(received), faults_(faults), clock_(clock) {}

AwsError KinesisStreams::not_found(std::string_view name) {
    return {400, "ResourceNotFoundException", fmt::format("Stream {} under account 000000000000 not found.", name), {}};
}

std::string KinesisStreams::sequence_prefix(std::int64_t created_ms, std::uint32_t shard) {
    return fmt::format("49{:013}{:010}", created_ms, shard);
}

std::string KinesisStreams::sequence_number(std::string_view prefix, std::uint64_t counter) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, counter).ptr;
    auto length = static_cast<std::size_t>(end - digits);
    std::string text;
    text.reserve(prefix.size() + kCounterDigits);
    text.append(prefix).append(kCounterDigits - length, '0').append(digits, length);
    return text;
}

std::optional<std::uint64_t> KinesisStreams::parse_sequence_number(std::string_view prefix, std::string_view text) {
    if (text.size() != prefix.size() + kCounterDigits || !text.starts_with(prefix)) return std::nullopt;
    text.remove_prefix(prefix.size());
    std::uint64_t counter = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), counter);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return counter;
}

std::string KinesisStreams::shard_id(std::uint32_t shard) {
    return fmt::format("shardId-{:012}", shard);
}

std::optional<std::uint32_t> KinesisStreams::parse_shard_id(std::string_view text) {
    constexpr std::string_view kPrefix = "shardId-";
    if (!text.starts_with(kPrefix)) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    std::uint32_t shard = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), shard);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return shard;
}

KinesisStreams::Stream* KinesisStreams::find(std::string_view name) {
    auto found = streams_.find(name);
    if (found != streams_.end()) return &found->second;
    if (!options_.auto_create || deleted_.contains(name)) return nullptr;
    auto& stream = add(name, options_.auto_settings);
    stream.active_at_ms = 0;
    return &stream;
}

KinesisStreams::Stream& KinesisStreams::add(std::string_view name, const StreamSettings& settings) {
    auto& stream = streams_[std::string(name)];
    stream.name = std::make_shared<const std::string>(name);
    stream.info.name = name;
    stream.info.created_ms = to_epoch_ms(clock_.now());
    stream.info.on_demand = settings.on_demand;
    stream.info.max_record_kib = settings.max_record_kib;
    stream.active_at_ms = stream.info.created_ms + options_.creation_time.count();
    open_shards(stream, settings.shards);
    return stream;
}

void KinesisStreams::open_shards(Stream& stream, std::size_t count) {
    auto closing = std::move(stream.open);
    stream.open.clear();
    for (auto index : closing) stream.shards[index].info.open = false;
    auto parent_at = [&](HashKey key) -> std::optional<std::uint32_t> {
        for (auto index : closing) {
            const auto& range = stream.shards[index].info.range;
            if (range.first <= key && key <= range.last) return index;
        }
        return std::nullopt;
    };
    for (const auto& range : split_evenly(count)) {
        Shard shard;
        shard.info.index = static_cast<std::uint32_t>(stream.shards.size());
        shard.info.range = range;
        shard.info.parent = parent_at(range.first);
        auto other = parent_at(range.last);
        if (other != shard.info.parent) shard.info.adjacent_parent = other;
        shard.prefix = sequence_prefix(stream.info.created_ms, shard.info.index);
        shard.rate.filled_us = received_.now_us();
        stream.open.push_back(shard.info.index);
        stream.shards.push_back(std::move(shard));
    }
}

AwsResult<void> KinesisStreams::create(std::string_view name, StreamSettings settings) {
    std::lock_guard lock(mutex_);
    if (streams_.contains(name))
        return AwsError{400,
                        "ResourceInUseException",
                        fmt::format("Stream {} under account 000000000000 already exists.", name),
                        {}};
    deleted_.erase(std::string(name));
    add(name, settings);
    return {};
}

AwsResult<void> KinesisStreams::remove(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto found = streams_.find(name);
    if (found == streams_.end()) return not_found(name);
    streams_.erase(found);
    deleted_.emplace(name);
    return {};
}

StreamInfo KinesisStreams::info_of(const Stream& stream) const {
    auto info = stream.info;
    info.active = to_epoch_ms(clock_.now()) >= stream.active_at_ms;
    info.open_shards = stream.open.size();
    return info;
}

AwsResult<StreamInfo> KinesisStreams::info(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto* stream = find(name);
    if (stream == nullptr) return not_found(name);
    return info_of(*stream);
}

std::vector<StreamInfo> KinesisStreams::list() const {
    std::lock_guard lock(mutex_);
    std::vector<StreamInfo> all;
    for (const auto& [name, stream] : streams_) all.push_back(info_of(stream));
    return all;
}

AwsResult<std::vector<ShardInfo>> KinesisStreams::shards(std::string_view name) {
    std::lock_guard lock(mutex_);
    auto* stream = find(name);
    if (stream == nullptr) return not_found(name);
    std::vector<ShardInfo> all;
    for (const auto& shard : stream->shards) all.push_back(shard.info);
    return all;
}

AwsResult<void> KinesisStreams::reshard(std::string_view name, std::size_t shards) {
    std::lock_guard lock(mutex_);
    auto* stream = find(name);
    if (stream == nullptr) return not_found(name);
    open_shards(*stream, shards);
    return {};
}

KinesisStreams::Shard& KinesisStreams::shard_for(Stream& stream, HashKey key) {
    auto at = std::lower_bound(stream.open.begin(), stream.open.end(), key, [&](std::uint32_t index, HashKey wanted) {
        return stream.shards[index].info.range.last < wanted;
    });
    return stream.shards[*at];
}

bool KinesisStreams::within_rate(Shard& shard, std::size_t bytes, std::int64_t now_us) {
    auto& rate = shard.rate;
    auto seconds = static_cast<double>(now_us - rate.filled_us) / 1e6;
    rate.filled_us = now_us;
    rate.records = std::min(kShardRecordsPerSecond, rate.records + seconds * kShardRecordsPerSecond);
    rate.bytes = std::min(kShardBytesPerSecond, rate.bytes + seconds * kShardBytesPerSecond);
    // A record may overdraw the bytes once: large records are let through in bursts.
    if (rate.records < 1 || rate.bytes <= 0) return false;
    rate.records -= 1;
    rate.bytes -= static_cast<double>(bytes);
    return true;
}

AwsResult<std::vector<PutOutcome>> KinesisStreams::put(std::string_view name, std::string_view operation,
                                                       std::vector<PutEntry> entries,
                                                       std::shared_ptr<const std::string> bytes) {
    const FaultSubject subject{"kinesis", operation, name};
    bool ask_faults = faults_.looks_at_records();
    // The hashes are taken before the lock, which is held for no more than placing the records.
    std::vector<HashKey> hashes;
    hashes.reserve(entries.size());
    for (const auto& entry : entries)
        hashes.push_back(entry.explicit_hash_key ? *entry.explicit_hash_key
                                                 : hash_of_partition_key(entry.partition_key));

    std::lock_guard lock(mutex_);
    auto* stream = find(name);
    if (stream == nullptr) return not_found(name);
    auto now_us = received_.now_us();
    std::vector<PutOutcome> outcomes(entries.size());
    std::vector<ReceivedItem> items;
    items.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); i++) {
        auto& entry = entries[i];
        auto& outcome = outcomes[i];
        auto& shard = shard_for(*stream, hashes[i]);
        outcome.shard = shard.info.index;
        auto fault = ask_faults ? faults_.on_record(subject, i, entry.partition_key,
                                                    std::string_view(*bytes).substr(entry.offset, entry.size))
                                : std::nullopt;
        bool throttled = fault ? fault->action == FaultAction::throttle
                               : options_.throughput_limits && !within_rate(shard, entry.size, now_us);
        if (throttled || fault) {
            outcome.error_code = throttled ? "ProvisionedThroughputExceededException" : "InternalFailure";
            outcome.error_message =
                throttled ? fmt::format("Rate exceeded for shard {} in stream {} under account 000000000000.",
                                        shard_id(shard.info.index), name)
                          : "Internal Service Failure";
            if (fault && !fault->code.empty()) outcome.error_code = fault->code;
            if (fault && !fault->message.empty()) outcome.error_message = fault->message;
            continue;
        }
        outcome.counter = shard.info.next_counter++;
        ReceivedItem item;
        item.service = "kinesis";
        item.target = stream->name;
        item.place = shard_id(shard.info.index);
        item.key = std::move(entry.partition_key);
        item.sequence = sequence_number(shard.prefix, outcome.counter);
        item.body = {bytes, entry.offset, entry.size};
        items.push_back(std::move(item));
    }
    auto number = received_.append(std::move(items));
    auto first_kept = received_.first();
    for (const auto& outcome : outcomes) {
        if (outcome.counter == 0) continue;
        auto& shard = stream->shards[outcome.shard];
        shard.numbers.push_back(number++);
        while (!shard.numbers.empty() && shard.numbers.front() < first_kept) {
            shard.numbers.pop_front();
            shard.trimmed++;
        }
    }
    return outcomes;
}

AwsResult<KinesisStreams::Shard*> KinesisStreams::find_shard(std::string_view name, std::uint32_t shard) {
    auto* stream = find(name);
    if (stream == nullptr) return not_found(name);
    if (shard >= stream->shards.size())
        return AwsError{
            400,
            "ResourceNotFoundException",
            fmt::format("Could not find shard {} in stream {} under account 000000000000.", shard_id(shard), name),
            {}};
    return &stream->shards[shard];
}

AwsResult<std::vector<StoredRecord>> KinesisStreams::read(std::string_view name, std::uint32_t shard,
                                                          std::uint64_t counter, std::size_t limit,
                                                          std::size_t max_bytes, std::uint64_t& next) {
    std::lock_guard lock(mutex_);
    auto found = find_shard(name, shard);
    if (!found) return found.error();
    const auto& from = **found;
    std::vector<StoredRecord> records;
    std::size_t bytes = 0;
    for (next = std::max(counter, from.trimmed + 1); next < from.info.next_counter && records.size() < limit; next++) {
        auto item = received_.get(from.numbers[next - from.trimmed - 1]);
        if (!item) continue;  // made room for newer ones
        bytes += item->body_size;
        if (bytes > max_bytes && !records.empty()) break;
        records.push_back({next, std::move(*item)});
    }
    return records;
}

AwsResult<std::uint64_t> KinesisStreams::counter_at(std::string_view name, std::uint32_t shard, std::int64_t time_us) {
    std::lock_guard lock(mutex_);
    auto found = find_shard(name, shard);
    if (!found) return found.error();
    const auto& from = **found;
    auto counter = from.trimmed + 1;
    for (; counter < from.info.next_counter; counter++) {
        auto item = received_.get(from.numbers[counter - from.trimmed - 1]);
        if (item && item->time_us >= time_us) break;
    }
    return AwsResult<std::uint64_t>(boost::system::in_place_value, counter);
}

}  // namespace sluice::sandbox
