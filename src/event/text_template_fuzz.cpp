// A template up to the first line break, an obj after it: nothing crashes, and an error leaves the output alone.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "event/sample_event.hpp"
#include "event/text_template.hpp"
#include "json/validate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    std::size_t line_end = std::min(input.find('\n'), input.size());
    auto parsed = sluice::TextTemplate::parse(input.substr(0, line_end));
    if (!parsed) return 0;
    std::string obj;
    bool is_bad = sluice::json::minify_to(obj, input.substr(line_end), {}).has_value();
    if (is_bad || !sluice::json::is_object(obj)) obj = R"({"data":{"device":{"id":"d1"},"n":1.50,"t":true,"x":null}})";
    std::string out = "kept";
    auto done = parsed->evaluate_to(sluice::sample_event(obj), out);
    if (done ? !out.starts_with("kept") : out != "kept") std::abort();
    if (!done && done.error().code != sluice::Errc::not_found) std::abort();
    return 0;
}
