#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::sandbox {

/// MurmurHash2, 32 bits, as Kafka's Java client seeds it: what clients place keys by, so that the same key goes to the
/// same partition whether it came over Kafka or over HTTPS.
std::uint32_t murmur2(std::string_view bytes) noexcept;
std::int32_t partition_of_key(std::string_view key, std::int32_t partitions) noexcept;

}  // namespace sluice::sandbox
