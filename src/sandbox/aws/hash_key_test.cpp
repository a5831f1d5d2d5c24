#include "sandbox/aws/hash_key.hpp"

#include <gtest/gtest.h>

#include "sandbox/aws/vectors_for_test.hpp"

namespace sluice::sandbox {
namespace {

TEST(HashKey, IsTheMd5OfThePartitionKeyAsPublished) {
    SANDBOX_LOAD_VECTORS(vectors, "kinesis_hash.json");
    for (const auto& entry : vectors.at("keys").as_array()) {
        std::string key(entry.at("partition_key").as_string());
        EXPECT_EQ(to_decimal(hash_of_partition_key(key)), std::string(entry.at("hash_key_decimal").as_string())) << key;
    }
}

TEST(HashKey, ReadsWhatItWrites) {
    for (HashKey key : {HashKey{0}, HashKey{9}, HashKey{10}, HashKey{1} << 64, ~HashKey{0}})
        EXPECT_EQ(parse_hash_key(to_decimal(key)), key);
}

TEST(HashKey, RefusesWhatIsNoHashKey) {
    for (const char* text : {"", "01", "-1", "1.0", "x", " 1", "340282366920938463463374607431768211456",
                             "3402823669209384634633746074317682114550"})
        EXPECT_FALSE(parse_hash_key(text)) << text;
    EXPECT_EQ(parse_hash_key("340282366920938463463374607431768211455"), ~HashKey{0});
}

TEST(HashKey, SplitsTheRingWithoutGapsOrOverlaps) {
    for (std::size_t parts : {1u, 2u, 3u, 4u, 7u, 64u, 1000u}) {
        auto ranges = split_evenly(parts);
        ASSERT_EQ(ranges.size(), parts);
        EXPECT_EQ(ranges.front().first, HashKey{0});
        EXPECT_EQ(ranges.back().last, ~HashKey{0});
        for (std::size_t i = 1; i < parts; i++) EXPECT_EQ(ranges[i].first, ranges[i - 1].last + 1);
    }
}

TEST(HashKey, SplitsInHalvesAtTheMiddle) {
    EXPECT_EQ(to_decimal(split_evenly(2)[1].first), "170141183460469231731687303715884105728");
}

}  // namespace
}  // namespace sluice::sandbox
