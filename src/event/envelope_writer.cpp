#include "event/envelope_writer.hpp"

#include "json/find.hpp"

namespace sluice {

std::string& EnvelopeWriter::begin(const EventView& attributes) {
    attributes_ = attributes;
    std::string& out = batch_.begin(attributes);
    out.append(R"({"event_type":")").append(to_string(attributes.event_type)).append(R"(","id":)");
    json::append_quoted(out, attributes.id);
    out.append(R"(,"obj":)");
    obj_start_ = out.size();
    return out;
}

std::size_t EnvelopeWriter::obj_size() const {
    return batch_.byte_size() - obj_start_;
}

void EnvelopeWriter::end(std::size_t data_offset, std::size_t data_size) {
    std::size_t obj_size = this->obj_size();
    std::size_t obj_offset = obj_start_ - batch_.envelope_start();
    std::string& out = batch_.begun();
    out.append(R"(,"obj_type":")").append(to_string(attributes_.object_type)).append(R"(","recType":)");
    json::append_quoted(out, attributes_.rec_type);
    out.append(R"(,"source":)");
    json::append_quoted(out, attributes_.source);
    out += '}';
    batch_.commit(static_cast<std::uint32_t>(obj_offset), static_cast<std::uint32_t>(obj_size),
                  static_cast<std::uint32_t>(obj_offset + data_offset), static_cast<std::uint32_t>(data_size));
}

void EnvelopeWriter::add(const EnvelopeParts& parts, EventView attributes) {
    attributes.event_type = parts.event_type;
    attributes.object_type = parts.object_type;
    attributes.rec_type = parts.rec_type;
    attributes.id = parts.id;
    attributes.source = parts.source;
    std::string& out = batch_.begin(attributes);
    out.append(R"({"event_type":)")
        .append(parts.raw_event_type)
        .append(R"(,"id":)")
        .append(parts.raw_id)
        .append(R"(,"obj":)");
    std::size_t obj_offset = out.size() - batch_.envelope_start();
    out.append(parts.raw_obj).append(R"(,"obj_type":)").append(parts.raw_object_type);
    out.append(R"(,"recType":)")
        .append(parts.raw_rec_type)
        .append(R"(,"source":)")
        .append(parts.raw_source)
        .append("}");
    std::size_t data_offset =
        parts.data.empty() ? 0 : static_cast<std::size_t>(parts.data.data() - parts.raw_obj.data());
    batch_.commit(static_cast<std::uint32_t>(obj_offset), static_cast<std::uint32_t>(parts.raw_obj.size()),
                  static_cast<std::uint32_t>(obj_offset + data_offset), static_cast<std::uint32_t>(parts.data.size()));
}

}  // namespace sluice
