#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/cursor_store.hpp"

namespace sluice {

// How cursors, dead letters and taken targets are stored. Pure; held by golden bytes. `vN` is a varint, `zN` a zigzag
// varint (stored_bytes.hpp), `text` a varint length and the bytes.
//
// Keys: a letter, one length byte and the integration's id, then:
//   `c` | partition u32be                   → cursor
//   `d` | partition u32be | sequence u64be  → dead letter
//   `t`                                     → dead-letter totals: v count | v bytes
//   `p`                                     → the place that the targets taken up are of
//   `n` | number u32be, from 0              → the name of a target taken up
// Cursor, version 1:
//   u8 version | v sequence | v delivered | v dead_lettered | v discarded | v lost | v retries | v duplicates_possible
//   | v bytes | v n | n × (v gap, v length − 1)       acknowledged ranges: gap = sequences unsettled before it, less
//   the one there must be | v n | n × (v first, v length − 1)     lost ranges
// Dead letter, version 1:
//   u8 version | v attempts | z at_ms | z event_time_ms | text error_class, code, message, target | record to the end
// Place, name, version 1:
//   u8 version | text to the end
// A store made before there were any has neither; a Sluice from before passes them over. Each name is written once,
// never with the cursors after it.

std::string cursor_key(std::string_view integration, Partition partition);
std::string dead_letter_key(std::string_view integration, LogPosition position);
std::string totals_key(std::string_view integration);
std::string targets_place_key(std::string_view integration);
std::string target_key(std::string_view integration, std::uint32_t number);
/// What all keys of this letter and integration start with.
std::string key_prefix(char letter, std::string_view integration);

void encode_cursor(const Cursor& cursor, std::string& out);
Result<Cursor> decode_cursor(Partition partition, std::string_view bytes);

void encode_dead_letter(const DeadLetter& letter, std::string& out);
Result<DeadLetter> decode_dead_letter(LogPosition position, std::string_view bytes);

std::string encode_target_text(std::string_view text);
Result<std::string> decode_target_text(std::string_view bytes);

std::string encode_totals(const CursorStore::DeadLetterTotals& totals);
Result<CursorStore::DeadLetterTotals> decode_totals(std::string_view bytes);

}  // namespace sluice
