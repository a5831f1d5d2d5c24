#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "event/event.hpp"

namespace sluice::share_api {

/// The `meta` of an answer.
struct PageMeta {
    std::uint64_t current_page = 1;
    std::uint64_t per_page = 1;
    std::uint64_t total_count = 1;
};

enum class ObjectForm {
    whole,         ///< byte for byte as in the envelope
    without_data,  ///< the same, less `data`
    receipt,       ///< `id` and `checksum` only
};

/// `{"meta":{…},"objs":[…]}`.
std::string render_answer(const PageMeta& meta, std::span<const Event> events, ObjectForm form);

/// `{"count":…,"first_sequence":"…","last_sequence":"…"}`.
std::string render_receipt(std::uint32_t count, LogPosition first, LogPosition last);

}  // namespace sluice::share_api
