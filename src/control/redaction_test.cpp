#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "control/integration_directory.hpp"

namespace sluice {
namespace {

DestinationRegistry registry_with(std::span<const std::string_view> secret_paths) {
    DestinationRegistry registry;
    DestinationKind kind;
    kind.type = "safe";
    kind.secret_paths = secret_paths;
    kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
    kind.make = [](const boost::json::object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
        return make_error(Errc::unsupported, "only its settings are of interest here");
    };
    registry.add(std::move(kind));
    return registry;
}

std::string redacted(std::string_view settings, std::span<const std::string_view> secret_paths) {
    auto registry = registry_with(secret_paths);
    return boost::json::serialize(redact_settings(boost::json::parse(settings).as_object(), registry));
}

TEST(Redaction, HidesMembersByTheirPath) {
    constexpr std::array<std::string_view, 2> kPaths = {"key", "credentials.csv"};
    auto shown =
        redacted(R"({"destination":{"type":"safe","key":"k","credentials":{"csv":"s","region":"r"}}})", kPaths);
    EXPECT_EQ(
        shown,
        R"x({"destination":{"type":"safe","key":"(redacted)","credentials":{"csv":"(redacted)","region":"r"}}})x");
}

TEST(Redaction, AStarHidesEveryMember) {
    constexpr std::array<std::string_view, 1> kPaths = {"devices.*"};
    auto shown = redacted(R"({"destination":{"type":"safe","devices":{"a.**":"s1","b.*":{"x":"s2"}}}})", kPaths);
    EXPECT_EQ(shown, R"x({"destination":{"type":"safe","devices":{"a.**":"(redacted)","b.*":"(redacted)"}}})x");
    std::string_view of_another_type = R"({"destination":{"type":"safe","devices":"not an object"}})";
    EXPECT_EQ(redacted(of_another_type, kPaths), of_another_type);
}

}  // namespace
}  // namespace sluice
