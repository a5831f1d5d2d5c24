#include "auth/google_jwt.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "auth/google_key_for_test.hpp"

namespace sluice::auth {
namespace {

std::string text(const boost::json::value& value) {
    return {value.as_string().data(), value.as_string().size()};
}

/// RFC 7515's own example, and Google's shapes made with its key.
std::optional<boost::json::object> vectors() {
    std::ifstream file(std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/vectors/rs256_jwt.json");
    if (!file) return std::nullopt;
    std::stringstream content;
    content << file.rdbuf();
    return boost::json::parse(content.str()).as_object();
}

TEST(GoogleJwt, SignsAsTheRfcDoes) {
    auto all = vectors();
    if (!all) GTEST_SKIP() << "the vectors are not there";
    const std::string jws = text(all->at("rfc7515_a2_jws"));
    const auto dot = jws.rfind('.');
    auto signature = rs256_signature(Secret(pem_of_jwk(all->at("key").as_object())), jws.substr(0, dot));
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_EQ(base64url(*signature), jws.substr(dot + 1));
}

TEST(GoogleJwt, MakesTheTokenThatPubSubExpectsByteForByte) {
    auto all = vectors();
    if (!all) GTEST_SKIP() << "the vectors are not there";
    const auto& expected = all->at("derived_google_shapes").as_array().at(0).as_object();
    ASSERT_EQ(text(expected.at("use")), "self-signed with aud");
    const auto header = boost::json::parse(text(expected.at("header_json")));
    const auto payload = boost::json::parse(text(expected.at("payload_json")));
    GoogleServiceAccount account;
    account.client_email = text(payload.at("iss"));
    account.private_key_id = text(header.at("kid"));
    account.private_key = Secret(pem_of_jwk(all->at("key").as_object()));
    const std::string audience = text(payload.at("aud"));
    JwtClaims claims{audience, from_epoch_ms(payload.at("iat").as_int64() * 1000),
                     from_epoch_ms(payload.at("exp").as_int64() * 1000)};
    auto token = sign_google_jwt(account, claims);
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->reveal(), text(expected.at("jwt")));
}

TEST(GoogleJwt, LeavesOutAKeyIdThatIsNotKnown) {
    GoogleServiceAccount account;
    account.client_email = "robot@demo.iam.gserviceaccount.com";
    account.private_key = Secret(rsa_pem_for_test());
    auto token = sign_google_jwt(account, {"https://pubsub.googleapis.com/", from_epoch_ms(0), from_epoch_ms(1000)});
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->reveal().substr(0, token->reveal().find('.')), base64url(R"({"alg":"RS256","typ":"JWT"})"));
}

TEST(GoogleJwt, AKeyThatCannotSignIsAnErrorWithoutTheKey) {
    auto signature = rs256_signature(Secret("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"), "x");
    ASSERT_FALSE(signature);
    EXPECT_EQ(signature.error().code, Errc::unauthenticated);
    EXPECT_EQ(signature.error().message.find("QUJD"), std::string::npos);
}

TEST(GoogleJwt, Base64UrlHasNoPaddingAndItsOwnTwoCharacters) {
    EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(base64url("a"), "YQ");
    EXPECT_EQ(base64url(""), "");
}

}  // namespace
}  // namespace sluice::auth
