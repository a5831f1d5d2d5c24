#include "control/token_text.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice {
namespace {

TEST(TokenText, IsFoundByScannersAndFitsAPath) {
    std::set<std::string> made;
    for (int i = 0; i < 1000; ++i) {
        auto text = make_token_text().reveal();
        EXPECT_EQ(text.size(), 53u);
        EXPECT_TRUE(text.starts_with("slc_"));
        EXPECT_EQ(text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 4),
                  std::string::npos);
        EXPECT_TRUE(is_token_text(text));
        EXPECT_FALSE(is_damaged_token_text(text));
        EXPECT_TRUE(made.insert(text).second);
    }
}

TEST(TokenText, IsTakenOutOfAPath) {
    auto text = make_token_text().reveal();
    EXPECT_EQ(without_token_texts("/v1/tokens/" + text + "/rotate"), "/v1/tokens/slc_…/rotate");
    EXPECT_EQ(without_token_texts("/v1/tokens/" + text.substr(0, 20)), "/v1/tokens/slc_…");
    EXPECT_EQ(without_token_texts("/v1/tokens/gateway-2"), "/v1/tokens/gateway-2");
}

TEST(TokenText, ShowsASlipInCopying) {
    auto text = make_token_text().reveal();
    for (std::size_t at = 4; at < text.size(); ++at) {
        auto slip = text;
        slip[at] = slip[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(is_token_text(slip)) << at;
        EXPECT_TRUE(is_damaged_token_text(slip)) << at;
        EXPECT_FALSE(is_token_text(text.substr(0, at)));
    }
    EXPECT_FALSE(is_token_text("my-own-token"));
    EXPECT_FALSE(is_damaged_token_text("my-own-token"));
}

}  // namespace
}  // namespace sluice
