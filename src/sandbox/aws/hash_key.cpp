#include "sandbox/aws/hash_key.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace sluice::sandbox {

HashKey hash_of_partition_key(std::string_view partition_key) {
    HashKey key = 0;
    for (unsigned char byte : md5(partition_key)) key = key << 8 | byte;
    return key;
}

std::string to_decimal(HashKey key) {
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(key % 10));
        key /= 10;
    } while (key != 0);
    std::reverse(digits.begin(), digits.end());
    return digits;
}

std::optional<HashKey> parse_hash_key(std::string_view decimal) {
    if (decimal.empty() || (decimal.size() > 1 && decimal[0] == '0')) return std::nullopt;
    constexpr HashKey kLast = ~HashKey{0};
    HashKey key = 0;
    for (char c : decimal) {
        if (c < '0' || c > '9') return std::nullopt;
        auto digit = static_cast<HashKey>(c - '0');
        if (key > (kLast - digit) / 10) return std::nullopt;
        key = key * 10 + digit;
    }
    return key;
}

std::vector<HashRange> split_evenly(std::size_t parts) {
    constexpr HashKey kLast = ~HashKey{0};
    // 2^128 itself does not fit: the floor of (2^128 - 1) / n differs from that of 2^128 / n only for powers of two.
    HashKey width = kLast / parts + (kLast % parts == parts - 1 ? 1 : 0);
    std::vector<HashRange> ranges;
    HashKey first = 0;
    for (std::size_t i = 0; i < parts; i++) {
        HashKey last = i + 1 == parts ? kLast : first + width - 1;
        ranges.push_back({first, last});
        first = last + 1;
    }
    return ranges;
}

}  // namespace sluice::sandbox
