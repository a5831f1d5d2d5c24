#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "event/event.hpp"

namespace sluice {

/// Everything an encoded record says besides the envelope's bytes. `envelope` is empty here while the caller writes the
/// envelope itself (EventBatchBuilder::begin / commit).
///
/// Record body, version 1, little-endian (docs/log-format.md, held by golden bytes):
///   u8 version | u8 event_type | u8 object_type | u8 flags (1 kept_as_object, 2 has idempotency)
///   u8 org_len | u8 rec_type_len | u8 id_len | u8 source_len | u16 tags_len | u16 idempotency_len
///   u32 envelope_len | u32 obj_offset | u32 obj_len | u32 data_offset | u32 data_len      (offsets within the
///   envelope) org | rec_type | id | source | tags | idempotency (32-byte hash, u32 count, key) | envelope
/// data_len 0 means that obj has no data; data_offset is 0 then.
///
/// Decodes one record body. Every length is checked; the views point into `body`. Errc::corrupt when it is not a
/// record.
Result<EventView> decode_event(std::string_view body);

/// Several encoded events that are appended together, all or none: one buffer, no allocation per event.
/// Built by ingest, appended by the log, then shared by everything that delivers. Not thread-safe while building.
class EventBatch {
  public:
    struct Record {
        std::uint32_t offset = 0;
        std::uint32_t size = 0;
    };

    EventBatch() : bytes_(std::make_shared<std::string>()) {}

    void reserve(std::size_t bytes, std::size_t events);

    /// Appends a whole record. `view.obj` must be a part of `view.envelope`, and `view.data` one of `view.obj`.
    /// Attributes fit their length fields: whoever takes them from outside has checked them against product.md's
    /// limits.
    void add(const EventView& view);

    /// For writing an envelope in place: `begin` writes the attributes of `view` (its envelope, obj and data ignored)
    /// and returns the buffer, to whose end the caller appends the envelope's bytes; `commit` names obj and data as
    /// offsets from the envelope's first byte. `rollback` forgets a record that was begun. While a record is begun the
    /// buffer may only grow.
    std::string& begin(const EventView& view);
    /// The buffer again, while a record is begun.
    std::string& begun();
    /// Where the envelope of the record that was begun starts in the buffer.
    std::size_t envelope_start() const noexcept { return envelope_start_; }
    void commit(std::uint32_t obj_offset, std::uint32_t obj_size, std::uint32_t data_offset, std::uint32_t data_size);
    void rollback();

    std::size_t size() const noexcept { return records_.size(); }
    bool empty() const noexcept { return records_.empty(); }
    std::size_t byte_size() const noexcept { return bytes_->size(); }
    const std::vector<Record>& records() const noexcept { return records_; }
    std::string_view body(std::size_t index) const noexcept {
        return std::string_view(*bytes_).substr(records_[index].offset, records_[index].size);
    }
    /// The buffer, for sharing once building is over.
    SharedBytes bytes() const noexcept { return bytes_; }

  private:
    std::shared_ptr<std::string> bytes_;
    std::vector<Record> records_;
    std::size_t record_start_ = 0;
    std::size_t envelope_start_ = 0;
    bool is_begun_ = false;
};

}  // namespace sluice
