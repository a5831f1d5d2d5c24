#include "sandbox/aws/kpl.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "sandbox/aws/vectors_for_test.hpp"

namespace sluice::sandbox {
namespace {

std::string aggregated(std::string_view message) {
    return "\xf3\x89\x9a\xc2" + std::string(message) + std::string(as_view(md5(message)));
}

TEST(Kpl, DeaggregatesWhatOthersAggregated) {
    SANDBOX_LOAD_VECTORS(vectors, "kpl_aggregated.json");
    for (const auto& entry : vectors.as_array()) {
        auto bytes = base64_decode(std::string(entry.at("aggregated_base64").as_string()));
        ASSERT_TRUE(bytes);
        auto records = deaggregate(*bytes);
        ASSERT_TRUE(records) << entry.at("name");
        const auto& expected = entry.at("records").as_array();
        const auto& keys = entry.at("partition_key_table").as_array();
        const auto& hashes = entry.at("explicit_hash_key_table").as_array();
        ASSERT_EQ(records->size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); i++) {
            const auto& record = (*records)[i];
            EXPECT_EQ(record.data, std::string(expected[i].at("data_utf8").as_string()));
            EXPECT_EQ(record.partition_key,
                      std::string(keys.at(expected[i].at("pk_index").to_number<std::size_t>()).as_string()));
            const auto& hash = expected[i].at("ehk_index");
            EXPECT_EQ(
                record.explicit_hash_key,
                hash.is_null() ? std::string() : std::string(hashes.at(hash.to_number<std::size_t>()).as_string()));
        }
    }
}

TEST(Kpl, LeavesPlainAndDamagedRecordsAlone) {
    using namespace std::string_view_literals;
    auto good = aggregated("\x0a\x01k\x1a\x05\x08\x00\x1a\x01x"sv);
    EXPECT_FALSE(deaggregate("plain text"));
    EXPECT_FALSE(deaggregate(""));
    EXPECT_FALSE(deaggregate("\xf3\x89\x9a\xc2"));
    auto damaged = good;
    damaged.back() ^= 1;
    EXPECT_FALSE(deaggregate(damaged));
}

TEST(Kpl, RefusesMessagesThatCannotBeRead) {
    using namespace std::string_view_literals;
    EXPECT_TRUE(deaggregate(aggregated("\x0a\x01k\x1a\x05\x08\x00\x1a\x01x"sv)));
    EXPECT_FALSE(deaggregate(aggregated("\x0a\x7fk"sv))) << "a length beyond the end";
    EXPECT_FALSE(deaggregate(aggregated("\x0a\x01k\x1a\x05\x08\x01\x1a\x01x"sv))) << "a key that is not in the table";
    EXPECT_FALSE(deaggregate(aggregated("\x0a\x01k\x1a\x02\x08\x00"sv))) << "a record without data";
    EXPECT_FALSE(deaggregate(aggregated("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv)))
        << "a number without an end";
    EXPECT_FALSE(deaggregate(aggregated("\x0b"sv))) << "a group";
}

}  // namespace
}  // namespace sluice::sandbox
