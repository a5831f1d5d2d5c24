#include "auth/google_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "auth/google_key_for_test.hpp"
#include "auth/google_token_answer.hpp"
#include "base/fake_clock.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice::auth {
namespace {

using namespace std::chrono_literals;
using http::Behaviour;
using testing::HasSubstr;
using testing::Not;

class GoogleCredentials : public testing::Test {
  protected:
    GoogleCredentialContext context() { return {io_, clock_, "https://pubsub.googleapis.com/", {}, metadata_host_}; }

    void given(const boost::json::value& credentials) {
        provider_ = make_google_credentials(parse_google_credentials(credentials, true).value(), context());
    }
    void given_person(const http::ScriptedServer& server) {
        given(boost::json::object{{"type", "authorized_user"},
                                  {"client_id", "an id"},
                                  {"client_secret", "d-secret"},
                                  {"refresh_token", "1//refresh"},
                                  {"quota_project_id", "billed"},
                                  {"token_uri", "http://127.0.0.1:" + std::to_string(server.port()) + "/token"}});
    }
    Result<GoogleToken> get() { return run_for_test(io_, provider_->get(Deadline::after(20s))); }
    std::string bearer() {
        auto token = get();
        return token ? token->bearer.reveal() : token.error().message;
    }

    boost::asio::io_context io_;
    FakeClock clock_;
    std::string metadata_host_;
    std::unique_ptr<GoogleTokenProvider> provider_;
};

TEST_F(GoogleCredentials, AServiceAccountSignsItsOwnTokenAndKeepsItForMostOfItsHour) {
    given(service_account_for_test());
    EXPECT_THAT(provider_->describe(), HasSubstr("robot@demo-project.iam.gserviceaccount.com"));
    auto token = get();
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->expires, clock_.now() + 60min);
    EXPECT_EQ(token->quota_project, "");
    const std::string first = token->bearer.reveal();
    clock_.advance(53min);
    EXPECT_EQ(bearer(), first);
    clock_.advance(2min);
    EXPECT_NE(bearer(), first);
    const std::string second = bearer();
    clock_.advance(1min);
    provider_->invalidate();
    EXPECT_NE(bearer(), second);
}

TEST_F(GoogleCredentials, APersonsRefreshTokenIsExchanged) {
    http::ScriptedServer server;
    server.then(Behaviour::respond(200, R"({"access_token":"ya29.one","expires_in":3599,"token_type":"Bearer"})"));
    server.then(Behaviour::respond(200, R"({"access_token":"ya29.two","expires_in":3599})"));
    given_person(server);
    auto token = get();
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->bearer.reveal(), "ya29.one");
    EXPECT_EQ(token->quota_project, "billed");
    EXPECT_EQ(token->expires, clock_.now() + 3599s);
    EXPECT_EQ(bearer(), "ya29.one");
    clock_.advance(58min);
    EXPECT_EQ(bearer(), "ya29.two");
    ASSERT_EQ(server.requests().size(), 2u);
    const auto request = server.requests()[0];
    EXPECT_EQ(request.target, "/token");
    EXPECT_EQ(request.body,
              "grant_type=refresh_token&client_id=an%20id&client_secret=d-secret&refresh_token=1%2F%2Frefresh");
}

TEST_F(GoogleCredentials, ARefusedExchangeIsAnErrorThatNamesTheReasonAndNoSecret) {
    http::ScriptedServer server;
    server.then(Behaviour::respond(400, R"({"error":"invalid_grant","error_description":"1//refresh is expired"})"));
    given_person(server);
    auto token = get();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Errc::unauthenticated);
    EXPECT_THAT(token.error().message, HasSubstr("invalid_grant"));
    EXPECT_THAT(token.error().message, Not(HasSubstr("1//refresh")));
    EXPECT_NE(token.error().hint, "");
}

TEST_F(GoogleCredentials, ATokenEndpointThatIsDownIsUnavailableAndTheOldTokenIsUsedWhileItLasts) {
    http::ScriptedServer server;
    server.then(Behaviour::respond(200, R"({"access_token":"ya29.one","expires_in":3600})"));
    server.then(Behaviour::respond(503, "busy"));
    server.then(Behaviour::respond(503, "busy"));
    given_person(server);
    EXPECT_EQ(bearer(), "ya29.one");
    clock_.advance(58min);
    EXPECT_EQ(bearer(), "ya29.one");
    clock_.advance(3min);
    auto token = get();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Errc::unavailable);
}

TEST_F(GoogleCredentials, ATenantsTokenEndpointMayNotBeInternal) {
    auto settings = parse_google_credentials(boost::json::object{{"type", "authorized_user"},
                                                                 {"client_id", "i"},
                                                                 {"client_secret", "s"},
                                                                 {"refresh_token", "r"},
                                                                 {"token_uri", "https://169.254.169.254/token"}},
                                             false);
    ASSERT_TRUE(settings) << settings.error().message;
    auto bounded = context();
    bounded.connect.allow_internal_addresses = false;
    bounded.connect.allow_loopback = false;
    provider_ = make_google_credentials(*settings, bounded);
    auto token = get();
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message, HasSubstr("internal address"));
}

TEST_F(GoogleCredentials, TheMetadataServerIsAskedWithItsHeader) {
    http::ScriptedServer server;
    server.then(Behaviour::respond(200, R"({"access_token":"ya29.meta","expires_in":1200,"token_type":"Bearer"})"));
    metadata_host_ = "127.0.0.1:" + std::to_string(server.port());
    given(boost::json::object{{"metadata", true}});
    EXPECT_EQ(bearer(), "ya29.meta");
    ASSERT_EQ(server.requests().size(), 1u);
    EXPECT_EQ(server.requests()[0].target, "/computeMetadata/v1/instance/service-accounts/default/token");
    EXPECT_EQ(server.requests()[0].headers.get("Metadata-Flavor"), "Google");
}

TEST_F(GoogleCredentials, AMachineWithoutAServiceAccountIsToldApart) {
    http::ScriptedServer server;
    server.then(Behaviour::respond(404, "<html>not found</html>"));
    metadata_host_ = "127.0.0.1:" + std::to_string(server.port());
    given(boost::json::object{{"metadata", true}});
    auto token = get();
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().message, HasSubstr("no service account"));
}

TEST_F(GoogleCredentials, TheMetadataServerIsForTheOperator) {
    auto refused = parse_google_credentials(boost::json::object{{"metadata", true}}, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::forbidden);
    EXPECT_FALSE(parse_google_credentials(boost::json::object{{"metadata", false}}, true));
}

TEST_F(GoogleCredentials, TellsIdentitiesApartWithoutTellingASecret) {
    auto one = parse_google_credentials(service_account_for_test(), false).value();
    auto same = parse_google_credentials(service_account_for_test(), false).value();
    auto other =
        parse_google_credentials(service_account_for_test(pem_of(KeyPtr(EVP_RSA_gen(2048)).get())), false).value();
    EXPECT_EQ(google_identity_of(one), google_identity_of(same));
    EXPECT_NE(google_identity_of(one), google_identity_of(other));
    EXPECT_THAT(google_identity_of(one), Not(HasSubstr(rsa_pem_for_test().substr(200, 20))));
}

TEST(GoogleTokenAnswer, TellsWhatIsNoToken) {
    struct Case {
        int status;
        const char* body;
        Errc code;
        const char* told;
    };
    const Case cases[] = {
        {200, "", Errc::unavailable, "not a JSON object"},
        {200, "[]", Errc::unavailable, "not a JSON object"},
        {200, R"({"access_token":""})", Errc::unavailable, "access_token"},
        {200, R"({"access_token":"a b"})", Errc::unavailable, "access_token"},
        {200, R"({"access_token":"a\r\nx: y"})", Errc::unavailable, "access_token"},
        {200, R"({"access_token":"a","expires_in":"soon"})", Errc::unavailable, "expires_in"},
        {200, R"({"access_token":"a","expires_in":-1})", Errc::unavailable, "expires_in"},
        {400, R"({"error":"invalid_client"})", Errc::unauthenticated, "invalid_client"},
        {401, "", Errc::unauthenticated, "401"},
        {500, R"({"error":"internal_failure"})", Errc::unavailable, "internal_failure"},
        {500, R"({"error":"Something <b>long</b>"})", Errc::unavailable, "status 500"},
    };
    for (const auto& one : cases) {
        auto answer = read_google_token_answer(one.status, one.body);
        ASSERT_FALSE(answer) << one.body;
        EXPECT_EQ(answer.error().code, one.code) << one.body;
        EXPECT_THAT(answer.error().message, HasSubstr(one.told)) << one.body;
    }
    EXPECT_EQ(read_google_token_answer(200, R"({"access_token":"a","expires_in":99999999})")->lasts, 24h);
    EXPECT_EQ(read_google_token_answer(200, R"({"access_token":"a"})")->lasts, 1h);
}

}  // namespace
}  // namespace sluice::auth
