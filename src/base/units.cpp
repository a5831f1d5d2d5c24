#include "base/units.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace sluice {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t kKi = 1024;
// The first of equal factors is the one that format_* writes; larger units stand later.
constexpr std::array<Unit, 10> kByteUnits{{{"B", 1},
                                           {"KiB", kKi},
                                           {"MiB", kKi* kKi},
                                           {"GiB", kKi* kKi* kKi},
                                           {"TiB", kKi* kKi* kKi* kKi},
                                           {"kB", 1'000},
                                           {"KB", 1'000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000}}};
constexpr std::array<Unit, 6> kDurationUnits{
    {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}}};

template <std::size_t N>
std::string names_of(const std::array<Unit, N>& units) {
    std::string out;
    for (const auto& unit : units) out += (out.empty() ? "" : ", ") + std::string(unit.name);
    return out;
}

template <std::size_t N>
Result<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units, std::string_view what,
                            std::string_view example, bool unit_needed) {
    auto refuse = [&](std::string_view why) {
        return make_error(Errc::invalid_argument,
                          std::string(what) + " \"" + std::string(text.substr(0, 40)) + "\" " + std::string(why),
                          "write a whole number and a unit, for instance " + std::string(example));
    };
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) return refuse("is too large");
    if (error != std::errc()) return refuse("does not start with a whole number");
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (unit.empty()) {
        if (unit_needed && number != 0) return refuse("has no unit (known: " + names_of(units) + ")");
        return number;
    }
    for (const auto& known : units) {
        if (known.name != unit) continue;
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / known.factor)
            return refuse("is too large");
        return number * known.factor;
    }
    return refuse("has an unknown unit (known: " + names_of(units) + ")");
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
    return parse(text, kByteUnits, "size", "4MiB", false);
}

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
    auto value = parse(text, kDurationUnits, "duration", "50ms", true);
    if (!value) return value.error();
    return std::chrono::microseconds(static_cast<std::int64_t>(*value));
}

std::string format_bytes(std::uint64_t bytes) {
    for (std::size_t i = 5; i-- > 1;)
        if (bytes != 0 && bytes % kByteUnits[i].factor == 0)
            return std::to_string(bytes / kByteUnits[i].factor) + std::string(kByteUnits[i].name);
    return std::to_string(bytes) + "B";
}

std::string format_duration(std::chrono::microseconds duration) {
    auto us = static_cast<std::uint64_t>(duration.count());
    if (us == 0) return "0";
    for (std::size_t i = kDurationUnits.size(); i-- > 1;)
        if (us % kDurationUnits[i].factor == 0)
            return std::to_string(us / kDurationUnits[i].factor) + std::string(kDurationUnits[i].name);
    return std::to_string(us) + "us";
}

}  // namespace sluice
