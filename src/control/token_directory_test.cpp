#include "control/token_directory.hpp"

#include <gtest/gtest.h>

#include "control/memory_control_store.hpp"
#include "control/token_text.hpp"

namespace sluice {
namespace {

KnownToken named(std::string name) {
    KnownToken known;
    known.principal.token_name = std::move(name);
    return known;
}

TEST(TokenDirectory, KnowsATokenByItsWholeText) {
    TokenDirectory directory;
    ASSERT_TRUE(directory.add(token_digest("reader-token"), named("reader")));
    ASSERT_NE(directory.find("reader-token"), nullptr);
    EXPECT_EQ(directory.find("reader-token")->principal.token_name, "reader");
    for (auto wrong : {"", "reader", "reader-token ", "reader-tokeN"})
        EXPECT_EQ(directory.find(wrong), nullptr) << wrong;
    EXPECT_EQ(directory.find(std::string(1 << 20, 'x')), nullptr);
}

TEST(TokenDirectory, RefusesOneTextForTwoTokensWithoutPrintingIt) {
    TokenDirectory directory;
    ASSERT_TRUE(directory.add(token_digest("same-secret"), named("a")));
    auto added = directory.add(token_digest("same-secret"), named("b"));
    ASSERT_TRUE(added.has_error());
    EXPECT_NE(added.error().message.find("\"a\" and \"b\""), std::string::npos);
    EXPECT_EQ(added.error().message.find("same-secret"), std::string::npos);
}

TEST(AdminToken, IsMadeOnceShownOnceAndKeptAsADigest) {
    MemoryControlStore store;
    auto first = admin_token(store, std::nullopt).value();
    ASSERT_TRUE(first.to_show);
    EXPECT_TRUE(is_token_text(first.to_show->reveal()));
    EXPECT_EQ(first.sha256, token_digest(first.to_show->reveal()));
    EXPECT_EQ(store.everything().find(first.to_show->reveal()), std::string::npos);
    auto second = admin_token(store, std::nullopt).value();
    EXPECT_FALSE(second.to_show);
    EXPECT_EQ(second.sha256, first.sha256);
    auto given = admin_token(store, Secret("mine")).value();
    EXPECT_TRUE(given.is_given);
    EXPECT_EQ(given.sha256, token_digest("mine"));
}

}  // namespace
}  // namespace sluice
