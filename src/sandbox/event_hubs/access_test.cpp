#include "sandbox/event_hubs/access.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sluice::sandbox {
namespace {

/// Tokens that other clients have published, checked as the service would.
TEST(Access, TakesPublishedTokens) {
    const auto path = std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/azure_sas.json";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no vectors at " << path;
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    EntraTokens tokens({}, "fake.servicebus.windows.net");
    Access access({"fake.servicebus.windows.net",
                   {{"FakeKeyName", "ZmFrZWtleWZha2VrZXlmYWtla2V5ZmFrZWtleQ==", {}, {false, true, false}}}},
                  tokens);
    std::size_t taken = 0;
    const auto vectors = boost::json::parse(text);
    for (const auto& item : vectors.as_array()) {
        const auto& vector = item.as_object();
        if (vector.at("kind").as_string() != "eventhubs" || !vector.contains("token")) continue;
        std::string_view token = vector.at("token").as_string();
        auto expiry = vector.at("expiry").as_int64();
        auto check = [&](std::string_view given, std::int64_t seconds) {
            return access.check_authorization(given, "elsewhere", "/eventhub1/messages", from_epoch_ms(seconds * 1000));
        };
        auto good = check(token, expiry - 1);
        EXPECT_TRUE(good) << (good ? "" : good.error().message);
        EXPECT_EQ(check(token, expiry).error().code, "ExpiredToken");
        std::string other_expiry(token);
        other_expiry.replace(other_expiry.find("se=") + 3, 1, "2");
        EXPECT_EQ(check(other_expiry, expiry - 1).error().code, "InvalidSignature");
        // The escapes themselves are signed: the same scope in other letters is another text.
        std::string other_case(token);
        auto escape = other_case.find('%') + 2;
        other_case[escape] = other_case[escape] == 'a' ? 'A' : 'a';
        EXPECT_EQ(check(other_case, expiry - 1).error().code, "InvalidSignature");
        ++taken;
    }
    EXPECT_GE(taken, 2u);
}

TEST(Access, WritesConnectionStringsAsThePortalDoes) {
    EntraTokens tokens({}, std::string(kSandboxNamespace));
    Access access({}, tokens);
    EXPECT_EQ(access.connection_string(access.policies()[0]),
              "Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;"
              "SharedAccessKey=c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=");
    EXPECT_TRUE(access.connection_string(access.policies()[2]).ends_with(";EntityPath=building-events"));
}

}  // namespace
}  // namespace sluice::sandbox
