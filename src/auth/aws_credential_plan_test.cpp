#include "auth/aws_credential_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/aws_profile_files.hpp"

namespace sluice::auth {
namespace {

using testing::HasSubstr;

class AwsCredentialPlanTest : public testing::Test {
  protected:
    AwsCredentialPlanTest() { environment_.variables["HOME"] = "/home/op"; }

    void given_config(std::string text) { environment_.files["/home/op/.aws/config"] = std::move(text); }
    void given_credentials(std::string text) { environment_.files["/home/op/.aws/credentials"] = std::move(text); }

    AwsCredentialPlan chain() { return plan_aws_chain(environment_).value(); }
    AwsCredentialPlan profile(std::string_view name) { return plan_aws_profile(name, environment_).value(); }
    Error chain_error() { return plan_aws_chain(environment_).error(); }
    Error profile_error(std::string_view name) { return plan_aws_profile(name, environment_).error(); }

    template <class Kind>
    static Kind as(const AwsCredentialPlan& plan) {
        const auto* kind = std::get_if<Kind>(&plan.kind);
        EXPECT_NE(kind, nullptr) << "another kind of plan, of " << plan.origin;
        return kind == nullptr ? Kind{} : *kind;
    }

    FixedAwsEnvironment environment_;
};

TEST_F(AwsCredentialPlanTest, ChainTakesTheFirstThatHasSomething) {
    // From the last place to the first: each goes before those given so far.
    as<AwsInstanceMetadataPlan>(chain());
    environment_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/creds";
    as<AwsContainerPlan>(chain());
    given_config("[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n");
    EXPECT_EQ(as<AwsKeyPlan>(chain()).key.id, "CONFIG");
    given_config(
        "[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\ncredential_process = /bin/give me\n");
    EXPECT_EQ(as<AwsProcessPlan>(chain()).command, "/bin/give me");
    given_credentials("[default]\naws_access_key_id = SHARED\naws_secret_access_key = s\n");
    EXPECT_EQ(as<AwsKeyPlan>(chain()).key.id, "SHARED");
    environment_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    environment_.variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/web";
    EXPECT_EQ(as<AwsWebIdentityPlan>(chain()).token_file, "/token");
    given_config("[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n");
    EXPECT_EQ(as<AwsRolePlan>(chain()).role_arn, "arn:aws:iam::1:role/r");
    environment_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    environment_.variables["AWS_SECRET_ACCESS_KEY"] = "s";
    EXPECT_EQ(as<AwsKeyPlan>(chain()).key.id, "ENV");
}

TEST_F(AwsCredentialPlanTest, HalfAKeyIsAnErrorAndNotPassedOver) {
    environment_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    EXPECT_THAT(chain_error().message, HasSubstr("the environment has an access key id without its secret"));
}

TEST_F(AwsCredentialPlanTest, InstanceMetadataCanBeTurnedOff) {
    environment_.variables["AWS_EC2_METADATA_DISABLED"] = "true";
    auto error = chain_error();
    EXPECT_EQ(error.code, Errc::unauthenticated);
    EXPECT_THAT(error.message, HasSubstr("/home/op/.aws/credentials"));
    EXPECT_THAT(error.hint, HasSubstr("AWS_EC2_METADATA_DISABLED"));
}

TEST_F(AwsCredentialPlanTest, NamedProfileIsTheOnlyPlaceLookedAt) {
    environment_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
    environment_.variables["AWS_SECRET_ACCESS_KEY"] = "s";
    given_credentials("[prod]\naws_access_key_id=PROD\naws_secret_access_key=s\naws_session_token=t\n");
    auto plan = profile("prod");
    EXPECT_EQ(as<AwsKeyPlan>(plan).key.id, "PROD");
    EXPECT_EQ(as<AwsKeyPlan>(plan).key.session_token, Secret("t"));
    EXPECT_EQ(plan.origin, "profile \"prod\"");
    EXPECT_THAT(profile_error("absent").message, HasSubstr("no profile \"absent\" in /home/op/.aws/credentials and"));
    environment_.variables.erase("AWS_ACCESS_KEY_ID");
    environment_.variables["AWS_PROFILE"] = "typo";
    EXPECT_THAT(chain_error().message, HasSubstr("AWS_PROFILE names profile \"typo\""));
}

TEST_F(AwsCredentialPlanTest, RolesAreFollowedThroughTheirSources) {
    given_config(
        "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = x\nrole_session_name = n\nduration_seconds = "
        "900\n"
        "[profile b]\nrole_arn = arn:b\nsource_profile = c\n");
    given_credentials("[c]\naws_access_key_id = C\naws_secret_access_key = s\n");
    auto a = as<AwsRolePlan>(profile("a"));
    EXPECT_EQ(a.role_arn, "arn:a");
    EXPECT_EQ(a.external_id, "x");
    EXPECT_EQ(a.session_name, "n");
    EXPECT_EQ(a.duration, std::chrono::seconds(900));
    auto b = as<AwsRolePlan>(*a.source);
    EXPECT_EQ(b.role_arn, "arn:b");
    EXPECT_EQ(as<AwsKeyPlan>(*b.source).key.id, "C");
}

TEST_F(AwsCredentialPlanTest, LoopsAreFound) {
    given_config(
        "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = a\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("loop"));
    given_config("[profile a]\nrole_arn = arn:a\nsource_profile = a\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("names itself"));
}

TEST_F(AwsCredentialPlanTest, AProfileWithKeysMayBeItsOwnSource) {
    given_config("[profile a]\nrole_arn = arn:a\nsource_profile = a\n");
    given_credentials("[a]\naws_access_key_id = A\naws_secret_access_key = s\n");
    EXPECT_EQ(as<AwsKeyPlan>(*as<AwsRolePlan>(profile("a")).source).key.id, "A");
}

TEST_F(AwsCredentialPlanTest, CredentialSourceNamesAPlace) {
    given_config("[profile a]\nrole_arn = arn:a\ncredential_source = Ec2InstanceMetadata\n");
    as<AwsInstanceMetadataPlan>(*as<AwsRolePlan>(profile("a")).source);
    given_config("[profile a]\nrole_arn = arn:a\ncredential_source = Environment\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("AWS_ACCESS_KEY_ID is not set"));
    given_config("[profile a]\nrole_arn = arn:a\ncredential_source = Elsewhere\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("unknown credential_source"));
    given_config("[profile a]\nrole_arn = arn:a\ncredential_source = Environment\nsource_profile = b\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("both"));
    given_config("[profile a]\nrole_arn = arn:a\n");
    EXPECT_THAT(profile_error("a").message, HasSubstr("neither"));
}

TEST_F(AwsCredentialPlanTest, WhatNeedsAPersonIsToldAsUnsupported) {
    for (auto text : {"sso_session = s\n", "sso_start_url = https://x\n", "login_session = arn\n",
                      "role_arn = arn:a\nsource_profile = a\nmfa_serial = arn:mfa\n"}) {
        given_config(std::string("[profile a]\n") + text + "[default]\n" + text);
        EXPECT_EQ(profile_error("a").code, Errc::unsupported) << text;
        EXPECT_EQ(chain_error().code, Errc::unsupported) << text;
        EXPECT_NE(profile_error("a").hint, "") << text;
    }
}

TEST_F(AwsCredentialPlanTest, WebIdentityNeedsItsRole) {
    environment_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
    EXPECT_THAT(chain_error().message, HasSubstr("AWS_ROLE_ARN is not"));
    given_config("[profile a]\nrole_arn = arn:a\nweb_identity_token_file = /t\nrole_session_name = n\n");
    auto plan = as<AwsWebIdentityPlan>(profile("a"));
    EXPECT_EQ(plan.role_arn, "arn:a");
    EXPECT_EQ(plan.token_file, "/t");
    EXPECT_EQ(plan.session_name, "n");
}

TEST_F(AwsCredentialPlanTest, FilesCanBeElsewhere) {
    environment_.variables["AWS_SHARED_CREDENTIALS_FILE"] = "~/keys";
    environment_.files["/home/op/keys"] = "[default]\naws_access_key_id = K\naws_secret_access_key = s\n";
    EXPECT_EQ(as<AwsKeyPlan>(chain()).key.id, "K");
}

TEST(AwsSections, AreReadLeniently) {
    auto sections = parse_aws_sections(
        "\xEF\xBB\xBF# comment\n; another\r\n[ default ]\r\nAWS_Access_Key_Id = \"K\"\r\ns3 =\n  addressing_style = "
        "path\n"
        "[profile x]\nregion=eu-west-1\n\n[sso-session s]\nsso_region = r\n");
    ASSERT_TRUE(sections) << sections.error().message;
    EXPECT_EQ(sections->at("default").at("aws_access_key_id"), "K");
    EXPECT_FALSE(sections->at("default").contains("addressing_style"));
    EXPECT_EQ(sections->at("profile x").at("region"), "eu-west-1");
    EXPECT_TRUE(sections->contains("sso-session s"));
}

TEST(AwsSections, NameTheLineThatIsNeither) {
    EXPECT_THAT(parse_aws_sections("[a]\nb = c\nhunter2\n").error().message,
                testing::AllOf(HasSubstr("line 3"), testing::Not(HasSubstr("hunter2"))));
    EXPECT_THAT(parse_aws_sections("[a\n").error().message, HasSubstr("line 1"));
    EXPECT_THAT(parse_aws_sections("a = b\n").error().message, HasSubstr("line 1"));
}

}  // namespace
}  // namespace sluice::auth
