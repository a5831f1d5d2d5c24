#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sandbox {

/// Reads the primitive types of the Kafka protocol (Apache Kafka, "Protocol Primitive Types") from bytes that nobody
/// has checked. A value that is not there, or cannot be, makes ok() false for good; from then on everything read is
/// zero or empty, so that a request can be read to its end and judged once. Views are into the bytes given.
class KafkaReader {
  public:
    explicit KafkaReader(std::string_view bytes) : rest_(bytes) {}

    bool ok() const noexcept { return ok_; }
    bool at_end() const noexcept { return ok_ && rest_.empty(); }
    std::size_t left() const noexcept { return rest_.size(); }
    void fail() noexcept;

    std::int8_t int8() { return static_cast<std::int8_t>(big_endian(1)); }
    std::int16_t int16() { return static_cast<std::int16_t>(big_endian(2)); }
    std::int32_t int32() { return static_cast<std::int32_t>(big_endian(4)); }
    std::uint32_t uint32() { return static_cast<std::uint32_t>(big_endian(4)); }
    std::int64_t int64() { return static_cast<std::int64_t>(big_endian(8)); }
    bool boolean() { return int8() != 0; }
    /// Zigzag, as in records; at most 32 and 64 bits.
    std::int32_t varint();
    std::int64_t varlong();
    std::uint64_t unsigned_varint(unsigned bits);

    std::string_view take(std::size_t bytes);
    std::string_view string();
    std::optional<std::string_view> nullable_string();
    std::string_view bytes();
    std::optional<std::string_view> nullable_bytes();
    std::string_view compact_string();
    /// Reads over them: none is known here.
    void tagged_fields();

    /// The number of elements to follow, -1 for a null array. One that the rest cannot hold, at `least` bytes an
    /// element, fails before anything is made room for.
    std::int32_t array(std::size_t least);

  private:
    std::uint64_t big_endian(std::size_t bytes);

    std::string_view rest_;
    bool ok_ = true;
};

/// Writes the same, at the end of a string.
class KafkaWriter {
  public:
    void int8(std::int8_t value) { big_endian(static_cast<std::uint64_t>(value), 1); }
    void int16(std::int16_t value) { big_endian(static_cast<std::uint64_t>(value), 2); }
    void int32(std::int32_t value) { big_endian(static_cast<std::uint64_t>(value), 4); }
    void uint32(std::uint32_t value) { big_endian(value, 4); }
    void int64(std::int64_t value) { big_endian(static_cast<std::uint64_t>(value), 8); }
    void boolean(bool value) { int8(value ? 1 : 0); }
    void varint(std::int32_t value) { varlong(value); }
    void varlong(std::int64_t value);
    void unsigned_varint(std::uint64_t value);
    void string(std::string_view value);
    void null_string() { int16(-1); }
    void bytes(std::string_view value);
    void array(std::size_t count) { int32(static_cast<std::int32_t>(count)); }
    void raw(std::string_view value) { out_ += value; }

    /// Writes over four bytes that were written before.
    void patch_int32(std::size_t at, std::int32_t value);
    void patch_int64(std::size_t at, std::int64_t value);

    std::size_t size() const noexcept { return out_.size(); }
    const std::string& view() const noexcept { return out_; }
    std::string take() { return std::move(out_); }

  private:
    void big_endian(std::uint64_t value, std::size_t bytes);
    void patch(std::size_t at, std::uint64_t value, std::size_t bytes);

    std::string out_;
};

}  // namespace sluice::sandbox
