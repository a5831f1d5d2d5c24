#include "auth/aws_credential_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

class AwsCredentialSettingsTest : public testing::Test {
  protected:
    Result<AwsCredentialSettings> parse(std::string_view json) {
        return parse_aws_credentials(boost::json::parse(json), "destination.credentials", rules_, environment_);
    }
    Error error_of(std::string_view json) {
        auto settings = parse(json);
        EXPECT_FALSE(settings) << json;
        if (settings) return {};
        EXPECT_THAT(settings.error().message + settings.error().hint, Not(HasSubstr("hunter2")));
        return settings.error();
    }

    AwsCredentialRules rules_{true, "sluice:acme"};
    FixedAwsEnvironment environment_;
};

TEST_F(AwsCredentialSettingsTest, ReadsKeysHoweverTheyAreGiven) {
    for (auto json : {R"({"csv":"Access key ID,Secret access key\r\nAKID,hunter2\r\n"})",
                      R"({"access_key_id":" AKID ","secret_access_key":"hunter2\n"})",
                      R"({"access_key_id":"\"AKID\"","secret_access_key":"hunter2"})"}) {
        auto settings = parse(json);
        ASSERT_TRUE(settings) << json << settings.error().message;
        const auto& key = std::get<AwsKeySettings>(settings->kind).key;
        EXPECT_EQ(key.id, "AKID");
        EXPECT_EQ(key.secret, Secret("hunter2"));
    }
    auto temporary = parse(R"({"access_key_id":"ASIAX","secret_access_key":"s","session_token":"t"})");
    EXPECT_EQ(std::get<AwsKeySettings>(temporary->kind).key.session_token, Secret("t"));
}

TEST_F(AwsCredentialSettingsTest, ReadsRolesProfilesAndTheChain) {
    auto role = parse(R"({"role_arn":"arn:aws:iam::123456789012:role/path/r","external_id":"x",
                          "source":{"access_key_id":"AKID","secret_access_key":"s"}})");
    ASSERT_TRUE(role) << role.error().message;
    const auto& settings = std::get<AwsRoleSettings>(role->kind);
    EXPECT_EQ(settings.role_arn, "arn:aws:iam::123456789012:role/path/r");
    EXPECT_EQ(settings.external_id, "x");
    ASSERT_NE(settings.source, nullptr);
    EXPECT_EQ(std::get<AwsKeySettings>(settings.source->kind).key.id, "AKID");
    EXPECT_EQ(std::get<AwsProfileSettings>(parse(R"({"profile":"prod"})")->kind).name, "prod");
    EXPECT_TRUE(std::holds_alternative<AwsChainSettings>(parse(R"({"environment":true})")->kind));
}

TEST_F(AwsCredentialSettingsTest, ExactlyOneKindMayBeGiven) {
    EXPECT_THAT(error_of("{}").message, HasSubstr("names no credentials"));
    EXPECT_THAT(error_of(R"({"profile":"a","environment":true})").message, HasSubstr("more than one kind"));
    EXPECT_THAT(error_of(R"("AKID,hunter2")").hint, HasSubstr("csv"));
    EXPECT_THAT(error_of("[]").message, HasSubstr("must be an object"));
    EXPECT_THAT(error_of(R"({"environment":false})").message, HasSubstr("must be true"));
}

TEST_F(AwsCredentialSettingsTest, ErrorsNameTheMemberAndNoValue) {
    EXPECT_THAT(error_of(R"({"acces_key_id":"AKID"})").hint, HasSubstr("`access_key_id`"));
    EXPECT_EQ(error_of(R"({"access_key_id":"AKID"})").message, "destination.credentials.secret_access_key is missing");
    EXPECT_EQ(error_of(R"({"secret_access_key":"hunter2"})").message,
              "destination.credentials.access_key_id is missing");
    EXPECT_THAT(error_of(R"({"access_key_id":"AKID","secret_access_key":["hunter2"]})").message,
                HasSubstr("destination.credentials.secret_access_key must be text"));
    EXPECT_THAT(error_of(R"({"csv":"hunter2"})").message, HasSubstr("destination.credentials.csv "));
    EXPECT_THAT(error_of(R"({"role_arn":"arn:aws:iam::123456789012:user/x"})").message,
                HasSubstr("not the ARN of a role"));
    EXPECT_THAT(error_of(R"({"role_arn":"arn:aws:iam::1:role/x","source":{"profil":"x"}})").message,
                HasSubstr("destination.credentials.source.profil"));
}

TEST_F(AwsCredentialSettingsTest, TenantMayNotUseWhatIsTheOperators) {
    rules_.operator_owned = false;
    EXPECT_THAT(error_of(R"({"profile":"prod"})").message, HasSubstr("operator's own"));
    EXPECT_THAT(error_of(R"({"environment":true})").message, HasSubstr("operator's own"));
    EXPECT_THAT(error_of(R"({"role_arn":"arn:aws:iam::1:role/x","source":{"environment":true}})").message,
                HasSubstr("operator's own"));
    EXPECT_TRUE(parse(R"({"access_key_id":"A","secret_access_key":"s"})"));
}

TEST_F(AwsCredentialSettingsTest, RoleOfATenantIsAssumedWithSluicesExternalIdOnly) {
    rules_.operator_owned = false;
    rules_.external_id = aws_external_id_for("com.acme", "a");
    auto role = parse(R"({"role_arn":"arn:aws:iam::1:role/x"})");
    ASSERT_TRUE(role);
    EXPECT_EQ(std::get<AwsRoleSettings>(role->kind).external_id, "sluice:com.acme:a");
    EXPECT_NE(aws_external_id_for("com.evil", "a"), rules_.external_id) << "an id may be another org's later";
    EXPECT_TRUE(parse(R"({"role_arn":"arn:aws:iam::1:role/x","external_id":"sluice:com.acme:a"})"));
    auto other = error_of(R"({"role_arn":"arn:aws:iam::1:role/x","external_id":"sluice:other"})");
    EXPECT_THAT(other.message, HasSubstr("made by Sluice"));
    EXPECT_THAT(other.hint, HasSubstr("sluice:com.acme:a"));
    // With keys of its own the role is theirs to assume as they like.
    auto own = parse(R"({"role_arn":"arn:aws:iam::1:role/x","external_id":"theirs",
                         "source":{"access_key_id":"A","secret_access_key":"s"}})");
    ASSERT_TRUE(own);
    EXPECT_EQ(std::get<AwsRoleSettings>(own->kind).external_id, "theirs");
}

TEST_F(AwsCredentialSettingsTest, ASourceHasNoSourceOfItsOwn) {
    std::string json = R"({"environment":true})";
    for (int i = 0; i < 2; ++i) json = R"({"role_arn":"arn:aws:iam::1:role/x","source":)" + json + "}";
    EXPECT_THAT(error_of(json).message, HasSubstr("destination.credentials.source.source is nested too deeply"));
}

}  // namespace
}  // namespace sluice::auth
