#include "sandbox/event_hubs/entra.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "base/encoding.hpp"

namespace sluice::sandbox {
namespace {

class EntraTokensTest : public testing::Test {
  protected:
    using Form = std::map<std::string, std::string>;
    static Form good() {
        return {{"grant_type", "client_credentials"},
                {"client_id", std::string(kSandboxOwnerId)},
                {"client_secret", std::string(kSandboxOwnerSecret)},
                {"scope", "https://sluice-sandbox.servicebus.windows.net/.default"}};
    }
    http::Response ask(const Form& form, std::string_view tenant = kSandboxTenant, http::Headers headers = {}) {
        http::Request request;
        request.headers = std::move(headers);
        request.method = "POST";
        request.path = "/" + std::string(tenant) + "/oauth2/v2.0/token";
        for (const auto& [name, value] : form)
            request.body += (request.body.empty() ? "" : "&") + name + "=" + percent_encode(value);
        EXPECT_TRUE(EntraTokens::claims(request));
        return tokens_.issue(request, now_);
    }
    std::string token() {
        auto answer = boost::json::parse(ask(good()).body);
        EXPECT_EQ(answer.at("token_type").as_string(), "Bearer");
        EXPECT_EQ(answer.at("expires_in").as_int64(), 3599);
        return std::string(answer.at("access_token").as_string());
    }

    Timestamp now_ = from_epoch_ms(1'700'000'000'000);
    EntraTokens tokens_{{}, "sluice-sandbox.servicebus.windows.net"};
};

TEST_F(EntraTokensTest, GivesATokenThatItKnowsAgainUntilItEnds) {
    auto given = token();
    auto rights = tokens_.check(given, now_);
    ASSERT_TRUE(rights) << rights.error().message;
    EXPECT_TRUE(rights->may_manage());
    EXPECT_TRUE(tokens_.check(given, now_ + std::chrono::seconds(3598)));
    EXPECT_EQ(tokens_.check(given, now_ + std::chrono::seconds(3599)).error().code, "ExpiredToken");
}

TEST_F(EntraTokensTest, TakesTheSecretInAHeaderToo) {
    auto form = good();
    form.erase("client_id");
    form.erase("client_secret");
    auto basic = [](std::string_view text) {
        http::Headers headers;
        headers.set("Authorization", "Basic " + base64_encode(text));
        return headers;
    };
    auto id = std::string(kSandboxOwnerId);
    EXPECT_EQ(ask(form, kSandboxTenant, basic(id + ":" + std::string(kSandboxOwnerSecret))).status, 200);
    EXPECT_EQ(ask(form, kSandboxTenant, basic(id + ":" + percent_encode(kSandboxOwnerSecret))).status, 200);
    EXPECT_EQ(ask(form, kSandboxTenant, basic(id + ":wrong")).status, 401);
    EXPECT_EQ(ask(form, kSandboxTenant, basic(id)).status, 401);
    EXPECT_EQ(ask(form, kSandboxTenant, basic("")).status, 400);
}

TEST_F(EntraTokensTest, TakesNoTokenThatItDidNotGive) {
    auto given = token();
    EntraTokens other_run({}, "sluice-sandbox.servicebus.windows.net");
    EXPECT_EQ(other_run.check(given, now_).error().code, "InvalidToken");
    for (std::size_t at = 0; at < given.size(); at += 7) {
        auto changed = given;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(tokens_.check(changed, now_)) << at;
    }
    for (std::string_view nonsense : {"", ".", "..", "x"}) EXPECT_FALSE(tokens_.check(nonsense, now_));
}

TEST_F(EntraTokensTest, RefusesAsEntraDoes) {
    struct Case {
        std::string name;
        std::string value;
        int status;
        std::string error;
        std::int64_t number;
    };
    for (const auto& [name, value, status, error, number] : std::vector<Case>{
             {"grant_type", "password", 400, "unsupported_grant_type", 70003},
             {"grant_type", "", 400, "invalid_request", 900144},
             {"client_id", "nobody", 400, "unauthorized_client", 700016},
             {"client_secret", "wrong", 401, "invalid_client", 7000215},
             {"client_secret", "", 401, "invalid_client", 7000215},
             {"scope", "", 400, "invalid_scope", 70011},
             {"scope", "https://sluice-sandbox.servicebus.windows.net", 400, "invalid_scope", 70011},
             {"scope", "https://vault.azure.net/.default", 400, "invalid_scope", 70011},
         }) {
        auto form = good();
        form[name] = value;
        auto answer = ask(form);
        EXPECT_EQ(answer.status, status) << name << "=" << value;
        auto body = boost::json::parse(answer.body);
        EXPECT_EQ(body.at("error").as_string(), error);
        EXPECT_EQ(body.at("error_codes").at(0).as_int64(), number);
        EXPECT_TRUE(body.at("error_description").as_string().starts_with("AADSTS" + std::to_string(number) + ": "));
    }
    EXPECT_EQ(ask(good(), "elsewhere").status, 400);
    auto form = good();
    form["scope"] = "https://eventhubs.azure.net/.default";
    EXPECT_EQ(ask(form).status, 200);
}

}  // namespace
}  // namespace sluice::sandbox
