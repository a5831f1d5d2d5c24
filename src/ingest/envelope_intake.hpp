#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "event/codec.hpp"
#include "event/envelope_reader.hpp"
#include "event/envelope_writer.hpp"
#include "event/event.hpp"
#include "ingest/data_splice.hpp"
#include "ingest/refusal.hpp"

namespace sluice {

/// Takes in ready envelopes: checks each and writes it canonically into a batch. They are delivered, and not kept as
/// objects. Their tags are those of `obj.tags`. `batch` and `org` must outlive the intake. Not thread-safe.
class EnvelopeIntake {
  public:
    EnvelopeIntake(EventBatch& batch, std::string_view org, DataLimits limits);

    /// Appends one event. A refusal (with line and offset within `text`) leaves the batch as it was.
    std::optional<Refusal> add(std::string_view text, const std::optional<IdempotencyMark>& mark = {});

  private:
    EnvelopeWriter writer_;
    EnvelopeReader reader_;
    std::string_view org_;
    DataLimits limits_;
    std::string minified_;  ///< kept from line to line
    std::string tags_;
};

}  // namespace sluice
