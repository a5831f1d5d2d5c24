#include "sandbox/event_hubs/partition_of_key.hpp"

#include <gtest/gtest.h>

namespace sluice::sandbox {
namespace {

/// The values by which Apache Kafka's own tests hold its client to this hash.
TEST(PartitionOfKey, HashesAsKafkasClientDoes) {
    auto hash = [](std::string_view text) { return static_cast<std::int32_t>(murmur2(text)); };
    EXPECT_EQ(hash("21"), -973932308);
    EXPECT_EQ(hash("foobar"), -790332482);
    EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
    EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
    EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
    EXPECT_EQ(hash("abc"), 479470107);
}

TEST(PartitionOfKey, StaysWithinThePartitions) {
    for (int partitions : {1, 3, 32}) {
        for (std::string_view key : {"", "21", "foobar", "\xff\xff\xff\xff"}) {
            auto partition = partition_of_key(key, partitions);
            EXPECT_GE(partition, 0);
            EXPECT_LT(partition, partitions);
        }
    }
}

}  // namespace
}  // namespace sluice::sandbox
