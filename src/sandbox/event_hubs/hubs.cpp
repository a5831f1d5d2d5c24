#include "sandbox/event_hubs/hubs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "http/ascii.hpp"
#include "json/find.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::int32_t kMostPartitions = 32;
constexpr std::size_t kLongestName = 256;

std::string lower(std::string_view name) {
    std::string text(name);
    for (char& c : text) c = http::to_lower_ascii(c);
    return text;
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The headers as a JSON object, in their order; a value that is not text as `{"base64":"…"}`.
std::string headers_json(const KafkaRecord& record) {
    std::string out;
    if (record.header_count == 0) return out;
    out.reserve(record.header_bytes.size() + 8 * record.header_count + 2);
    for_each_header(record, [&](std::string_view name, std::optional<std::string_view> value) {
        out += out.empty() ? '{' : ',';
        json::append_quoted(out, json::is_valid_utf8(name) ? std::string(name) : hex_lower(name));
        out += ':';
        if (!value) {
            out += "null";
        } else if (json::is_valid_utf8(*value)) {
            json::append_quoted(out, *value);
        } else {
            out += "{\"base64\":\"" + base64_encode(*value) + "\"}";
        }
    });
    out += '}';
    return out;
}

}  // namespace

std::string_view wrong_with_hub_name(std::string_view name) noexcept {
    bool good =
        !name.empty() && name.size() <= kLongestName && is_alphanumeric(name.front()) && is_alphanumeric(name.back());
    for (char c : name) good = good && (is_alphanumeric(c) || c == '.' || c == '_' || c == '-');
    return good ? std::string_view()
                : "an event hub's name has 1 to 256 of the characters a-z A-Z 0-9 . _ - and begins and ends with a "
                  "letter or digit";
}

Hubs::Hubs(Options options, ReceivedLog& received) : options_(std::move(options)), received_(received) {
    for (const auto& [name, partitions] : options_.hubs) (void)create(name, partitions);
}

Result<void> Hubs::check_new_locked(std::string_view name, std::int32_t partitions) const {
    if (auto wrong = wrong_with_hub_name(name); !wrong.empty())
        return make_error(Errc::invalid_argument, std::string(wrong));
    if (partitions < 1 || partitions > kMostPartitions)
        return make_error(Errc::invalid_argument, "an event hub has from 1 to 32 partitions");
    if (hubs_.contains(lower(name)))
        return make_error(Errc::conflict, fmt::format("the event hub {} exists already", name));
    if (hubs_.size() >= options_.max_hubs)
        return make_error(Errc::exhausted, fmt::format("the namespace has {} event hubs, its most", hubs_.size()));
    return {};
}

Result<void> Hubs::check_new(std::string_view name, std::int32_t partitions) const {
    std::lock_guard lock(mutex_);
    return check_new_locked(name, partitions);
}

Result<void> Hubs::create(std::string_view name, std::int32_t partitions) {
    std::lock_guard lock(mutex_);
    if (auto good = check_new_locked(name, partitions); !good) return good.error();
    auto& made = hubs_[lower(name)];
    made.name = std::make_shared<const std::string>(name);
    made.partitions.resize(static_cast<std::size_t>(partitions));
    return {};
}

Result<void> Hubs::remove(std::string_view name) {
    std::lock_guard lock(mutex_);
    if (hubs_.erase(lower(name)) == 0) return make_error(Errc::not_found, fmt::format("no event hub {}", name));
    return {};
}

std::optional<Hubs::Hub> Hubs::find(std::string_view name) const {
    std::lock_guard lock(mutex_);
    auto found = hubs_.find(lower(name));
    if (found == hubs_.end()) return std::nullopt;
    const auto& hub = found->second;
    return Hub{*hub.name, static_cast<std::int32_t>(hub.partitions.size()), hub.events};
}

std::vector<Hubs::Hub> Hubs::list() const {
    std::lock_guard lock(mutex_);
    std::vector<Hub> all;
    for (const auto& [key, hub] : hubs_)
        all.push_back({*hub.name, static_cast<std::int32_t>(hub.partitions.size()), hub.events});
    return all;
}

bool Hubs::fits(const RecordBatch& batch, std::size_t max_event_bytes) {
    return std::all_of(batch.records.begin(), batch.records.end(),
                       [&](const KafkaRecord& record) { return record.payload_bytes() <= max_event_bytes; });
}

Hubs::Appended Hubs::append(std::string_view name, std::int32_t index, const RecordBatch& batch, const Bytes& bytes) {
    if (!fits(batch, options_.max_event_bytes))
        return {KafkaError::message_too_large, -1,
                fmt::format("an event is larger than {} bytes", options_.max_event_bytes)};
    const auto& buffer = batch.unpacked ? batch.unpacked : bytes.buffer;
    std::vector<ReceivedItem> items(batch.records.size());
    for (std::size_t i = 0; i < items.size(); i++) {
        const auto& record = batch.records[i];
        auto& item = items[i];
        item.service = "event_hubs";
        item.place = std::to_string(index);
        item.key = record.key.value_or("");
        item.attributes = headers_json(record);
        auto body = record.value.value_or("");
        item.body = {buffer, body.empty() ? 0 : static_cast<std::size_t>(body.data() - buffer->data()), body.size()};
    }
    auto count = static_cast<std::int64_t>(items.size());
    ProducerSequences::Batch sequence{batch.producer_id, batch.producer_epoch, batch.base_sequence,
                                      static_cast<std::int32_t>(count)};

    std::lock_guard lock(mutex_);
    auto found = hubs_.find(lower(name));
    if (found == hubs_.end() || index < 0 || static_cast<std::size_t>(index) >= found->second.partitions.size())
        return {KafkaError::unknown_topic_or_partition, -1, {}};
    auto& hub = found->second;
    auto& partition = hub.partitions[static_cast<std::size_t>(index)];
    auto offset = partition.next;
    if (batch.producer_id >= 0) {
        auto verdict = partition.producers.check(sequence);
        if (verdict.error != KafkaError::none) return {verdict.error, -1, {}};
        if (verdict.offset) return {KafkaError::none, *verdict.offset, {}};
        partition.producers.add(sequence, offset);
    }
    for (std::size_t i = 0; i < items.size(); i++) {
        items[i].target = hub.name;
        items[i].sequence = std::to_string(offset + static_cast<std::int64_t>(i));
    }
    partition.next += count;
    hub.events += static_cast<std::uint64_t>(count);
    auto first_number = received_.append(std::move(items));
    if (received_.keep() == Keep::all) {
        partition.batches.push_back(
            {offset, partition.next, batch.max_timestamp, first_number + static_cast<std::uint64_t>(count) - 1, bytes});
        auto oldest = received_.first();
        while (!partition.batches.empty() && partition.batches.front().last_number < oldest)
            partition.batches.pop_front();
    }
    return {KafkaError::none, offset, {}};
}

const Hubs::Partition* Hubs::find_partition(std::string_view name, std::int32_t index) const {
    auto found = hubs_.find(lower(name));
    if (found == hubs_.end() || index < 0 || static_cast<std::size_t>(index) >= found->second.partitions.size())
        return nullptr;
    return &found->second.partitions[static_cast<std::size_t>(index)];
}

std::deque<Hubs::StoredBatch>::const_iterator Hubs::oldest_readable(const Partition& partition) const {
    auto oldest = received_.first();
    return std::partition_point(partition.batches.begin(), partition.batches.end(),
                                [&](const StoredBatch& batch) { return batch.last_number < oldest; });
}

std::optional<Hubs::Offsets> Hubs::offsets(std::string_view name, std::int32_t index) const {
    std::lock_guard lock(mutex_);
    const auto* partition = find_partition(name, index);
    if (partition == nullptr) return std::nullopt;
    auto oldest = oldest_readable(*partition);
    return Offsets{oldest == partition->batches.end() ? partition->next : oldest->offset, partition->next};
}

std::optional<std::pair<std::int64_t, std::int64_t>> Hubs::find_time(std::string_view name, std::int32_t index,
                                                                     std::int64_t timestamp) const {
    std::lock_guard lock(mutex_);
    const auto* partition = find_partition(name, index);
    if (partition == nullptr) return std::nullopt;
    for (auto stored = oldest_readable(*partition); stored != partition->batches.end(); ++stored) {
        if (stored->max_timestamp < timestamp) continue;
        auto batch = read_record_batch(stored->bytes.batch, options_.max_unpacked_bytes);
        if (!batch) continue;  // it could be read when it came
        for (std::size_t i = 0; i < batch->records.size(); i++) {
            auto at = batch->records[i].timestamp;
            if (at >= timestamp) return std::pair(stored->offset + static_cast<std::int64_t>(i), at);
        }
    }
    return std::nullopt;
}

Hubs::Fetched Hubs::fetch(std::string_view name, std::int32_t index, std::int64_t offset, std::size_t max_bytes) const {
    std::lock_guard lock(mutex_);
    const auto* partition = find_partition(name, index);
    if (partition == nullptr) return {KafkaError::unknown_topic_or_partition, {-1, -1}, {}};
    auto stored = oldest_readable(*partition);
    Fetched fetched;
    fetched.offsets = {stored == partition->batches.end() ? partition->next : stored->offset, partition->next};
    if (offset < fetched.offsets.first || offset > fetched.offsets.next) {
        fetched.error = KafkaError::offset_out_of_range;
        return fetched;
    }
    stored = std::partition_point(stored, partition->batches.end(),
                                  [&](const StoredBatch& batch) { return batch.end <= offset; });
    for (; stored != partition->batches.end(); ++stored) {
        const auto& batch = stored->bytes.batch;
        if (!fetched.batches.empty() && fetched.batches.size() + batch.size() > max_bytes) break;
        auto at = fetched.batches.size();
        fetched.batches += batch;
        set_base_offset(fetched.batches.data() + at, stored->offset);
    }
    return fetched;
}

}  // namespace sluice::sandbox
