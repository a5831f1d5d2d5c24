// Any bytes: both ways through agree with each other and with another parser, and minifying is done once.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "json/avx2_validator.hpp"
#include "json/cpu.hpp"
#include "json/reference_parser.hpp"
#include "json/scalar_validator.hpp"

namespace {

using namespace sluice::json;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const JsonLimits limits{.max_depth = 64};
    std::string minified = "kept";
    std::optional<JsonError> error = internal::check_scalar(text, limits, &minified);

    if (internal::has_avx2()) {
        std::string fast = "kept";
        require(internal::accept_avx2(text, limits, &fast) == !error);
        require(fast == minified);
        require(internal::accept_avx2(text, limits, nullptr) == !error);
    }
    if (error) {
        require(minified == "kept");
        require(error->offset <= size && error->line >= 1 && !error->message.empty());
    } else {
        std::string again = "kept";
        require(!minify_to(again, std::string_view(minified).substr(4), limits));
        require(again == minified);
    }
    bool is_too_deep = error && error->too_deep;
    std::optional<bool> reference = is_too_deep ? std::nullopt : reference_accepts(text);
    if (reference) require(*reference == !error);
    return 0;
}
