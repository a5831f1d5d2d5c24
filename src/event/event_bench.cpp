// What an event costs between validation and delivery: splicing, decoding, templates, payloads.
#include <benchmark/benchmark.h>

#include "event/envelope_reader.hpp"
#include "event/envelope_writer.hpp"
#include "event/payload.hpp"
#include "event/sample_event.hpp"
#include "event/text_template.hpp"
#include "json/sample_object.hpp"
#include "json/validate.hpp"

namespace sluice {
namespace {

const Event& typical_event() {
    static const Event event = sample_event(json::typical_object());
    return event;
}

/// A hundred envelopes around an obj that is copied in, as bulk ingest writes them.
void SpliceEnvelope(benchmark::State& state) {
    const std::string obj = json::typical_object();
    const EventView attributes = typical_event().view();
    for (auto _ : state) {
        EventBatch batch;
        batch.reserve(200 << 10, 100);
        EnvelopeWriter writer(batch);
        for (int i = 0; i < 100; ++i) {
            writer.begin(attributes).append(obj);
            writer.end(1, 2);
        }
        benchmark::DoNotOptimize(batch.byte_size());
    }
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(SpliceEnvelope);

/// POST /events: validate, take apart, write canonically.
void TakeEnvelope(benchmark::State& state) {
    const std::string line(typical_event()->envelope);
    EnvelopeReader reader;
    std::string minified;
    for (auto _ : state) {
        EventBatch batch;
        batch.reserve(200 << 10, 100);
        EnvelopeWriter writer(batch);
        for (int i = 0; i < 100; ++i) {
            minified.clear();
            if (json::minify_to(minified, line, {})) state.SkipWithError("refused");
            writer.add(reader.read(minified).value(), {});
        }
        benchmark::DoNotOptimize(batch.byte_size());
    }
    state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(TakeEnvelope);

void ReadEnvelope(benchmark::State& state) {
    const std::string line(typical_event()->envelope);
    EnvelopeReader reader;
    for (auto _ : state) benchmark::DoNotOptimize(reader.read(line));
}
BENCHMARK(ReadEnvelope);

void DecodeEvent(benchmark::State& state) {
    EventBatch batch;
    batch.add(typical_event().view());
    for (auto _ : state) benchmark::DoNotOptimize(decode_event(batch.body(0)));
}
BENCHMARK(DecodeEvent);

void EvaluateTemplate(benchmark::State& state, const char* source) {
    const TextTemplate text = TextTemplate::parse(source).value();
    std::string out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(text.evaluate_to(typical_event(), out));
    }
}
BENCHMARK_CAPTURE(EvaluateTemplate, id, "{id}");
BENCHMARK_CAPTURE(EvaluateTemplate, rec_type_and_sequence, "{recType}/{sequence}");
BENCHMARK_CAPTURE(EvaluateTemplate, device_or_id, "{obj.data.device.id|id}");

void RenderPayload(benchmark::State& state, PayloadForm form, std::vector<std::string> redact) {
    const PayloadRenderer renderer = PayloadRenderer::make(form, redact).value();
    std::string scratch;
    for (auto _ : state) benchmark::DoNotOptimize(renderer.render(typical_event(), scratch));
}
BENCHMARK_CAPTURE(RenderPayload, envelope, PayloadForm::envelope, {});
BENCHMARK_CAPTURE(RenderPayload, data, PayloadForm::data, {});
BENCHMARK_CAPTURE(RenderPayload, cloudevents, PayloadForm::cloudevents, {});
BENCHMARK_CAPTURE(RenderPayload, envelope_redacted, PayloadForm::envelope, {"owner.user", "checksum"});

}  // namespace
}  // namespace sluice
