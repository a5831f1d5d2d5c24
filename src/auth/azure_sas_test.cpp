#include "auth/azure_sas.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.hpp"

namespace sluice::auth {
namespace {

std::string policy_of(std::string_view token) {
    auto at = token.find("&skn=");
    return at == std::string_view::npos ? std::string() : std::string(token.substr(at + 5));
}

TEST(AzureSas, MakesThePublishedTokens) {
    const auto path = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/azure_sas.json";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no vectors at " << path;
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    std::size_t compared = 0;
    const auto all = boost::json::parse(text);
    for (const auto& item : all.as_array()) {
        const auto& vector = item.as_object();
        const auto* token = vector.if_contains("token");
        if (token == nullptr) continue;
        const std::string_view expected = token->as_string();
        const auto seconds = vector.at("expiry").as_int64();
        Secret key;
        if (const auto* encoded = vector.if_contains("key_base64")) {
            key = Secret(*base64_decode(encoded->as_string()));
        } else {
            key = Secret("ZmFrZWtleWZha2VrZXlmYWtla2V5ZmFrZWtleQ==");
        }
        // The signature is over the encoded text as it stands, so lower-case escapes give another one.
        const std::string_view to_sign = vector.at("string_to_sign").as_string();
        const auto line_end = to_sign.find('\n');
        const auto signature = azure_sas_signature(to_sign.substr(0, line_end), key, to_sign.substr(line_end + 1));
        if (vector.contains("percent_case") && vector.at("percent_case").as_string() == "lower") {
            EXPECT_EQ(signature, "166yHuTCCC7xv5eXWn/zAaC/RlB8GsmwNyKJpMehFp0=");
        } else {
            const std::string_view uri = vector.at("uri").as_string();
            auto made = azure_sas_token(uri, key, from_epoch_ms(seconds * 1000), policy_of(expected));
            EXPECT_EQ(made.reveal(), expected);
            EXPECT_NE(expected.find("sig=" + percent_encode(signature)), std::string_view::npos);
        }
        ++compared;
    }
    EXPECT_GE(compared, 6u);
}

TEST(AzureSas, EncodesThePolicyName) {
    auto token = azure_sas_token("a/b", Secret("k"), from_epoch_ms(1'000), "my policy");
    EXPECT_NE(token.reveal().find("&skn=my%20policy"), std::string::npos);
}

}  // namespace
}  // namespace sluice::auth
