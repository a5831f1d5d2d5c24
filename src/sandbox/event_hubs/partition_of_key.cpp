#include "sandbox/event_hubs/partition_of_key.hpp"

namespace sluice::sandbox {
namespace {

constexpr std::uint32_t kMultiplier = 0x5bd1e995;
constexpr std::uint32_t kSeed = 0x9747b28c;

std::uint32_t byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::uint32_t murmur2(std::string_view bytes) noexcept {
    auto hash = kSeed ^ static_cast<std::uint32_t>(bytes.size());
    std::size_t at = 0;
    for (; bytes.size() - at >= 4; at += 4) {
        auto block = byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2) << 16 |
                     byte_at(bytes, at + 3) << 24;
        block *= kMultiplier;
        block ^= block >> 24;
        block *= kMultiplier;
        hash = hash * kMultiplier ^ block;
    }
    if (at < bytes.size()) {
        std::uint32_t tail = 0;
        for (std::size_t i = bytes.size(); i > at; i--) tail = tail << 8 | byte_at(bytes, i - 1);
        hash = (hash ^ tail) * kMultiplier;
    }
    hash ^= hash >> 13;
    hash *= kMultiplier;
    return hash ^ hash >> 15;
}

std::int32_t partition_of_key(std::string_view key, std::int32_t partitions) noexcept {
    return static_cast<std::int32_t>((murmur2(key) & 0x7fff'ffffu) % static_cast<std::uint32_t>(partitions));
}

}  // namespace sluice::sandbox
