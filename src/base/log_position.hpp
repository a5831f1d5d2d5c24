#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace sluice {

/// Number of an event within its partition of the log: 1 for the first, without holes. 0 means "before the first".
using Sequence = std::uint64_t;
/// A part of the log with an order of its own. The embedded log has one, number 0.
using Partition = std::uint32_t;

struct LogPosition {
    Partition partition = 0;
    Sequence sequence = 0;

    friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

/// The opaque string that users see: decimal digits while there is one partition.
inline std::string to_string(LogPosition position) {
    return position.partition == 0 ? std::to_string(position.sequence)
                                   : std::to_string(position.partition) + "-" + std::to_string(position.sequence);
}

}  // namespace sluice
