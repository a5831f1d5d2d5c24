#include "destinations/kinesis/kpl_record.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::kinesis {
namespace {

namespace json = boost::json;

const std::filesystem::path kVectors = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors";

json::value read_vectors(const char* name) {
    std::ifstream in(kVectors / name);
    std::ostringstream text;
    text << in.rdbuf();
    return json::parse(text.str());
}

std::string text_in(const json::value& value) {
    return std::string(value.as_string());
}

TEST(KplRecord, ReproducesRecordsOfOtherImplementationsByteForByte) {
    if (!std::filesystem::exists(kVectors / "kpl_aggregated.json")) GTEST_SKIP() << "no vectors at " << kVectors;
    auto vectors = read_vectors("kpl_aggregated.json");
    ASSERT_FALSE(vectors.as_array().empty());
    for (const auto& vector : vectors.as_array()) {
        SCOPED_TRACE(text_in(vector.at("name")));
        KplRecord record;
        for (const auto& inner : vector.at("records").as_array()) {
            auto key =
                text_in(vector.at("partition_key_table").as_array()[inner.at("pk_index").to_number<std::size_t>()]);
            std::optional<std::string> hash_key;
            if (!inner.at("ehk_index").is_null()) {
                auto index = inner.at("ehk_index").to_number<std::size_t>();
                hash_key = text_in(vector.at("explicit_hash_key_table").as_array()[index]);
            }
            const auto& data = inner.at("data_utf8").as_string();
            record.add(key, hash_key, std::string_view(data.data(), data.size()));
        }
        std::string bytes;
        record.append_to(bytes);
        EXPECT_EQ(base64_encode(bytes), text_in(vector.at("aggregated_base64")));
    }
}

TEST(KplRecord, HashKeyIsTheKeysMd5AsADecimalNumber) {
    if (!std::filesystem::exists(kVectors / "kinesis_hash.json")) GTEST_SKIP() << "no vectors at " << kVectors;
    auto vectors = read_vectors("kinesis_hash.json");
    ASSERT_FALSE(vectors.at("keys").as_array().empty());
    for (const auto& vector : vectors.at("keys").as_array()) {
        EXPECT_EQ(hash_key_decimal(text_in(vector.at("partition_key"))), text_in(vector.at("hash_key_decimal")));
    }
}

TEST(KplRecord, LengthsOverOneByteAreWrittenInMore) {
    KplRecord record;
    std::string large(20'000, 'x');
    record.add("k", std::nullopt, large);
    std::string bytes;
    record.append_to(bytes);
    // magic, table entry (3), record tag and its length (1 + 3), index (2), data tag and length (1 + 3), data, MD5
    EXPECT_EQ(bytes.size(), 4 + 3 + 4 + 2 + 4 + large.size() + 16);
    EXPECT_LE(bytes.size() - large.size() - 24, kKplOverheadPerEvent);
}

TEST(KplRecord, ClearForgetsTheLastRecord) {
    KplRecord reused;
    reused.add("old", "1", "old data");
    reused.clear();
    reused.add("k", std::nullopt, "data");
    KplRecord fresh;
    fresh.add("k", std::nullopt, "data");
    std::string from_reused;
    std::string from_fresh;
    reused.append_to(from_reused);
    fresh.append_to(from_fresh);
    EXPECT_EQ(from_reused, from_fresh);
    EXPECT_EQ(reused.size(), 1u);
}

}  // namespace
}  // namespace sluice::kinesis
