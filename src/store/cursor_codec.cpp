#include "store/cursor_codec.hpp"

#include <limits>
#include <optional>

#include "base/assert.hpp"
#include "store/stored_bytes.hpp"

namespace sluice {
namespace {

/// Version 2 also has how many dead letters were redelivered, at its end, and version 3 after that when something was
/// last delivered. What a cursor does not have is not written: its version is the lowest that carries it.
constexpr std::uint8_t kCursorVersion = 3;
constexpr std::uint8_t kDeadLetterVersion = 1;
constexpr std::uint8_t kTargetVersion = 1;
/// A range takes two bytes at least: what a count may claim is bounded by what is there.
constexpr std::size_t kSmallestRangeBytes = 2;

Error corrupt(std::string_view what, std::string_view why) {
    return make_error(Errc::corrupt, std::string(what) + " in the store cannot be read: " + std::string(why),
                      "Restore the store's folder from a backup.");
}

/// Every version up to `known` can be read.
std::optional<Error> wrong_version(std::string_view what, std::uint8_t found, std::uint8_t known) {
    if (found > 0 && found <= known) return std::nullopt;
    if (found > known) {
        return make_error(
            Errc::unsupported,
            std::string(what) + " in the store was written by a newer Sluice (version " + std::to_string(found) + ")",
            "Start the newer version again.");
    }
    return corrupt(what, "version 0 does not exist");
}

/// a + b, or nothing when it does not fit.
std::optional<std::uint64_t> sum(std::uint64_t a, std::uint64_t b) {
    if (b > std::numeric_limits<std::uint64_t>::max() - a) return std::nullopt;
    return a + b;
}

void encode_settled(const Cursor& cursor, StoredBytesWriter& writer) {
    writer.varint(cursor.settled_beyond.size());
    Sequence before = cursor.position.sequence;
    for (const SequenceRange& range : cursor.settled_beyond) {
        SLUICE_ASSERT(range.first >= before + 2 && range.last >= range.first,
                      "a cursor's ranges are sorted, do not touch, and lie beyond its position");
        writer.varint(range.first - before - 2);
        writer.varint(range.last - range.first);
        before = range.last;
    }
}

bool decode_settled(Cursor& cursor, StoredBytesReader& reader) {
    std::uint64_t count = reader.varint();
    if (count > reader.remaining() / kSmallestRangeBytes) return false;
    cursor.settled_beyond.reserve(count);
    Sequence before = cursor.position.sequence;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto gap_end = sum(before, 2);
        auto first = gap_end ? sum(*gap_end, reader.varint()) : std::nullopt;
        auto last = first ? sum(*first, reader.varint()) : std::nullopt;
        if (!last) return false;
        cursor.settled_beyond.push_back({*first, *last});
        before = *last;
    }
    return true;
}

bool decode_lost(Cursor& cursor, StoredBytesReader& reader) {
    std::uint64_t count = reader.varint();
    if (count > reader.remaining() / kSmallestRangeBytes) return false;
    cursor.lost.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        Sequence first = reader.varint();
        auto last = sum(first, reader.varint());
        if (!last) return false;
        cursor.lost.push_back({first, *last});
    }
    return true;
}

}  // namespace

std::string key_prefix(char letter, std::string_view integration) {
    SLUICE_ASSERT(integration.size() <= std::numeric_limits<std::uint8_t>::max(),
                  "an integration's id has at most 63 bytes");
    std::string key;
    StoredBytesWriter writer(key);
    writer.u8(static_cast<std::uint8_t>(letter));
    writer.u8(static_cast<std::uint8_t>(integration.size()));
    writer.raw(integration);
    return key;
}

std::string cursor_key(std::string_view integration, Partition partition) {
    std::string key = key_prefix('c', integration);
    StoredBytesWriter(key).big_endian_u32(partition);
    return key;
}

std::string dead_letter_key(std::string_view integration, LogPosition position) {
    std::string key = key_prefix('d', integration);
    StoredBytesWriter writer(key);
    writer.big_endian_u32(position.partition);
    writer.big_endian_u64(position.sequence);
    return key;
}

std::string totals_key(std::string_view integration) {
    return key_prefix('t', integration);
}

std::string targets_place_key(std::string_view integration) {
    return key_prefix('p', integration);
}

std::string target_key(std::string_view integration, std::uint32_t number) {
    std::string key = key_prefix('n', integration);
    StoredBytesWriter(key).big_endian_u32(number);
    return key;
}

void encode_cursor(const Cursor& cursor, std::string& out) {
    StoredBytesWriter writer(out);
    const Ledger& ledger = cursor.ledger;
    const std::uint8_t version = cursor.last_delivery ? kCursorVersion : ledger.redelivered > 0 ? 2 : 1;
    writer.u8(version);
    writer.varint(cursor.position.sequence);
    for (std::uint64_t count : {ledger.delivered, ledger.dead_lettered, ledger.discarded, ledger.lost, ledger.retries,
                                ledger.duplicates_possible, ledger.bytes}) {
        writer.varint(count);
    }
    encode_settled(cursor, writer);
    writer.varint(cursor.lost.size());
    for (const SequenceRange& range : cursor.lost) {
        SLUICE_ASSERT(range.last >= range.first, "a lost range ends where it begins or later");
        writer.varint(range.first);
        writer.varint(range.last - range.first);
    }
    if (version >= 2) writer.varint(ledger.redelivered);
    if (version >= 3) writer.signed_varint(to_epoch_ms(*cursor.last_delivery));
}

Result<Cursor> decode_cursor(Partition partition, std::string_view bytes) {
    constexpr std::string_view kWhat = "a cursor";
    StoredBytesReader reader(bytes);
    std::uint8_t version = reader.u8();
    if (reader.failed()) return corrupt(kWhat, "it is empty");
    if (auto wrong = wrong_version(kWhat, version, kCursorVersion)) return *wrong;
    Cursor cursor;
    cursor.position = {partition, reader.varint()};
    Ledger& ledger = cursor.ledger;
    for (std::uint64_t* count : {&ledger.delivered, &ledger.dead_lettered, &ledger.discarded, &ledger.lost,
                                 &ledger.retries, &ledger.duplicates_possible, &ledger.bytes}) {
        *count = reader.varint();
    }
    if (!decode_settled(cursor, reader) || !decode_lost(cursor, reader))
        return corrupt(kWhat, "its ranges do not add up");
    if (version >= 2) ledger.redelivered = reader.varint();
    if (version >= 3) cursor.last_delivery = from_epoch_ms(reader.signed_varint());
    if (!reader.complete()) return corrupt(kWhat, "its length is wrong");
    return cursor;
}

void encode_dead_letter(const DeadLetter& letter, std::string& out) {
    StoredBytesWriter writer(out);
    writer.u8(kDeadLetterVersion);
    writer.varint(letter.attempts);
    writer.signed_varint(to_epoch_ms(letter.at));
    writer.signed_varint(to_epoch_ms(letter.event_time));
    writer.text(letter.error_class);
    writer.text(letter.code);
    writer.text(letter.message);
    writer.text(letter.target);
    writer.raw(letter.record);
}

Result<DeadLetter> decode_dead_letter(LogPosition position, std::string_view bytes) {
    constexpr std::string_view kWhat = "a dead letter";
    StoredBytesReader reader(bytes);
    std::uint8_t version = reader.u8();
    if (reader.failed()) return corrupt(kWhat, "it is empty");
    if (auto wrong = wrong_version(kWhat, version, kDeadLetterVersion)) return *wrong;
    DeadLetter letter;
    letter.position = position;
    std::uint64_t attempts = reader.varint();
    letter.at = from_epoch_ms(reader.signed_varint());
    letter.event_time = from_epoch_ms(reader.signed_varint());
    letter.error_class = reader.text();
    letter.code = reader.text();
    letter.message = reader.text();
    letter.target = reader.text();
    letter.record = reader.rest();
    if (attempts > std::numeric_limits<std::uint32_t>::max())
        return corrupt(kWhat, "its number of attempts is impossible");
    letter.attempts = static_cast<std::uint32_t>(attempts);
    if (!reader.complete()) return corrupt(kWhat, "its length is wrong");
    return letter;
}

std::string encode_target_text(std::string_view text) {
    std::string out;
    StoredBytesWriter writer(out);
    writer.u8(kTargetVersion);
    writer.raw(text);
    return out;
}

Result<std::string> decode_target_text(std::string_view bytes) {
    constexpr std::string_view kWhat = "a target's name";
    StoredBytesReader reader(bytes);
    std::uint8_t version = reader.u8();
    if (reader.failed()) return corrupt(kWhat, "it is empty");
    if (auto wrong = wrong_version(kWhat, version, kTargetVersion)) return *wrong;
    return std::string(reader.rest());
}

std::string encode_totals(const CursorStore::DeadLetterTotals& totals) {
    std::string out;
    StoredBytesWriter writer(out);
    writer.varint(totals.count);
    writer.varint(totals.bytes);
    return out;
}

Result<CursorStore::DeadLetterTotals> decode_totals(std::string_view bytes) {
    StoredBytesReader reader(bytes);
    CursorStore::DeadLetterTotals totals;
    totals.count = reader.varint();
    totals.bytes = reader.varint();
    if (!reader.complete()) return corrupt("an integration's dead-letter totals", "the length is wrong");
    return totals;
}

}  // namespace sluice
