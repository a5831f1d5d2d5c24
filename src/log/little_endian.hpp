#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice {

/// Integers as the log's files hold them: little-endian, at any address.
template <class T>
void store_le(char* out, T value) noexcept {
    static_assert(std::endian::native == std::endian::little, "a big-endian machine needs a swap here");
    std::memcpy(out, &value, sizeof value);
}

template <class T>
T load_le(const char* in) noexcept {
    T value;
    std::memcpy(&value, in, sizeof value);
    return value;
}

}  // namespace sluice
