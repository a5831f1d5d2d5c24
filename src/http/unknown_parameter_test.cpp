#include "http/unknown_parameter.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::http {
namespace {

constexpr std::array<std::string_view, 2> kKnown{"limit", "after"};

TEST(UnknownParameter, IsNamedWithThoseThatThereAreAndTheNearest) {
    EXPECT_EQ(unknown_parameter("/v1/alerts", "limt", kKnown),
              "/v1/alerts takes limit, after, and not limt; did you mean limit?");
    EXPECT_EQ(unknown_parameter("/v1/alerts", "zzz", kKnown), "/v1/alerts takes limit, after, and not zzz");
    EXPECT_EQ(unknown_parameter("/v1/status", "limit", {}), "/v1/status takes no parameters");
}

TEST(UnknownParameter, IsShownOnOneLineAndShortened) {
    const std::string text = unknown_parameter("it", "a\r\nb" + std::string(10'000, 'c'), kKnown);
    EXPECT_LT(text.size(), 120u);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_TRUE(text.starts_with("it takes limit, after, and not a bccc")) << text;
}

}  // namespace
}  // namespace sluice::http
