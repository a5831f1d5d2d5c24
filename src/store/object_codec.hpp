#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "event/event.hpp"
#include "store/object_index.hpp"

namespace sluice {

// How objects and idempotency keys are stored. Pure; held by golden bytes. `v` is a varint, `z` a zigzag varint,
// `text8` one length byte and the bytes (stored_bytes.hpp).
//
// Keys of the family `objects`:
//   `w` | partition u32be                                   → watermark: v sequence
//   `o` | text8 org | u8 type | text8 recType | id          → entry
//   `b` | partition u32be | sequence u64be                  → bytes rescued from the log: z time_ms | record body
//   `i` | text8 org | idempotency key                       → answer
// Entry, version 1:
//   u8 version | u8 flags (1 rescued) | v partition | v sequence | z created_ms | z updated_ms − created_ms | tags as
//   in records
// Answer, version 1:
//   u8 version | 32 bytes hash | v partition | v first sequence | v event count | z at_ms

constexpr char kWatermarkLetter = 'w';
constexpr char kEntryLetter = 'o';
constexpr char kRescuedLetter = 'b';
constexpr char kAnswerLetter = 'i';

/// An object as a pointer to its latest event. `tags` points into what it was decoded from.
struct ObjectEntry {
    LogPosition position;
    bool rescued = false;  ///< the event's bytes are kept here; the log may have let them go
    Timestamp created{};
    Timestamp updated{};
    std::string_view tags;
};

std::string watermark_key(Partition partition);
std::string encode_watermark(Sequence sequence);
Result<Sequence> decode_watermark(std::string_view bytes);

/// False when a part is longer than any stored object's: there is no such object.
bool object_key(const ObjectIndex::Key& key, std::string& out);
/// What the keys of one stream's objects start with; their ids follow, in order.
bool object_prefix(std::string_view org, ObjectType type, std::string_view rec_type, std::string& out);
/// What an entry's key names, pointing into it; nullopt for what is no key.
std::optional<ObjectIndex::Key> names_of_object_key(std::string_view key);
void encode_entry(const ObjectEntry& entry, std::string& out);
Result<ObjectEntry> decode_entry(std::string_view bytes);

std::string rescued_key(LogPosition position);
void encode_rescued(const Event& event, std::string& out);
Result<Event> decode_rescued(LogPosition position, std::string_view bytes);

/// False when a part is longer than what is ever stored.
bool answer_key(std::string_view org, std::string_view idempotency_key, std::string& out);
void encode_answer(const ObjectIndex::IdempotentAnswer& answer, std::string& out);
Result<ObjectIndex::IdempotentAnswer> decode_answer(std::string_view bytes);

}  // namespace sluice
