#include "auth/entra_token.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/fake_clock.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice::auth {
namespace {

using http::Behaviour;

const Timestamp kAskedAt = from_epoch_ms(1'700'000'000'000);

TEST(EntraAnswer, ATokenLastsAsLongAsItSays) {
    auto token = read_entra_answer(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":"ey.J"})", kAskedAt);
    ASSERT_TRUE(token);
    EXPECT_EQ(token->text.reveal(), "ey.J");
    EXPECT_EQ(token->expires, kAskedAt + std::chrono::seconds(3599));
}

TEST(EntraAnswer, WhatIsNoTokenIsTold) {
    for (const auto* body : {"", "[]", "{}", R"({"access_token":"","expires_in":9})", R"({"access_token":"a"})",
                             R"({"access_token":"a","expires_in":-1})"}) {
        auto token = read_entra_answer(200, body, kAskedAt);
        ASSERT_FALSE(token) << body;
        EXPECT_EQ(token.error().code, Errc::unavailable) << body;
    }
    auto refused = read_entra_answer(
        401, R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid. Trace ID: 7a0b Timestamp: x"})",
        kAskedAt);
    EXPECT_EQ(refused.error().code, Errc::unauthenticated);
    EXPECT_EQ(refused.error().message, "Entra answered 401: AADSTS7000215: Invalid.");
    EXPECT_EQ(read_entra_answer(503, "busy", kAskedAt).error().code, Errc::unavailable);
}

class EntraTokensTest : public testing::Test {
  protected:
    EntraTokensTest() {
        EntraSettings settings;
        settings.authority = service_.endpoint();
        settings.tenant_id = "contoso";
        settings.client_id = "1111";
        settings.client_secret = Secret("s");
        settings.scope = "https://eventhubs.azure.net/.default";
        tokens_ = std::make_unique<EntraTokens>(io_, clock_, settings, ConnectOptions());
    }
    ~EntraTokensTest() override { tokens_->close(); }

    void give(std::string_view token) {
        service_.then(Behaviour::respond(200, fmt::format(R"({{"access_token":"{}","expires_in":3600}})", token)));
    }
    std::string get() {
        auto token = run_for_test(io_, tokens_->get(Deadline::after(std::chrono::seconds(20))));
        return token ? token->text.reveal() : std::string("error");
    }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    http::ScriptedServer service_;
    std::unique_ptr<EntraTokens> tokens_;
};

TEST_F(EntraTokensTest, ATokenIsKeptUntilShortlyBeforeItsEnd) {
    give("first");
    give("second");
    EXPECT_EQ(get(), "first");
    clock_.advance(std::chrono::minutes(49));
    EXPECT_EQ(get(), "first");
    clock_.advance(std::chrono::minutes(2));
    EXPECT_EQ(get(), "second");
    EXPECT_EQ(service_.requests().size(), 2u);
}

TEST_F(EntraTokensTest, WhenARefreshFailsTheOldTokenIsUsedWhileItLasts) {
    give("first");
    EXPECT_EQ(get(), "first");
    clock_.advance(std::chrono::minutes(56));
    service_.then(Behaviour::respond(503, ""));
    EXPECT_EQ(get(), "first");
    EXPECT_EQ(get(), "first");  // not asked again so soon
    EXPECT_EQ(service_.requests().size(), 2u);
    clock_.advance(Refreshing<EntraToken>::kRetryAfterFailure);
    give("second");
    EXPECT_EQ(get(), "second");
}

TEST_F(EntraTokensTest, AfterItsEndAFailureIsToldAndTriedAgain) {
    give("first");
    EXPECT_EQ(get(), "first");
    clock_.advance(std::chrono::minutes(61));
    service_.then(Behaviour::respond(401, "{}"));
    EXPECT_EQ(get(), "error");
    give("second");
    EXPECT_EQ(get(), "second");
}

}  // namespace
}  // namespace sluice::auth
