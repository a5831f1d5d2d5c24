#include "ingest/body_lines.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(BodyLines, NameTheirLineAndOffsetInTheBody) {
    const auto lines = split_ndjson("{\"a\":1}\n{\"b\":2}\n", 100);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].text, "{\"a\":1}");
    EXPECT_EQ(lines[0].number, 1u);
    EXPECT_EQ(lines[0].offset, 0u);
    EXPECT_EQ(lines[1].text, "{\"b\":2}");
    EXPECT_EQ(lines[1].number, 2u);
    EXPECT_EQ(lines[1].offset, 8u);
}

TEST(BodyLines, TheLastLineNeedsNoLineFeed) {
    const auto lines = split_ndjson("{}\n{}", 100);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[1].offset, 3u);
}

TEST(BodyLines, BlankLinesAreSkippedAndCounted) {
    const auto lines = split_ndjson("\n \t\r\n{}\r\n\n{}\n\n", 100);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].text, "{}\r");
    EXPECT_EQ(lines[0].number, 3u);
    EXPECT_EQ(lines[0].offset, 5u);
    EXPECT_EQ(lines[1].number, 5u);
    EXPECT_EQ(lines[1].offset, 10u);
}

TEST(BodyLines, NothingComesOfNothing) {
    EXPECT_TRUE(split_ndjson("", 100).empty());
    EXPECT_TRUE(split_ndjson("\n\n \r\n", 100).empty());
}

TEST(BodyLines, SplittingStopsAtTheFirstLineTooMany) {
    EXPECT_EQ(split_ndjson("1\n2\n3\n", 3).size(), 3u);
    EXPECT_EQ(split_ndjson("1\n2\n3\n4\n5\n6\n", 3).size(), 4u);
}

}  // namespace
}  // namespace sluice
