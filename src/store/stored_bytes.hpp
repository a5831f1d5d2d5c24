#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// Appends numbers and texts to the bytes of a stored key or value. Keys use the big-endian forms, so that RocksDB's
/// byte order is the order of the numbers; values use the varint forms, so that small numbers are small.
class StoredBytesWriter {
  public:
    explicit StoredBytesWriter(std::string& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void big_endian_u32(std::uint32_t value) { big_endian(value, 4); }
    void big_endian_u64(std::uint64_t value) { big_endian(value, 8); }
    /// LEB128: seven bits a byte, the lowest first.
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) u8(static_cast<std::uint8_t>(value | 0x80));
        u8(static_cast<std::uint8_t>(value));
    }
    /// Zigzag, so that small negative numbers are small too.
    void signed_varint(std::int64_t value) {
        varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
    }
    /// Length as a varint, then the bytes.
    void text(std::string_view value) {
        varint(value.size());
        out_.append(value);
    }
    void raw(std::string_view value) { out_.append(value); }

  private:
    void big_endian(std::uint64_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(value >> shift));
    }

    std::string& out_;
};

/// Reads what StoredBytesWriter wrote. Reading past the end or a malformed varint makes the reader fail for good and
/// gives zeroes and empty texts from then on: callers check once, at the end.
class StoredBytesReader {
  public:
    explicit StoredBytesReader(std::string_view bytes) : rest_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
    std::uint32_t big_endian_u32() { return static_cast<std::uint32_t>(big_endian(4)); }
    std::uint64_t big_endian_u64() { return big_endian(8); }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            std::uint64_t byte = u8();
            if (shift == 63 && byte > 1) break;  // would not fit in 64 bits
            value |= (byte & 0x7f) << shift;
            if (!(byte & 0x80)) return value;
        }
        fail();
        return 0;
    }
    std::int64_t signed_varint() {
        std::uint64_t value = varint();
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
    }
    std::string_view text() { return raw(varint()); }
    std::string_view raw(std::uint64_t size) {
        if (size > rest_.size()) {
            fail();
            return {};
        }
        std::string_view value = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return value;
    }
    /// All that is left.
    std::string_view rest() { return raw(rest_.size()); }

    void fail() {
        failed_ = true;
        rest_ = {};
    }
    bool failed() const noexcept { return failed_; }
    /// Everything was read and nothing was missing.
    bool complete() const noexcept { return !failed_ && rest_.empty(); }
    std::size_t remaining() const noexcept { return rest_.size(); }

  private:
    std::uint64_t big_endian(std::size_t bytes) {
        std::uint64_t value = 0;
        for (char c : raw(bytes)) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace sluice
