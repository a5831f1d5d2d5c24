#include "delivery/sample_event.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "event/envelope_writer.hpp"
#include "json/find.hpp"

namespace sluice {
namespace {

constexpr std::string_view kData =
    R"({"sluice_sample":true,"message":"a sample event, sent on request","device":{"id":"sample-device"},"temperature":21.5})";

/// As ingest's ObjectBuilder writes it. `{"hello":"world"}` gives 93A2…1588L17.
std::string checksum_of_data() {
    std::string hash = hex_lower(as_view(sha256(kData)));
    std::transform(hash.begin(), hash.end(), hash.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    return hash + "L" + std::to_string(kData.size());
}

class ObjectText {
  public:
    explicit ObjectText(std::string& out) : out_(out) {}
    ObjectText& open(std::string_view name) {
        key(name);
        out_ += '{';
        return *this;
    }
    ObjectText& close() {
        out_ += '}';
        return *this;
    }
    ObjectText& raw(std::string_view name, std::string_view json) {
        key(name);
        out_ += json;
        return *this;
    }
    ObjectText& text(std::string_view name, std::string_view value) { return raw(name, json::quoted(value)); }
    ObjectText& list(std::string_view name, const std::vector<std::string>& values) {
        key(name);
        out_ += '[';
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out_ += ',';
            json::append_quoted(out_, values[i]);
        }
        out_ += ']';
        return *this;
    }

  private:
    void key(std::string_view name) {
        if (!out_.ends_with('{')) out_ += ',';
        json::append_quoted(out_, name);
        out_ += ':';
    }
    std::string& out_;
};

void append_object(std::string& out, const EventView& event, const std::vector<std::string>& tags, Timestamp at) {
    const std::string date = format_rfc3339(at);
    const std::string checksum = checksum_of_data();
    constexpr std::string_view kWho = "sluice-sample";
    constexpr std::string_view kAddress = "192.0.2.1";
    out += '{';
    ObjectText object(out);
    object.text("_id", event.id).text("id", event.id).text("checksum", checksum);
    object.text("createDate", date).text("updateDate", date).raw("tstamp", std::to_string(to_epoch_ms(at)));
    object.text("creatorId", kWho).text("updaterId", kWho).text("name", "").text("desc", "");
    object.text("recType", event.rec_type).list("tags", tags);
    object.open("owner").text("appid", kWho).text("org", event.org).list("owners", {std::string(event.org)});
    object.text("user", kWho).close();
    object.open("origin").text("checksum", checksum).text("createDate", date).text("creatorId", kWho).text("desc", "");
    object.text("id", event.id).text("name", "").text("remoteAddress", kAddress);
    object.open("tokendata").text("id", kWho).text("ip", kAddress).close().close();
    object.raw("data", kData).close();
}

}  // namespace

std::string sample_rec_type(const std::vector<std::string>& patterns) {
    std::string rec_type = patterns.empty() ? "sluice.sample" : patterns.front();
    constexpr std::string_view kStandIn = "sample";
    for (std::size_t star = rec_type.find('*'); star != std::string::npos; star = rec_type.find('*', star)) {
        rec_type.replace(star, rec_type.compare(star, 2, "**") == 0 ? 2 : 1, kStandIn);
        star += kStandIn.size();
    }
    return rec_type;
}

Event sample_event(const IntegrationConfig& config, std::string_view rec_type, LogPosition position, Timestamp at) {
    const std::string type = rec_type.empty() ? sample_rec_type(config.filter.rec_types) : std::string(rec_type);
    const std::string id = "sample-" + std::to_string(to_epoch_ms(at));
    const std::string tags = encode_tags(config.filter.tags);
    EventView attributes;
    attributes.org = config.org;
    attributes.rec_type = type;
    attributes.id = id;
    attributes.source = "ShareService";
    attributes.event_type = EventType::create;
    attributes.object_type = ObjectType::objs;
    attributes.tags = tags;
    EventBatch batch;
    EnvelopeWriter writer(batch);
    std::string& out = writer.begin(attributes);
    append_object(out, attributes, config.filter.tags, at);
    writer.end(writer.obj_size() - kData.size() - 1, kData.size());
    Result<EventView> view = decode_event(batch.body(0));
    SLUICE_ASSERT(view, "an envelope that was just written can be read");
    return Event(batch.bytes(), *view, position, at);
}

}  // namespace sluice
