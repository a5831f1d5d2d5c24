#include "store/object_codec.hpp"

#include <limits>
#include <memory>

#include "base/assert.hpp"
#include "event/codec.hpp"
#include "store/stored_bytes.hpp"

namespace sluice {
namespace {

constexpr std::uint8_t kEntryVersion = 1;
constexpr std::uint8_t kAnswerVersion = 1;
constexpr std::uint8_t kRescuedFlag = 1;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kMaxText8 = 255;

Error corrupt(std::string_view what) {
    return make_error(Errc::corrupt, std::string(what) + " in the store cannot be read",
                      "Restore the store's folder from a backup.");
}

Error unreadable_version(std::string_view what, std::uint8_t found, std::uint8_t known) {
    if (found < known) return corrupt(what);
    return make_error(
        Errc::unsupported,
        std::string(what) + " in the store was written by a newer Sluice (version " + std::to_string(found) + ")",
        "Start the newer version again.");
}

void text8(StoredBytesWriter& writer, std::string_view text) {
    writer.u8(static_cast<std::uint8_t>(text.size()));
    writer.raw(text);
}

bool read_partition(StoredBytesReader& reader, Partition& partition) {
    std::uint64_t number = reader.varint();
    partition = static_cast<Partition>(number);
    return number <= std::numeric_limits<Partition>::max();
}

/// b is the difference of two times: sums of what a damaged disk holds must not overflow.
Timestamp later(Timestamp time, std::int64_t by_ms) {
    return from_epoch_ms(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(to_epoch_ms(time)) + static_cast<std::uint64_t>(by_ms)));
}

std::int64_t difference_ms(Timestamp later_time, Timestamp time) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(to_epoch_ms(later_time)) -
                                     static_cast<std::uint64_t>(to_epoch_ms(time)));
}

}  // namespace

std::string watermark_key(Partition partition) {
    std::string key(1, kWatermarkLetter);
    StoredBytesWriter(key).big_endian_u32(partition);
    return key;
}

std::string encode_watermark(Sequence sequence) {
    std::string bytes;
    StoredBytesWriter(bytes).varint(sequence);
    return bytes;
}

Result<Sequence> decode_watermark(std::string_view bytes) {
    StoredBytesReader reader(bytes);
    Sequence sequence = reader.varint();
    if (!reader.complete()) return corrupt("the object index's watermark");
    return sequence;
}

bool object_prefix(std::string_view org, ObjectType type, std::string_view rec_type, std::string& out) {
    if (org.size() > kMaxText8 || rec_type.size() > kMaxText8) return false;
    StoredBytesWriter writer(out);
    writer.u8(kEntryLetter);
    text8(writer, org);
    writer.u8(static_cast<std::uint8_t>(type));
    text8(writer, rec_type);
    return true;
}

bool object_key(const ObjectIndex::Key& key, std::string& out) {
    if (!object_prefix(key.org, key.type, key.rec_type, out)) return false;
    out.append(key.id);
    return true;
}

std::optional<ObjectIndex::Key> names_of_object_key(std::string_view key) {
    StoredBytesReader reader(key);
    std::uint8_t letter = reader.u8();
    std::string_view org = reader.raw(reader.u8());
    std::uint8_t type = reader.u8();
    std::string_view rec_type = reader.raw(reader.u8());
    std::string_view id = reader.rest();
    bool known =
        type >= static_cast<std::uint8_t>(ObjectType::objs) && type <= static_cast<std::uint8_t>(ObjectType::health);
    if (reader.failed() || letter != kEntryLetter || !known) return std::nullopt;
    return ObjectIndex::Key{org, static_cast<ObjectType>(type), rec_type, id};
}

void encode_entry(const ObjectEntry& entry, std::string& out) {
    StoredBytesWriter writer(out);
    writer.u8(kEntryVersion);
    writer.u8(entry.rescued ? kRescuedFlag : 0);
    writer.varint(entry.position.partition);
    writer.varint(entry.position.sequence);
    writer.signed_varint(to_epoch_ms(entry.created));
    writer.signed_varint(difference_ms(entry.updated, entry.created));
    writer.raw(entry.tags);
}

Result<ObjectEntry> decode_entry(std::string_view bytes) {
    constexpr std::string_view kWhat = "an object's entry";
    StoredBytesReader reader(bytes);
    std::uint8_t version = reader.u8();
    if (reader.failed()) return corrupt(kWhat);
    if (version != kEntryVersion) return unreadable_version(kWhat, version, kEntryVersion);
    ObjectEntry entry;
    std::uint8_t flags = reader.u8();
    entry.rescued = flags == kRescuedFlag;
    bool partition_fits = read_partition(reader, entry.position.partition);
    entry.position.sequence = reader.varint();
    entry.created = from_epoch_ms(reader.signed_varint());
    entry.updated = later(entry.created, reader.signed_varint());
    entry.tags = reader.rest();
    if (reader.failed() || !partition_fits || flags > kRescuedFlag) return corrupt(kWhat);
    return entry;
}

std::string rescued_key(LogPosition position) {
    std::string key(1, kRescuedLetter);
    StoredBytesWriter writer(key);
    writer.big_endian_u32(position.partition);
    writer.big_endian_u64(position.sequence);
    return key;
}

void encode_rescued(const Event& event, std::string& out) {
    EventView view = event.view();
    view.idempotency.reset();  // has a key of its own here
    EventBatch batch;
    batch.add(view);
    StoredBytesWriter writer(out);
    writer.signed_varint(to_epoch_ms(event.time()));
    writer.raw(batch.body(0));
}

Result<Event> decode_rescued(LogPosition position, std::string_view bytes) {
    StoredBytesReader reader(bytes);
    Timestamp time = from_epoch_ms(reader.signed_varint());
    auto body = std::make_shared<const std::string>(reader.rest());
    if (reader.failed()) return corrupt("an object's event");
    auto view = decode_event(*body);
    if (!view) return view.error();
    return Event(std::move(body), view.value(), position, time);
}

bool answer_key(std::string_view org, std::string_view idempotency_key, std::string& out) {
    if (org.size() > kMaxText8) return false;
    StoredBytesWriter writer(out);
    writer.u8(kAnswerLetter);
    text8(writer, org);
    writer.raw(idempotency_key);
    return true;
}

void encode_answer(const ObjectIndex::IdempotentAnswer& answer, std::string& out) {
    SLUICE_ASSERT(answer.body_sha256.size() == kHashBytes, "an idempotency key comes with a SHA-256");
    StoredBytesWriter writer(out);
    writer.u8(kAnswerVersion);
    writer.raw(answer.body_sha256);
    writer.varint(answer.first.partition);
    writer.varint(answer.first.sequence);
    writer.varint(answer.event_count);
    writer.signed_varint(to_epoch_ms(answer.at));
}

Result<ObjectIndex::IdempotentAnswer> decode_answer(std::string_view bytes) {
    constexpr std::string_view kWhat = "an idempotency key's answer";
    StoredBytesReader reader(bytes);
    std::uint8_t version = reader.u8();
    if (reader.failed()) return corrupt(kWhat);
    if (version != kAnswerVersion) return unreadable_version(kWhat, version, kAnswerVersion);
    ObjectIndex::IdempotentAnswer answer;
    answer.body_sha256 = reader.raw(kHashBytes);
    bool partition_fits = read_partition(reader, answer.first.partition);
    answer.first.sequence = reader.varint();
    std::uint64_t count = reader.varint();
    answer.event_count = static_cast<std::uint32_t>(count);
    answer.at = from_epoch_ms(reader.signed_varint());
    if (!reader.complete() || !partition_fits || count > std::numeric_limits<std::uint32_t>::max())
        return corrupt(kWhat);
    return answer;
}

}  // namespace sluice
