#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sandbox {

/// A place on Kinesis's ring of 2^128 hash keys.
using HashKey = unsigned __int128;

struct HashRange {
    HashKey first = 0;
    HashKey last = ~HashKey{0};  ///< inclusive
};

/// MD5 of the key's UTF-8, big-endian.
HashKey hash_of_partition_key(std::string_view partition_key);
std::string to_decimal(HashKey key);
/// Digits only, without leading zeros, below 2^128.
std::optional<HashKey> parse_hash_key(std::string_view decimal);
/// The whole ring in `parts` ranges of equal size (the last takes the remainder), as CreateStream does it.
std::vector<HashRange> split_evenly(std::size_t parts);

}  // namespace sluice::sandbox
