// What validation costs, beside other parsers (which check less, refuse more or build trees; they are here for scale).
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "json/avx2_validator.hpp"
#include "json/reference_parser.hpp"
#include "json/sample_object.hpp"
#include "json/scalar_validator.hpp"
#include "json/validate.hpp"

namespace sluice::json {
namespace {

std::string repeated(std::string_view object, std::size_t bytes) {
    std::string out = "[";
    while (out.size() < bytes) out.append(object).append(",");
    out.back() = ']';
    return out;
}

std::string sample(std::int64_t which) {
    switch (which) {
        case 0:
            return typical_object();
        case 1:
            return pretty(typical_object());
        case 2:
            return repeated(typical_object(), 100 << 10);
        default:
            return repeated(pretty(typical_object()), 100 << 10);
    }
}
const char* const kSampleNames[] = {"1 KiB compact", "1 KiB object, pretty", "100 KiB compact", "100 KiB pretty"};

void report(benchmark::State& state, const std::string& text) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
    state.SetLabel(kSampleNames[state.range(0)] + std::string(", ") + std::to_string(text.size()) + " bytes");
}

void Minify(benchmark::State& state) {
    std::string text = sample(state.range(0));
    std::string out;
    for (auto _ : state) {
        out.clear();
        auto error = minify_to(out, text, {});
        if (error) state.SkipWithError(error->message.c_str());
        benchmark::DoNotOptimize(out.data());
    }
    report(state, text);
}

void Validate(benchmark::State& state) {
    std::string text = sample(state.range(0));
    for (auto _ : state) {
        auto error = validate(text, {});
        if (error) state.SkipWithError(error->message.c_str());
    }
    report(state, text);
}

void MinifyScalar(benchmark::State& state) {
    std::string text = sample(state.range(0));
    std::string out;
    for (auto _ : state) {
        out.clear();
        auto error = internal::check_scalar(text, {}, &out);
        benchmark::DoNotOptimize(error);
    }
    report(state, text);
}

void SimdjsonDom(benchmark::State& state) {
    simdjson::padded_string text(sample(state.range(0)));
    simdjson::dom::parser parser;
    for (auto _ : state) {
        simdjson::dom::element element;
        if (parser.parse(text).get(element)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(element);
    }
    report(state, std::string(text));
}

void SimdjsonMinify(benchmark::State& state) {
    std::string text = sample(state.range(0));
    std::string out(text.size() + 64, '\0');
    for (auto _ : state) {
        std::size_t size = 0;
        if (simdjson::minify(text.data(), text.size(), out.data(), size)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(size);
    }
    report(state, text);
}

/// Every value read, as a check by means of it would have to.
void touch(simdjson::ondemand::value value) {
    switch (value.type()) {
        case simdjson::ondemand::json_type::object:
            for (auto field : value.get_object()) {
                benchmark::DoNotOptimize(field.unescaped_key());
                touch(field.value());
            }
            break;
        case simdjson::ondemand::json_type::array:
            for (auto element : value.get_array()) touch(element.value());
            break;
        case simdjson::ondemand::json_type::string:
            benchmark::DoNotOptimize(value.get_string());
            break;
        case simdjson::ondemand::json_type::number:
            benchmark::DoNotOptimize(value.get_double());
            break;
        case simdjson::ondemand::json_type::boolean:
            benchmark::DoNotOptimize(value.get_bool());
            break;
        case simdjson::ondemand::json_type::null:
            benchmark::DoNotOptimize(value.is_null());
            break;
    }
}

void SimdjsonOnDemand(benchmark::State& state) {
    simdjson::padded_string text(sample(state.range(0)));
    simdjson::ondemand::parser parser;
    for (auto _ : state) {
        auto document = parser.iterate(text);
        simdjson::ondemand::value root;
        if (document.get_value().get(root)) state.SkipWithError("refused");
        touch(root);
    }
    report(state, std::string(text));
}

void BoostJson(benchmark::State& state) {
    std::string text = sample(state.range(0));
    for (auto _ : state) {
        if (!reference_accepts(text).value_or(false)) state.SkipWithError("refused");
    }
    report(state, text);
}

/// Two thousand different objects, as traffic is: a processor learns the branches of one text that is read again and
/// again.
const std::vector<std::string>& varied_objects() {
    static const std::vector<std::string> objects = [] {
        std::mt19937 random(20261123);
        auto below = [&](unsigned bound) { return random() % bound; };
        std::vector<std::string> made(2000);
        for (std::string& object : made) {
            object = "{";
            while (object.size() < 900) {
                object.append(object.size() > 1 ? ",\"" : "\"").append(3 + below(9), 'n').append("\":");
                switch (below(6)) {
                    case 0:
                        object += std::to_string(below(2) ? below(100) : random());
                        break;
                    case 1:
                        object += std::to_string(below(100)) + "." + std::to_string(below(1000));
                        break;
                    case 2:
                        object += below(2) ? "true" : "null";
                        break;
                    case 3:
                        object += "[{\"value\":" + std::to_string(below(2000)) + ",\"unit\":\"C\"}]";
                        break;
                    default:
                        object.append("\"").append(below(30), 's').append("\"");
                }
            }
            object += '}';
        }
        return made;
    }();
    return objects;
}

void MinifyVaried(benchmark::State& state) {
    const auto& objects = varied_objects();
    std::string out;
    std::size_t i = 0;
    for (auto _ : state) {
        out.clear();
        if (minify_to(out, objects[i++ % objects.size()], {})) state.SkipWithError("refused");
        benchmark::DoNotOptimize(out.data());
    }
}

void SimdjsonDomVaried(benchmark::State& state) {
    std::vector<simdjson::padded_string> objects(varied_objects().begin(), varied_objects().end());
    simdjson::dom::parser parser;
    std::size_t i = 0;
    for (auto _ : state) {
        simdjson::dom::element element;
        if (parser.parse(objects[i++ % objects.size()]).get(element)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(element);
    }
}

BENCHMARK(MinifyVaried);
BENCHMARK(SimdjsonDomVaried);
BENCHMARK(Minify)->DenseRange(0, 3);
BENCHMARK(Validate)->DenseRange(0, 3);
BENCHMARK(MinifyScalar)->DenseRange(0, 3);
BENCHMARK(SimdjsonDom)->DenseRange(0, 3);
BENCHMARK(SimdjsonOnDemand)->DenseRange(0, 3);
BENCHMARK(SimdjsonMinify)->DenseRange(0, 3);
BENCHMARK(BoostJson)->DenseRange(0, 3);

}  // namespace
}  // namespace sluice::json
