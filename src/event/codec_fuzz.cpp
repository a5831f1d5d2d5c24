// Any bytes as a record body: refused, or taken apart into views that encode to the same bytes again.
#include <cstdint>
#include <cstdlib>

#include "event/codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view body(reinterpret_cast<const char*>(data), size);
    auto view = sluice::decode_event(body);
    if (!view) return view.error().code == sluice::Errc::corrupt ? 0 : (std::abort(), 0);
    sluice::tags_of(view->tags);
    sluice::EventBatch batch;
    batch.add(*view);
    if (batch.body(0) != body) std::abort();
    return 0;
}
