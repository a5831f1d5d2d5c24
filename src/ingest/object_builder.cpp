#include "ingest/object_builder.hpp"

#include <algorithm>
#include <array>

#include "ingest/checksum.hpp"
#include "json/find.hpp"

namespace sluice {

namespace {

constexpr std::size_t kIdSize = 24;
constexpr std::size_t kDateSize = 24;

constexpr std::string_view kObjOpening = R"({"_id":")";
constexpr std::string_view kBetweenIds = R"(","id":")";
constexpr std::string_view kBeforeChecksum = R"(","checksum":")";

void append_date(std::string& out, Timestamp time) {
    char text[kDateSize];
    format_rfc3339_to(time, text);
    out += '"';
    out.append(text, kDateSize);
    out += '"';
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
    out += ",\"";
    out += key;
    out += "\":";
    json::append_quoted(out, text);
}

void append_member(std::string& out, std::string_view key, Timestamp time) {
    out += ",\"";
    out += key;
    out += "\":";
    append_date(out, time);
}

void append_array_member(std::string& out, std::string_view key, const std::vector<std::string>& texts) {
    out += ",\"";
    out += key;
    out += "\":[";
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        json::append_quoted(out, texts[i]);
    }
    out += ']';
}

/// What all events of an object have in common with `current`.
EventView same_object(const Event& current, EventType type) {
    EventView view;
    view.event_type = type;
    view.object_type = current->object_type;
    view.kept_as_object = true;
    view.org = current->org;
    view.rec_type = current->rec_type;
    view.id = current->id;
    view.source = kShareServiceSource;
    view.tags = current->tags;
    return view;
}

/// Later than the object's last change, whatever the clock says: consumers tell an object's events apart by it.
Timestamp next_update_date(const Event& current, Timestamp now) {
    Timestamp last = current.time();
    if (const auto raw = json::find_member(current->obj, "updateDate"))
        if (const auto date = parse_rfc3339(json::unescape(*raw))) last = *date;
    return std::max(now, last + std::chrono::milliseconds(1));
}

}  // namespace

ObjectBuilder::ObjectBuilder(EventBatch& batch, const ObjectContext& context, ObjectIdGenerator& ids, Timestamp now,
                             DataLimits limits)
    : batch_(batch), writer_(batch), ids_(ids), now_(now), limits_(limits), encoded_tags_(encode_tags(context.tags)) {
    const Author& author = context.author;
    view_.event_type = EventType::create;
    view_.object_type = context.type;
    view_.kept_as_object = true;
    view_.org = author.org;
    view_.rec_type = context.rec_type;
    view_.source = kShareServiceSource;
    view_.tags = encoded_tags_;

    // What varies most is counted; the rest are names, dates and quotes.
    constexpr std::size_t kRest = 320;
    const std::size_t names = 3 * author.token_id.size() + author.token_name.size() + 2 * author.org.size();
    before_origin_checksum_.reserve(kRest + names + context.rec_type.size() + encoded_tags_.size() * 3);
    before_origin_id_.reserve(kRest / 2 + author.token_id.size());
    before_data_.reserve(kRest / 2 + author.token_id.size() + 2 * author.remote_address.size());

    std::string& to_origin = before_origin_checksum_;
    to_origin = "\"";
    append_member(to_origin, "createDate", now);
    append_member(to_origin, "updateDate", now);
    to_origin += ",\"tstamp\":" + std::to_string(to_epoch_ms(now));
    append_member(to_origin, "creatorId", author.token_id);
    append_member(to_origin, "updaterId", author.token_id);
    append_member(to_origin, "name", "");
    append_member(to_origin, "desc", "");
    append_member(to_origin, "recType", context.rec_type);
    append_array_member(to_origin, "tags", context.tags);
    to_origin += ",\"owner\":{\"appid\":";
    json::append_quoted(to_origin, author.token_id);
    append_member(to_origin, "org", author.org);
    append_array_member(to_origin, "owners", {author.org});
    append_member(to_origin, "user", author.token_name);
    to_origin += "},\"origin\":{\"checksum\":\"";

    std::string& to_origin_id = before_origin_id_;
    to_origin_id = "\"";
    append_member(to_origin_id, "createDate", now);
    append_member(to_origin_id, "creatorId", author.token_id);
    append_member(to_origin_id, "desc", "");
    to_origin_id += ",\"id\":\"";

    std::string& to_data = before_data_;
    to_data = "\"";
    append_member(to_data, "name", "");
    append_member(to_data, "remoteAddress", author.remote_address);
    to_data += ",\"tokendata\":{\"id\":";
    json::append_quoted(to_data, author.token_id);
    append_member(to_data, "ip", author.remote_address);
    to_data += "}},\"data\":";
}

std::optional<Refusal> ObjectBuilder::add(std::string_view text, const std::optional<IdempotencyMark>& mark) {
    std::array<char, kIdSize> id_bytes;
    ids_.next_to(now_, id_bytes.data());
    const std::string_view id(id_bytes.data(), id_bytes.size());
    view_.id = id;
    view_.idempotency = mark;

    std::string& out = writer_.begin(view_);
    const std::size_t obj = out.size();
    out += kObjOpening;
    out += id;
    out += kBetweenIds;
    out += id;
    out += kBeforeChecksum;
    DataSplice splice(out, text);
    splice.reserve_checksum();
    out += before_origin_checksum_;
    splice.reserve_checksum();
    out += before_origin_id_;
    out += id;
    out += before_data_;
    if (auto refusal = splice.append_data(limits_)) {
        batch_.rollback();
        return refusal;
    }
    const std::size_t data_size = splice.data_size();
    out += '}';
    writer_.end(splice.data_offset() - obj, data_size);
    return std::nullopt;
}

void ObjectBuilder::reserve(std::size_t text_bytes, std::size_t count) {
    constexpr std::size_t kRecord = 256;  // header, names of the envelope's members, and a little to spare
    constexpr std::size_t kVarying = 4 * kIdSize + 2 * checksum_size(8);
    constexpr std::size_t kOpening = kObjOpening.size() + kBetweenIds.size() + kBeforeChecksum.size();
    const std::size_t overhead = kRecord + kVarying + kOpening + view_.org.size() + 2 * view_.rec_type.size() +
                                 view_.tags.size() + before_origin_checksum_.size() + before_origin_id_.size() +
                                 before_data_.size();
    batch_.reserve(text_bytes + count * overhead, count);
}

std::optional<Refusal> append_update(EventBatch& batch, const Event& current, const Author& author, Timestamp now,
                                     std::string_view text, DataLimits limits) {
    EnvelopeWriter writer(batch);
    std::string& out = writer.begin(same_object(current, EventType::update));
    const std::size_t obj = out.size();
    DataSplice splice(out, text);
    json::for_each_member(current->obj, [&](std::string_view name, std::string_view value) {
        if (name == "\"data\"") return true;
        out += out.size() == obj ? '{' : ',';
        out += name;
        out += ':';
        if (name == "\"checksum\"") {
            out += '"';
            splice.reserve_checksum();
            out += '"';
        } else if (name == "\"updateDate\"") {
            append_date(out, next_update_date(current, now));
        } else if (name == "\"updaterId\"") {
            json::append_quoted(out, author.token_id);
        } else {
            out += value;
        }
        return true;
    });
    out += ",\"data\":";
    if (auto refusal = splice.append_data(limits)) {
        batch.rollback();
        return refusal;
    }
    const std::size_t data_size = splice.data_size();
    out += '}';
    writer.end(splice.data_offset() - obj, data_size);
    return std::nullopt;
}

void append_delete(EventBatch& batch, const Event& current) {
    EnvelopeWriter writer(batch);
    writer.begin(same_object(current, EventType::remove)) += current->obj;
    const auto data = static_cast<std::size_t>(current->data.data() - current->obj.data());
    writer.end(data, current->data.size());
}

}  // namespace sluice
