// Bytes that a damaged disk may hand back: every decoder of stored values either refuses them or gives something that
// it would store and read again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/cursor_codec.hpp"
#include "store/object_codec.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (auto cursor = decode_cursor(0, bytes)) {
        std::string again;
        encode_cursor(cursor.value(), again);
        if (decode_cursor(0, again).value() != cursor.value()) std::abort();
    }
    if (auto letter = decode_dead_letter({}, bytes)) {
        std::string again;
        encode_dead_letter(letter.value(), again);
        if (decode_dead_letter({}, again).value() != letter.value()) std::abort();
    }
    if (auto totals = decode_totals(bytes)) {
        if (decode_totals(encode_totals(totals.value())).value() != totals.value()) std::abort();
    }
    if (auto target = decode_target_text(bytes)) {
        if (decode_target_text(encode_target_text(target.value())).value() != target.value()) std::abort();
    }
    if (auto entry = decode_entry(bytes)) {
        std::string again;
        encode_entry(entry.value(), again);
        auto second = decode_entry(again).value();
        const ObjectEntry& first = entry.value();
        if (second.position != first.position || second.rescued != first.rescued || second.created != first.created ||
            second.updated != first.updated || second.tags != first.tags) {
            std::abort();
        }
    }
    if (auto answer = decode_answer(bytes)) {
        std::string again;
        encode_answer(answer.value(), again);
        if (decode_answer(again).value().first != answer.value().first) std::abort();
    }
    if (auto rescued = decode_rescued({}, bytes)) {
        std::string again;
        encode_rescued(rescued.value(), again);
        if (decode_rescued({}, again).value()->envelope != rescued.value()->envelope) std::abort();
    }
    (void)decode_watermark(bytes);
    (void)names_of_object_key(bytes);
    return 0;
}
