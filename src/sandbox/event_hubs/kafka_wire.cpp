#include "sandbox/event_hubs/kafka_wire.hpp"

namespace sluice::sandbox {

void KafkaReader::fail() noexcept {
    ok_ = false;
    rest_ = {};
}

std::string_view KafkaReader::take(std::size_t bytes) {
    if (bytes > rest_.size()) {
        fail();
        return {};
    }
    auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
}

std::uint64_t KafkaReader::big_endian(std::size_t bytes) {
    std::uint64_t value = 0;
    for (char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

std::uint64_t KafkaReader::unsigned_varint(unsigned bits) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        auto byte = static_cast<std::uint8_t>(int8());
        auto part = static_cast<std::uint64_t>(byte & 0x7f);
        if (bits - shift < 7 && part >> (bits - shift) != 0) break;  // more than it can hold
        value |= part << shift;
        if ((byte & 0x80) == 0) return ok_ ? value : 0;
    }
    fail();
    return 0;
}

std::int64_t KafkaReader::varlong() {
    auto value = unsigned_varint(64);
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::int32_t KafkaReader::varint() {
    auto value = static_cast<std::uint32_t>(unsigned_varint(32));
    return static_cast<std::int32_t>(value >> 1) ^ -static_cast<std::int32_t>(value & 1);
}

std::optional<std::string_view> KafkaReader::nullable_string() {
    auto length = int16();
    if (length == -1) return std::nullopt;
    if (length < 0) fail();
    return take(length < 0 ? 0 : static_cast<std::size_t>(length));
}

std::string_view KafkaReader::string() {
    auto text = nullable_string();
    if (!text) fail();
    return text.value_or(std::string_view());
}

std::optional<std::string_view> KafkaReader::nullable_bytes() {
    auto length = int32();
    if (length == -1) return std::nullopt;
    if (length < 0) fail();
    return take(length < 0 ? 0 : static_cast<std::size_t>(length));
}

std::string_view KafkaReader::bytes() {
    auto value = nullable_bytes();
    if (!value) fail();
    return value.value_or(std::string_view());
}

std::string_view KafkaReader::compact_string() {
    auto length = unsigned_varint(32);
    if (length == 0) fail();  // null
    return take(length == 0 ? 0 : length - 1);
}

void KafkaReader::tagged_fields() {
    auto count = unsigned_varint(32);
    for (std::uint64_t i = 0; i < count && ok_; i++) {
        unsigned_varint(32);
        take(unsigned_varint(32));
    }
}

std::int32_t KafkaReader::array(std::size_t least) {
    auto count = int32();
    if (count < -1 || (count > 0 && static_cast<std::size_t>(count) > rest_.size() / least)) fail();
    return ok_ ? count : 0;
}

void KafkaWriter::big_endian(std::uint64_t value, std::size_t bytes) {
    auto at = out_.size();
    out_.resize(at + bytes);
    patch(at, value, bytes);
}

void KafkaWriter::patch(std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i++) out_[at + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

void KafkaWriter::patch_int32(std::size_t at, std::int32_t value) {
    patch(at, static_cast<std::uint64_t>(value), 4);
}

void KafkaWriter::patch_int64(std::size_t at, std::int64_t value) {
    patch(at, static_cast<std::uint64_t>(value), 8);
}

void KafkaWriter::unsigned_varint(std::uint64_t value) {
    while (value >= 0x80) {
        out_ += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out_ += static_cast<char>(value);
}

void KafkaWriter::varlong(std::int64_t value) {
    unsigned_varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

void KafkaWriter::string(std::string_view value) {
    int16(static_cast<std::int16_t>(value.size()));
    raw(value);
}

void KafkaWriter::bytes(std::string_view value) {
    int32(static_cast<std::int32_t>(value.size()));
    raw(value);
}

}  // namespace sluice::sandbox
