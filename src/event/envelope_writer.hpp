#pragma once

#include <cstddef>
#include <string>

#include "event/codec.hpp"
#include "event/envelope_reader.hpp"

namespace sluice {

/// Writes canonical envelopes straight into a batch:
/// `{"event_type":…,"id":…,"obj":…,"obj_type":…,"recType":…,"source":…}`. The batch must outlive it. Not thread-safe.
///
///   std::string& out = writer.begin(attributes);   // out ends in `"obj":`
///   …append obj's JSON to out…
///   writer.end(data_offset, data_size);            // offsets within obj; size 0 when it has no data
class EnvelopeWriter {
  public:
    explicit EnvelopeWriter(EventBatch& batch) : batch_(batch) {}

    /// `attributes` as for EventBatch::begin; what its views point to must live until end().
    std::string& begin(const EventView& attributes);
    /// Bytes of obj written since begin().
    std::size_t obj_size() const;
    void end(std::size_t data_offset, std::size_t data_size);

    /// A whole record from an envelope that was read: its values as they came in, in canonical order. Of `attributes`,
    /// what no envelope says counts: org, tags, idempotency, kept_as_object.
    void add(const EnvelopeParts& parts, EventView attributes);

  private:
    EventBatch& batch_;
    EventView attributes_;
    std::size_t obj_start_ = 0;  ///< in the batch's buffer
};

}  // namespace sluice
