#include "control/token_directory.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/encoding.hpp"

namespace sluice {
namespace {

/// A control store in memory: what is kept, and that it is asked.
class MemoryControlStore final : public ControlStore {
  public:
    Result<std::optional<std::string>> get(std::string_view kind, std::string_view name) const override {
        auto found = values.find(std::string(kind) + "/" + std::string(name));
        if (found == values.end()) return std::optional<std::string>();
        return std::optional<std::string>(found->second);
    }
    Result<void> put(std::string_view kind, std::string_view name, std::string_view value) override {
        values[std::string(kind) + "/" + std::string(name)] = std::string(value);
        return {};
    }
    Result<void> erase(std::string_view, std::string_view) override { return {}; }
    Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view) const override {
        return std::vector<std::pair<std::string, std::string>>();
    }
    std::map<std::string, std::string> values;
};

std::string digest(std::string_view token) {
    return std::string(as_view(sha256(token)));
}

TEST(TokenDirectory, KnowsATokenByItsWholeText) {
    auto directory = TokenDirectory::make({{.name = "reader",
                                            .org = "com.acme",
                                            .scopes = static_cast<std::uint32_t>(Scope::share_read),
                                            .token = Secret("reader-token")}},
                                          digest("admin-token"))
                         .value();
    auto reader = directory->authenticate("reader-token");
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->org, "com.acme");
    EXPECT_TRUE(reader->may(Scope::share_read));
    EXPECT_FALSE(reader->may(Scope::share_create));
    EXPECT_FALSE(reader->is_operator);
    for (auto wrong : {"", "reader", "reader-token ", "reader-tokeN"})
        EXPECT_FALSE(directory->authenticate(wrong)) << wrong;
    auto admin = directory->authenticate("admin-token");
    ASSERT_TRUE(admin);
    EXPECT_TRUE(admin->is_operator);
}

TEST(TokenDirectory, SaysThatAPipeTokenIsOne) {
    auto directory = TokenDirectory::make({{.name = "pipe",
                                            .org = "com.acme",
                                            .scopes = static_cast<std::uint32_t>(Scope::share_create),
                                            .is_pipe = true,
                                            .rec_types = {"io.**"},
                                            .token = Secret("pipe-token")}},
                                          digest("admin-token"))
                         .value();
    auto pipe = directory->authenticate("pipe-token");
    ASSERT_TRUE(pipe);
    EXPECT_TRUE(pipe->is_pipe);
    EXPECT_EQ(pipe->rec_types, std::vector<std::string>{"io.**"});
    EXPECT_FALSE(directory->authenticate("admin-token")->is_pipe);
}

TEST(TokenDirectory, RefusesOneTextForTwoTokensWithoutPrintingIt) {
    auto made = TokenDirectory::make(
        {{.name = "a", .token = Secret("same-secret")}, {.name = "b", .token = Secret("same-secret")}},
        digest("admin-token"));
    ASSERT_TRUE(made.has_error());
    EXPECT_NE(made.error().message.find("\"a\" and \"b\""), std::string::npos);
    EXPECT_EQ(made.error().message.find("same-secret"), std::string::npos);
}

TEST(AdminToken, IsMadeOnceShownOnceAndKeptAsADigest) {
    MemoryControlStore store;
    auto first = admin_token(store, std::nullopt).value();
    ASSERT_TRUE(first.to_show);
    EXPECT_EQ(first.sha256, digest(first.to_show->reveal()));
    for (const auto& [name, value] : store.values)
        EXPECT_EQ(value.find(first.to_show->reveal()), std::string::npos) << name;
    auto second = admin_token(store, std::nullopt).value();
    EXPECT_FALSE(second.to_show);
    EXPECT_EQ(second.sha256, first.sha256);
    auto given = admin_token(store, Secret("mine")).value();
    EXPECT_EQ(given.sha256, digest("mine"));
}

}  // namespace
}  // namespace sluice
