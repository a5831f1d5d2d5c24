#include "auth/aws_access_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kId = "AKIAIOSFODNN7EXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

void expect_example(std::string_view pasted) {
    SCOPED_TRACE(pasted);
    auto key = parse_pasted_access_key(pasted);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->id, kId);
    EXPECT_EQ(key->secret, Secret(std::string(kSecret)));
    EXPECT_TRUE(key->session_token.empty());
}

Error error_of(std::string_view pasted) {
    auto key = parse_pasted_access_key(pasted);
    EXPECT_FALSE(key) << pasted;
    if (key) return {};
    EXPECT_THAT(key.error().message + key.error().hint, Not(HasSubstr("hunter2")));
    EXPECT_NE(key.error().hint, "");
    return key.error();
}

TEST(AwsAccessKey, ReadsEveryCsvTheConsoleHandsOut) {
    expect_example("Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    expect_example(
        "User name,Password,Access key ID,Secret access key,Console login link\n"
        "bob,,AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY,https://1.signin.aws.amazon.com/console");
    expect_example("AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE\r\nAWSSecretKey=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\r\n");
}

TEST(AwsAccessKey, ForgivesWhatCopyingAndSavingDoToIt) {
    constexpr std::string_view kRow = "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    auto with = [&](std::string_view before, std::string_view header, std::string_view between,
                    std::string_view after) {
        return std::string(before) + std::string(header) + std::string(between) + std::string(kRow) +
               std::string(after);
    };
    expect_example(with("\xEF\xBB\xBF", "Access key ID,Secret access key", "\r\n", "\r\n\r\n"));
    expect_example(with("  \n", "ACCESS KEY ID,secret access key", "\n\n", "  \n"));
    expect_example(with("\"", "Access key ID,Secret access key", "\n", "\""));
    expect_example(with("", "Access key ID,Secret access key", "\\n", ""));
    expect_example(with("", "Access key ID,Secret access key", " ", ""));
    expect_example(with("", "Access key ID,Secret access key", "", ""));
    expect_example("Access key ID;Secret access key\nAKIAIOSFODNN7EXAMPLE;wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    expect_example("Access key ID\tSecret access key\nAKIAIOSFODNN7EXAMPLE\twJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    expect_example(
        "\"Access key ID\",\"Secret access key\"\n\"AKIAIOSFODNN7EXAMPLE\",\" wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY "
        "\"");
}

TEST(AwsAccessKey, FindsColumnsByTheirNames) {
    expect_example("Secret access key,Access key ID\nwJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY,AKIAIOSFODNN7EXAMPLE");
}

TEST(AwsAccessKey, TakesTheFirstOfSeveralRows) {
    expect_example(
        "Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\nAKIAOTHER,x");
}

TEST(AwsAccessKey, ReadsARowWithoutItsHeaderInEitherOrder) {
    expect_example("AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    expect_example("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, AKIAIOSFODNN7EXAMPLE");
}

TEST(AwsAccessKey, ReadsCredentialsFilesAndEnvironmentLines) {
    expect_example(
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = "
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n");
    auto portal = parse_pasted_access_key(
        "export AWS_ACCESS_KEY_ID=\"ASIAIOSFODNN7EXAMPLE\"\nexport AWS_SECRET_ACCESS_KEY=\"secret\"\n"
        "export AWS_SESSION_TOKEN=\"to//ken==\"\n");
    ASSERT_TRUE(portal) << portal.error().message;
    EXPECT_EQ(portal->id, "ASIAIOSFODNN7EXAMPLE");
    EXPECT_EQ(portal->session_token, Secret("to//ken=="));
    auto shell = parse_pasted_access_key("$Env:AWS_ACCESS_KEY_ID=\"AKIDX\"\n$Env:AWS_SECRET_ACCESS_KEY=\"s\"");
    ASSERT_TRUE(shell);
    EXPECT_EQ(shell->id, "AKIDX");
}

TEST(AwsAccessKey, NamesWhatWasPastedInstead) {
    EXPECT_EQ(error_of("  \r\n").message, "is empty");
    EXPECT_EQ(error_of("\\n").message, "is empty");
    EXPECT_THAT(error_of("User name,Password,Console sign-in URL\nbob,hunter2,https://x").message,
                HasSubstr("CSV of a console sign-in"));
    EXPECT_THAT(error_of("Access key ID,Status\nAKIAIOSFODNN7EXAMPLE,Active").message,
                HasSubstr("without their secrets"));
    EXPECT_THAT(
        error_of("User name,Password,Access key ID,Secret access key,Console login link\nbob,hunter2,,,x").message,
        HasSubstr("no access key in it"));
    EXPECT_THAT(error_of("Access key ID,Secret access key").message, HasSubstr("no line with the access key"));
    EXPECT_THAT(error_of(R"({"type":"service_account","private_key":"hunter2"})").message, HasSubstr("Google"));
    EXPECT_THAT(error_of("Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=hunter2").message,
                HasSubstr("Azure"));
    EXPECT_THAT(error_of("arn:aws:iam::123456789012:role/x").hint, HasSubstr("role_arn"));
    EXPECT_THAT(error_of("\xFF\xFE"
                         "A")
                    .message,
                HasSubstr("UTF-16"));
    EXPECT_THAT(error_of("hunter2").message, HasSubstr("no column `Access key ID`"));
}

Error check_error(std::string id, std::string secret, std::string token = {}) {
    AwsAccessKey key{std::move(id), Secret(std::move(secret)), Secret(std::move(token))};
    auto good = check_access_key(key);
    EXPECT_FALSE(good);
    return good ? Error{} : good.error();
}

TEST(AwsAccessKey, KeysThatCannotBeOneAreRefusedByWhatIsWrong) {
    EXPECT_THAT(check_error(std::string(kSecret), std::string(kId)).message, HasSubstr("swapped"));
    EXPECT_THAT(check_error("AROAIOSFODNN7EXAMPLE", "s").message, HasSubstr("role id"));
    EXPECT_THAT(check_error("arn:aws:iam::1:user/x", "s").message, HasSubstr("ARN"));
    EXPECT_THAT(check_error("AKIA X", "s").message, HasSubstr("characters"));
    EXPECT_THAT(check_error("AKIAIOSFODNN7EXAMPLE", "se cret").message, HasSubstr("white space"));
    EXPECT_THAT(check_error("AKIAIOSFODNN7EXAMPLE", "s", "a\nb").message, HasSubstr("session token"));
    EXPECT_THAT(check_error("AKIAIOSFODNN7EXAMPLE", "").message, HasSubstr("no secret access key"));
    EXPECT_THAT(check_error("ASIAIOSFODNN7EXAMPLE", "s").message, HasSubstr("without its session token"));
    EXPECT_TRUE(check_access_key({"test", Secret("test"), Secret()}));
}

}  // namespace
}  // namespace sluice::auth
