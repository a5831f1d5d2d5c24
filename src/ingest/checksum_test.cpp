#include "ingest/checksum.hpp"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Checksum, IsUpperCaseHexSha256AndTheLength) {
    EXPECT_EQ(checksum_of(R"({"hello":"world"})"),
              "93A23971A914E5EACBF0A8D25154CDA309C3C1C72FBB9914D47C60F3CB681588L17");
}

TEST(Checksum, SizeFollowsTheDigitsOfTheLength) {
    for (const std::size_t length : {1u, 9u, 10u, 99u, 100u, 1000u}) {
        const std::string checksum = checksum_of(std::string(length, ' '));
        EXPECT_EQ(checksum.size(), checksum_size(decimal_digits(length)));
        EXPECT_EQ(checksum.substr(kChecksumHashSize), "L" + std::to_string(length));
    }
}

}  // namespace
}  // namespace sluice
