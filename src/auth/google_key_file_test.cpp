#include "auth/google_key_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "auth/google_key_for_test.hpp"

namespace sluice::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::string file_text() {
    return boost::json::serialize(service_account_for_test());
}

/// A part of the key that must not be told.
std::string secret_part() {
    return rsa_pem_for_test().substr(200, 24);
}

const GoogleServiceAccount& account_of(const Result<GoogleKeyFile>& file) {
    if (!file) throw std::runtime_error(file.error().message);
    return std::get<GoogleServiceAccount>(*file);
}

/// The message, having made sure that nothing of the key is in it.
std::string refusal_of(std::string_view text) {
    auto file = read_google_key_file(text);
    if (file) return "was taken";
    EXPECT_THAT(file.error().message + file.error().hint, Not(HasSubstr(secret_part())));
    EXPECT_NE(file.error().hint, "");
    return file.error().message;
}

std::string refusal_without(std::string_view member) {
    auto object = service_account_for_test();
    object.erase(member);
    return refusal_of(boost::json::serialize(object));
}

std::string refusal_with(std::string_view member, std::string_view value) {
    auto object = service_account_for_test();
    object[member] = value;
    return refusal_of(boost::json::serialize(object));
}

TEST(GoogleKeyFile, ReadsWhatTheConsoleDownloads) {
    auto file = read_google_key_file(file_text());
    const auto& account = account_of(file);
    EXPECT_EQ(account.client_email, "robot@demo-project.iam.gserviceaccount.com");
    EXPECT_EQ(account.private_key_id, "a1a111aa1111a11a11a11aa111a111a1a1111111");
    EXPECT_EQ(account.project_id, "demo-project");
    EXPECT_EQ(account.private_key.reveal(), rsa_pem_for_test());
}

TEST(GoogleKeyFile, ReadsAnObjectAsItReadsText) {
    auto file = read_google_key_file(boost::json::value(service_account_for_test()));
    EXPECT_EQ(account_of(file).private_key.reveal(), rsa_pem_for_test());
}

TEST(GoogleKeyFile, ForgivesHowTextWasPasted) {
    const std::string text = file_text();
    const std::string quoted = boost::json::serialize(boost::json::string(text));
    const std::string pasted[] = {
        "\xef\xbb\xbf" + text,
        "\r\n\t " + text + " \r\n",
        "'" + text + "'",
        "`" + text + "`",
        quoted,
        "\"" + text + "\"",
        replaced(text, ",", ",\r\n  "),
        replaced(text, "\\n", "\n"),     // the escapes became line breaks
        replaced(text, "\\n", "\r\n"),   // … on Windows
        replaced(text, "\\n", "\\\\n"),  // … or were escaped once more
        replaced(text, "\\n", " "),      // … or were folded
        replaced(text, "\\n", ""),       // … or were lost
        replaced(text, "\\n", "\\r\\n"),
    };
    for (const auto& one : pasted) {
        auto file = read_google_key_file(one);
        ASSERT_TRUE(file) << file.error().message << "\n" << one;
        EXPECT_EQ(account_of(file).private_key.reveal(), rsa_pem_for_test());
    }
}

TEST(GoogleKeyFile, NamesTheMemberThatIsMissing) {
    EXPECT_EQ(refusal_without("client_email"), "has no client_email");
    EXPECT_EQ(refusal_without("private_key"), "has no private_key");
    EXPECT_THAT(refusal_without("type"), HasSubstr("has no type"));
    EXPECT_EQ(refusal_with("client_email", " "), "has no client_email");
}

TEST(GoogleKeyFile, WhatIsNotNeededMayBeMissing) {
    auto object = service_account_for_test();
    for (auto name : {"project_id", "private_key_id", "client_id", "auth_uri", "token_uri", "universe_domain"}) {
        object.erase(name);
    }
    auto file = read_google_key_file(boost::json::serialize(object));
    EXPECT_EQ(account_of(file).project_id, "");
    EXPECT_EQ(account_of(file).private_key_id, "");
}

TEST(GoogleKeyFile, SaysWhatIsWrongWithAPrivateKey) {
    const std::string pem = rsa_pem_for_test();
    EXPECT_THAT(refusal_with("private_key", pem.substr(0, pem.size() / 2)), HasSubstr("cut short"));
    EXPECT_THAT(refusal_with("private_key", "hello"), HasSubstr("does not begin with"));
    EXPECT_THAT(refusal_with("private_key", replaced(pem, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")),
                HasSubstr("password"));
    EXPECT_THAT(refusal_with("private_key", replaced(pem, "PRIVATE KEY", "CERTIFICATE")), HasSubstr("something else"));
    std::string damaged = pem;
    damaged.erase(300, 40);
    EXPECT_THAT(refusal_with("private_key", damaged), HasSubstr("cannot be read"));
    EXPECT_THAT(refusal_with("private_key", pem_of(KeyPtr(EVP_EC_gen("P-256")).get())), HasSubstr("not an RSA key"));
    EXPECT_THAT(refusal_with("private_key", pem_of(KeyPtr(EVP_RSA_gen(1024)).get())), HasSubstr("2048 bits"));
}

TEST(GoogleKeyFile, RefusesFilesOfAnotherKindByTheirName) {
    EXPECT_THAT(refusal_of(R"({"type":"external_account","audience":"a"})"), HasSubstr("external_account"));
    EXPECT_THAT(refusal_of(R"({"type":"impersonated_service_account"})"), HasSubstr("impersonate"));
    EXPECT_THAT(refusal_of(R"({"type":"external_account_authorized_user"})"), HasSubstr("workforce"));
    EXPECT_THAT(refusal_of(R"({"type":"gdch_service_account"})"), HasSubstr("Distributed Cloud"));
    EXPECT_THAT(refusal_of(R"({"installed":{"client_id":"i","client_secret":"s"}})"), HasSubstr("OAuth client"));
    EXPECT_THAT(refusal_of(R"({"web":{"client_id":"i","client_secret":"s"}})"), HasSubstr("OAuth client"));
    EXPECT_THAT(refusal_of(R"({"project_info":{},"client":[]})"), HasSubstr("Firebase"));
    EXPECT_THAT(refusal_of(R"({"type":"something_new"})"), HasSubstr("not supported"));
    EXPECT_THAT(refusal_of(R"({"Version":1,"AccessKeyId":"A"})"), HasSubstr("not a service account's key"));
    EXPECT_THAT(refusal_of("AIzaSyD-0123456789"), HasSubstr("API key"));
    EXPECT_THAT(refusal_of("\"AIzaSyD-0123456789\""), HasSubstr("API key"));
    EXPECT_THAT(refusal_of(rsa_pem_for_test()), HasSubstr("private key alone"));
    EXPECT_THAT(refusal_of("ya29.a0AfH6SM"), HasSubstr("access token"));
    EXPECT_THAT(refusal_of("robot@demo.iam.gserviceaccount.com"), HasSubstr("name, not its key"));
    EXPECT_THAT(refusal_of("\x30\x82\x09\x01 bytes"), HasSubstr(".p12"));
    EXPECT_THAT(refusal_of("/etc/sluice/key.json"), HasSubstr("path"));
    EXPECT_THAT(refusal_of("[]"), HasSubstr("list"));
    EXPECT_THAT(refusal_of("12"), HasSubstr("not JSON"));
    EXPECT_THAT(refusal_of(" \n"), HasSubstr("empty"));
    EXPECT_THAT(refusal_of(file_text().substr(0, 900)), HasSubstr("was all of the file pasted"));
    EXPECT_THAT(refusal_of(std::string(70'000, '{')), HasSubstr("64 KiB"));
    EXPECT_THAT(refusal_with("universe_domain", "example.com"), HasSubstr("universe_domain"));
    EXPECT_THAT(refusal_with("client_email", "robot"), HasSubstr("e-mail"));
    EXPECT_THAT(refusal_with("client_email", "robot@x\r\nX-Other: 1"), HasSubstr("e-mail"));
    EXPECT_FALSE(read_google_key_file(boost::json::value(true)));
}

boost::json::object person() {
    return {{"type", "authorized_user"},
            {"client_id", "id.apps.googleusercontent.com"},
            {"client_secret", "d-secret"},
            {"refresh_token", "1//refresh"},
            {"quota_project_id", "billed"}};
}

TEST(GoogleKeyFile, ReadsAPersonsConsent) {
    auto file = read_google_key_file(boost::json::value(person()));
    ASSERT_TRUE(file) << file.error().message;
    const auto& user = std::get<GoogleAuthorizedUser>(*file);
    EXPECT_EQ(user.client_id, "id.apps.googleusercontent.com");
    EXPECT_EQ(user.client_secret.reveal(), "d-secret");
    EXPECT_EQ(user.refresh_token.reveal(), "1//refresh");
    EXPECT_EQ(user.quota_project_id, "billed");
    EXPECT_EQ(user.token_endpoint.to_url() + user.token_path, "https://oauth2.googleapis.com/token");
}

TEST(GoogleKeyFile, ATokenUriMustBeHttps) {
    auto object = person();
    for (auto [uri, told] : {std::pair("http://example.com/token", "https://"), std::pair("example.com", "address"),
                             std::pair("https://example.com/a b", "blanks"), std::pair("file:///etc", "address")}) {
        object["token_uri"] = uri;
        auto file = read_google_key_file(boost::json::value(object));
        ASSERT_FALSE(file) << uri;
        EXPECT_THAT(file.error().message, HasSubstr(told)) << uri;
    }
    object["token_uri"] = "https://tokens.example.com:8443/o/token?x=1";
    auto file = read_google_key_file(boost::json::value(object));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(std::get<GoogleAuthorizedUser>(*file).token_path, "/o/token?x=1");
}

TEST(GoogleKeyFile, NamesWhatIsMissingOfAPersonsConsent) {
    for (auto name : {"client_id", "client_secret", "refresh_token"}) {
        auto object = person();
        object.erase(name);
        EXPECT_EQ(refusal_of(boost::json::serialize(object)), std::string("has no ") + name);
    }
}

}  // namespace
}  // namespace sluice::auth
