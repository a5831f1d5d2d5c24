#pragma once

#include <memory>
#include <string>

#include "event/codec.hpp"
#include "event/envelope_writer.hpp"
#include "json/find.hpp"

namespace sluice {

/// An event around a given obj, for this module's tests and benchmarks: written, decoded and owned as in production.
inline Event sample_event(std::string_view obj, std::string_view source = "ShareService", Sequence sequence = 42) {
    EventView attributes;
    attributes.event_type = EventType::update;
    attributes.object_type = ObjectType::devices;
    attributes.org = "com.acme";
    attributes.rec_type = "io.acme.desk";
    attributes.id = "64f0c2a9e13b9a0007f4d2c1";
    attributes.source = source;
    EventBatch batch;
    EnvelopeWriter writer(batch);
    writer.begin(attributes).append(obj);
    auto data = json::find_member(obj, "data");
    writer.end(data ? static_cast<std::size_t>(data->data() - obj.data()) : 0, data ? data->size() : 0);
    SharedBytes owner = batch.bytes();
    EventView view = decode_event(batch.body(0)).value();
    return Event(owner, view, {.partition = 0, .sequence = sequence}, from_epoch_ms(1'795'356'300'123));
}

}  // namespace sluice
