// Any valid JSON as an envelope: refused, or written canonically, once and for all.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/envelope_reader.hpp"
#include "event/envelope_writer.hpp"
#include "json/validate.hpp"

namespace {

using namespace sluice;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text;
    if (json::minify_to(text, {reinterpret_cast<const char*>(data), size}, {})) return 0;
    EnvelopeReader reader;
    auto parts = reader.read(text);
    if (!parts) {
        require(parts.error().code == Errc::invalid_argument && !parts.error().message.empty());
        return 0;
    }
    EventBatch batch;
    EnvelopeWriter writer(batch);
    writer.add(*parts, {});
    auto view = decode_event(batch.body(0));
    require(view.has_value() && !json::validate(view->envelope, {}));
    require(view->envelope.size() == text.size());
    require(view->obj == parts->raw_obj && view->data == parts->data && view->id == parts->id);

    EnvelopeReader second;
    writer.add(second.read(std::string(view->envelope)).value(), {});
    require(batch.body(1) == batch.body(0));
    return 0;
}
