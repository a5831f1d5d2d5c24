#include "sandbox/event_hubs/producer_sequences.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::size_t kBatchesKept = 5;

/// Sequences run from 0 to 2^31-1 and begin again.
std::int32_t advance(std::int32_t sequence, std::int32_t by) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(by)) &
                                     0x7fff'ffffu);
}

}  // namespace

ProducerSequences::Verdict ProducerSequences::check(const Batch& batch) const {
    auto found = producers_.find(batch.producer_id);
    // A producer that is not known may begin anywhere: what it sent before may be older than what is kept.
    if (found == producers_.end()) return {};
    const auto& producer = found->second;
    if (batch.epoch < producer.epoch) return {KafkaError::invalid_producer_epoch, std::nullopt};
    if (batch.epoch > producer.epoch) {
        if (batch.first_sequence != 0) return {KafkaError::out_of_order_sequence_number, std::nullopt};
        return {};
    }
    auto last = advance(batch.first_sequence, batch.records - 1);
    for (const auto& stored : producer.batches) {
        if (stored.first == batch.first_sequence && stored.last == last) return {KafkaError::none, stored.offset};
    }
    if (batch.first_sequence == advance(producer.batches.back().last, 1)) return {};
    if (batch.first_sequence < producer.batches.front().first)
        return {KafkaError::duplicate_sequence_number, std::nullopt};
    return {KafkaError::out_of_order_sequence_number, std::nullopt};
}

void ProducerSequences::add(const Batch& batch, std::int64_t offset) {
    auto& producer = producers_[batch.producer_id];
    if (producer.epoch != batch.epoch) producer = {batch.epoch, {}};
    producer.batches.push_back({batch.first_sequence, advance(batch.first_sequence, batch.records - 1), offset});
    if (producer.batches.size() > kBatchesKept) producer.batches.pop_front();
}

}  // namespace sluice::sandbox
