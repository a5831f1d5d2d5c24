#include "sources/share_api/answer.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "json/find.hpp"

namespace sluice::share_api {

namespace {

constexpr std::string_view kBeforeData = ",\"data\":";

void append_number(std::string& out, std::string_view before, std::uint64_t number) {
    out += before;
    out += std::to_string(number);
}

/// `data` stands last in the objects made here, so they are cut off before it.
void append_without_data(std::string& out, const EventView& event) {
    const std::string_view obj = event.obj;
    if (!event.data.empty()) {
        const auto data = static_cast<std::size_t>(event.data.data() - obj.data());
        const bool is_last = data + event.data.size() + 1 == obj.size();
        if (is_last && obj.substr(0, data).ends_with(kBeforeData)) {
            out += obj.substr(0, data - kBeforeData.size());
            out += '}';
            return;
        }
    }
    static const std::array<std::vector<std::string>, 1> kData{{{"data"}}};
    out += json::remove_paths(obj, kData);
}

void append_receipt(std::string& out, const EventView& event) {
    out += "{\"id\":";
    json::append_quoted(out, event.id);
    if (const auto checksum = json::find_member(event.obj, "checksum")) {
        out += ",\"checksum\":";
        out += *checksum;
    }
    out += '}';
}

std::size_t size_of(std::span<const Event> events, ObjectForm form) {
    constexpr std::size_t kPartial = 1024;
    if (form != ObjectForm::whole) return events.size() * kPartial;
    std::size_t size = 0;
    for (const Event& event : events) size += event->obj.size() + 1;
    return size;
}

}  // namespace

std::string render_answer(const PageMeta& meta, std::span<const Event> events, ObjectForm form) {
    constexpr std::size_t kAround = 256;
    std::string out;
    out.reserve(kAround + size_of(events, form));
    append_number(out, "{\"meta\":{\"currentCount\":", events.size());
    append_number(out, ",\"currentPage\":", meta.current_page);
    append_number(out, ",\"perPage\":", meta.per_page);
    append_number(out, ",\"totalCount\":", meta.total_count);
    append_number(out, ",\"totalPages\":", (meta.total_count + meta.per_page - 1) / meta.per_page);
    out += ",\"source\":\"db\"},\"objs\":[";
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (i > 0) out += ',';
        const EventView& event = events[i].view();
        if (form == ObjectForm::whole)
            out += event.obj;
        else if (form == ObjectForm::without_data)
            append_without_data(out, event);
        else
            append_receipt(out, event);
    }
    out += "]}";
    return out;
}

std::string render_receipt(std::uint32_t count, LogPosition first, LogPosition last) {
    std::string out = "{\"count\":" + std::to_string(count);
    out += ",\"first_sequence\":";
    json::append_quoted(out, to_string(first));
    out += ",\"last_sequence\":";
    json::append_quoted(out, to_string(last));
    out += '}';
    return out;
}

}  // namespace sluice::share_api
