#include "sandbox/pubsub/google_accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fake_clock.hpp"
#include "sandbox/pubsub/jwt.hpp"
#include "sandbox/pubsub/jwt_for_test.hpp"

namespace sluice::sandbox {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::string_view kAudience = R"("aud":"https://pubsub.googleapis.com/")";
constexpr std::string_view kScope = R"("scope":"https://www.googleapis.com/auth/pubsub")";

class GoogleAccountsTest : public testing::Test {
  protected:
    RpcResult<GoogleCaller> with(const std::string& authorization) {
        return accounts_.authenticate(authorization, {"127.0.0.1:4583"}, clock_.now());
    }
    RpcResult<GoogleCaller> bearer(const std::string& token) { return with("Bearer " + token); }
    std::string refusal(const std::string& token) {
        auto result = bearer(token);
        if (result) return "none";
        EXPECT_EQ(result.error().code, RpcCode::unauthenticated);
        EXPECT_THAT(result.error().message, HasSubstr("Request had invalid authentication credentials"));
        return result.error().reason;
    }
    std::string user(std::string_view member) {
        return std::string(
            boost::json::parse(accounts_.authorized_user_json("u")).at({member.data(), member.size()}).as_string());
    }
    boost::json::value token(const std::string& form, int status) {
        auto response = accounts_.token(form, clock_.now());
        EXPECT_EQ(response.status, status) << response.body;
        return boost::json::parse(response.body);
    }
    std::string assertion(std::string_view jwt) {
        return fmt::format("grant_type={}&assertion={}", percent_encode("urn:ietf:params:oauth:grant-type:jwt-bearer"),
                           jwt);
    }

    FakeClock clock_;
    GoogleAccounts accounts_{GoogleAccounts::Options{}};
    JwtSigner admin_{accounts_.service_account_json(GoogleRole::admin, "http://127.0.0.1:1/token")};
    JwtSigner publisher_{accounts_.service_account_json(GoogleRole::publisher, "http://127.0.0.1:1/token")};
};

TEST_F(GoogleAccountsTest, LetInWhoSignsWithTheirOwnKey) {
    for (std::string_view target :
         {kAudience, kScope, std::string_view(R"("aud":"https://europe-west1-pubsub.googleapis.com/")"),
          std::string_view(R"("aud":"https://pubsub.googleapis.com/google.pubsub.v1.Publisher")"),
          std::string_view(R"("aud":"https://127.0.0.1:4583/google.pubsub.v1.Publisher")"),
          std::string_view(R"("scope":"openid https://www.googleapis.com/auth/cloud-platform")")}) {
        auto caller = bearer(admin_.sign(clock_.now(), target));
        ASSERT_TRUE(caller) << target << caller.error().reason;
        EXPECT_EQ(caller->email, admin_.email());
        EXPECT_TRUE(caller->may("pubsub.topics.create"));
    }
    auto caller = bearer(publisher_.sign(clock_.now(), kAudience));
    ASSERT_TRUE(caller);
    EXPECT_TRUE(caller->may("pubsub.topics.publish"));
    EXPECT_FALSE(caller->may("pubsub.topics.create"));
    EXPECT_FALSE(caller->may("pubsub.topics.get"));
}

TEST_F(GoogleAccountsTest, TellAMissingTokenFromAWrongOne) {
    EXPECT_THAT(with("").error().message, HasSubstr("is missing required authentication credential"));
    EXPECT_THAT(with("Basic abc").error().reason, HasSubstr("no bearer token"));
    EXPECT_THAT(refusal("ya29"), HasSubstr("never given out"));
    EXPECT_THAT(refusal("a.b"), HasSubstr("three parts"));
}

TEST_F(GoogleAccountsTest, RefuseForeignAndBrokenSignatures) {
    auto good = admin_.sign(clock_.now(), kAudience);
    auto broken = good;
    broken[good.rfind('.') + 20] = broken[good.rfind('.') + 20] == 'A' ? 'B' : 'A';
    EXPECT_THAT(refusal(broken), HasSubstr("no account"));
    auto claims = fmt::format(R"({{"iss":"{}","iat":{},"exp":{},{}}})", admin_.email(),
                              to_epoch_ms(clock_.now()) / 1000, to_epoch_ms(clock_.now()) / 1000 + 60, kAudience);
    EXPECT_TRUE(bearer(admin_.sign(R"({"alg":"RS256"})", claims))) << "a key id may be missing";
    EXPECT_THAT(refusal(publisher_.sign(R"({"alg":"RS256"})", claims)), HasSubstr("no account"));
    EXPECT_THAT(refusal(admin_.sign(R"({"alg":"RS512"})", claims)), HasSubstr("no account"));
    EXPECT_THAT(refusal(admin_.sign(R"({"alg":"none"})", claims)), HasSubstr("no account"));
    EXPECT_THAT(refusal(admin_.sign(R"({"alg":"RS256","kid":"ffff"})", claims)), HasSubstr("no account"));
}

TEST_F(GoogleAccountsTest, HoldTimesToTheClock) {
    EXPECT_EQ(refusal(admin_.sign(clock_.now() + seconds(299), kAudience)), "none");
    EXPECT_THAT(refusal(admin_.sign(clock_.now() + seconds(301), kAudience)), HasSubstr("in the future"));
    EXPECT_EQ(refusal(admin_.sign(clock_.now() - seconds(3599), kAudience)), "none");
    EXPECT_THAT(refusal(admin_.sign(clock_.now() - seconds(3600), kAudience)), HasSubstr("has expired"));
    EXPECT_THAT(refusal(admin_.sign(clock_.now(), kAudience, seconds(3601))), HasSubstr("longer than an hour"));
}

TEST_F(GoogleAccountsTest, WantATokenForThisServiceAndOneWayOfSayingSo) {
    EXPECT_THAT(refusal(admin_.sign(clock_.now(), R"("aud":"https://storage.googleapis.com/")")),
                HasSubstr("another service"));
    EXPECT_THAT(refusal(admin_.sign(clock_.now(), R"("aud":"https://pubsub.googleapis.com.evil.example/")")),
                HasSubstr("another service"));
    EXPECT_THAT(refusal(admin_.sign(clock_.now(), R"("scope":"https://www.googleapis.com/auth/devstorage.full")")),
                HasSubstr("another service"));
    EXPECT_THAT(refusal(admin_.sign(clock_.now(), fmt::format("{},{}", kAudience, kScope))), HasSubstr("both"));
}

TEST_F(GoogleAccountsTest, GiveAccessTokensForASignedAssertion) {
    auto jwt = publisher_.sign(clock_.now(), fmt::format(R"({},"aud":"http://127.0.0.1:1/token")", kScope));
    auto answer = token(assertion(jwt), 200);
    EXPECT_EQ(answer.at("expires_in").as_int64(), 3600);
    EXPECT_EQ(answer.at("token_type").as_string(), "Bearer");
    std::string access(answer.at("access_token").as_string());
    auto caller = bearer(access);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->email, publisher_.email());
    EXPECT_FALSE(caller->may("pubsub.topics.create"));
    clock_.advance(seconds(3600));
    EXPECT_THAT(refusal(access), HasSubstr("has expired"));
}

TEST_F(GoogleAccountsTest, RefuseAssertionsAsGoogleDoes) {
    auto target = fmt::format(R"({},"aud":"http://127.0.0.1:1/token")", kScope);
    auto jwt = admin_.sign(clock_.now(), target);
    auto other_signature = publisher_.sign(clock_.now(), target).substr(jwt.rfind('.'));
    auto answer =
        token(assertion(jwt.substr(0, jwt.rfind('.')) + other_signature.substr(other_signature.rfind('.'))), 400);
    EXPECT_EQ(answer.at("error").as_string(), "invalid_grant");
    EXPECT_EQ(answer.at("error_description").as_string(), "Invalid JWT Signature.");
    answer = token(assertion(admin_.sign(clock_.now() - seconds(7200), target)), 400);
    EXPECT_THAT(std::string(answer.at("error_description").as_string()), HasSubstr("short-lived token (60 minutes)"));
    auto stranger =
        admin_.sign(R"({"alg":"RS256"})",
                    fmt::format(R"({{"iss":"who@example.com","iat":1700000000,"exp":1700000060,{}}})", target));
    EXPECT_EQ(token(assertion(stranger), 400).at("error_description").as_string(), "Invalid grant: account not found");
    EXPECT_EQ(
        token(assertion(admin_.sign(clock_.now(), R"("aud":"http://127.0.0.1:1/token")")), 400).at("error").as_string(),
        "invalid_scope");
    EXPECT_EQ(token("grant_type=password", 400).at("error").as_string(), "unsupported_grant_type");
}

TEST_F(GoogleAccountsTest, RefreshAUsersToken) {
    auto form = [&](std::string_view secret, std::string_view refresh) {
        return fmt::format("grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}", user("client_id"),
                           percent_encode(secret), percent_encode(refresh));
    };
    auto answer = token(form(user("client_secret"), user("refresh_token")), 200);
    EXPECT_TRUE(bearer(std::string(answer.at("access_token").as_string())));
    EXPECT_EQ(token(form(user("client_secret"), "1//other"), 400).at("error").as_string(), "invalid_grant");
    EXPECT_EQ(token(form("other", user("refresh_token")), 401).at("error").as_string(), "invalid_client");
}

TEST_F(GoogleAccountsTest, AnswerAsTheMetadataServer) {
    http::Request request;
    request.path = "/computeMetadata/v1/instance/service-accounts/default/token";
    EXPECT_EQ(accounts_.metadata(request, clock_.now()).status, 403) << "the header guards against redirected browsers";
    request.headers.set("Metadata-Flavor", "Google");
    auto answer = accounts_.metadata(request, clock_.now());
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("metadata-flavor"), "Google");
    auto caller = bearer(std::string(boost::json::parse(answer.body).at("access_token").as_string()));
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->email, admin_.email());
    request.path = "/computeMetadata/v1/project/project-id";
    EXPECT_EQ(accounts_.metadata(request, clock_.now()).body, "sluice-sandbox");
    request.path = "/computeMetadata/v1/else";
    EXPECT_EQ(accounts_.metadata(request, clock_.now()).status, 404);
}

TEST(Jwt, TellsWhatIsMalformedWithoutQuotingIt) {
    auto problem = [](std::string_view text) {
        auto jwt = parse_jwt(text);
        return jwt ? std::string("none") : jwt.error().message;
    };
    auto with = [](std::string_view header, std::string_view claims) {
        return base64url(header) + "." + base64url(claims) + ".c2ln";
    };
    EXPECT_THAT(problem(""), HasSubstr("three parts"));
    EXPECT_THAT(problem("a.b.c.d"), HasSubstr("three parts"));
    EXPECT_THAT(problem("!!.e30.c2ln"), HasSubstr("header is not base64url"));
    EXPECT_THAT(problem("e3=0.e30.c2ln"), HasSubstr("header is not base64url"));
    EXPECT_THAT(problem("e30.e30==.c2ln"), HasSubstr("payload is not base64url"));
    EXPECT_THAT(problem("e30=.e30.c2ln"), HasSubstr("iat is missing")) << "padding is let pass";
    EXPECT_THAT(problem(with("[]", "{}")), HasSubstr("header is not a JSON object"));
    EXPECT_THAT(problem(with("{}", "secret")), HasSubstr("payload is not a JSON object"));
    EXPECT_THAT(problem(with("{}", "{}")), HasSubstr("iat is missing"));
    EXPECT_THAT(problem(with("{}", R"({"iat":1,"exp":"2"})")), HasSubstr("exp is not a number"));
    EXPECT_THAT(problem(with("{}", R"({"iat":-1,"exp":2})")), HasSubstr("iat is no time"));
    EXPECT_THAT(problem(with("{}", R"({"iat":1,"exp":1e300})")), HasSubstr("exp is no time"));
    EXPECT_THAT(problem(with("{}", R"({"iat":1,"exp":2,"aud":["a"]})")), HasSubstr("aud is not text"));
    EXPECT_EQ(problem(with("{}", R"({"iat":1,"exp":2})")), "none");
    EXPECT_THAT(problem("e30.eyJpYXQiOjEsImV4cCI6Mn0."), HasSubstr("signature"));
    EXPECT_THAT(problem(std::string(20'000, 'a')), HasSubstr("too long"));
}

}  // namespace
}  // namespace sluice::sandbox
