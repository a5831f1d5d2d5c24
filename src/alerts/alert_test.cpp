#include "alerts/alert.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice {
namespace {

AlertOrigin tenant() {
    AlertOrigin origin;
    origin.default_org = "com.acme";
    origin.operator_owned = false;
    origin.allow_loopback = false;
    return origin;
}

Result<Alert> parse(std::string_view text, const AlertOrigin& origin) {
    return parse_alert(boost::json::parse(text).as_object(), origin);
}

std::string refused(std::string_view text, const AlertOrigin& origin) {
    auto alert = parse(text, origin);
    EXPECT_TRUE(alert.has_error()) << text;
    return alert ? std::string() : alert.error().message;
}

TEST(Alert, OfATenantHearsOfItsOwnOrgOnly) {
    auto alert = parse(R"({"id":"ops","url":"https://hooks.acme.com/x","types":["integration.failing"]})", tenant());
    ASSERT_TRUE(alert) << alert.error().message;
    EXPECT_EQ(alert->org, "com.acme");
    EXPECT_TRUE(alert->wants("com.acme", "integration.failing"));
    EXPECT_FALSE(alert->wants("com.acme", "integration.recovered"));
    EXPECT_FALSE(alert->wants("com.acme.sub", "integration.failing"));
    EXPECT_FALSE(alert->wants("com.other", "integration.failing"));
}

TEST(Alert, OfATenantMayNameNeitherAnotherOrgNorPatternsNorInternalAddresses) {
    EXPECT_NE(refused(R"({"id":"ops","url":"https://x.com","org":"com.other"})", tenant()).find("org"),
              std::string::npos);
    EXPECT_NE(refused(R"({"id":"ops","url":"https://x.com","orgs":["**"]})", tenant()).find("operator"),
              std::string::npos);
    for (auto url : {"https://127.0.0.1/x", "https://10.1.2.3/x", "https://169.254.169.254/x", "https://[::1]/x"})
        EXPECT_NE(refused(std::string(R"({"id":"ops","url":")") + url + "\"}", tenant()).find("url"), std::string::npos)
            << url;
    EXPECT_FALSE(parse(R"({"id":"ops","url":"https://x.com"})", tenant())->target.connect.allow_internal_addresses);
}

TEST(Alert, OfTheConfigurationFileHearsOfEveryOrgUnlessItNamesOne) {
    AlertOrigin file;
    file.path = "alerts[0]";
    file.all_orgs = true;
    EXPECT_TRUE(parse(R"({"id":"ops","url":"https://x.com"})", file)->wants("com.any", "integration.blocked"));
    auto one = parse(R"({"id":"ops","url":"https://x.com","org":"com.acme"})", file);
    EXPECT_TRUE(one->wants("com.acme", "integration.blocked"));
    EXPECT_FALSE(one->wants("com.any", "integration.blocked"));
    auto some = parse(R"({"id":"ops","url":"https://x.com","orgs":["com.*"]})", file);
    EXPECT_TRUE(some->wants("com.any", "integration.blocked"));
    EXPECT_FALSE(some->wants("org.any", "integration.blocked"));
}

TEST(Alert, SaysWhatIsWrongAndWhere) {
    AlertOrigin file;
    file.path = "alerts[2]";
    EXPECT_EQ(refused(R"({"id":"ops"})", file), "alerts[2].url is missing");
    EXPECT_EQ(refused(R"({"id":"Ops!","url":"https://x.com"})", file).substr(0, 12), "alerts[2].id");
    EXPECT_EQ(refused(R"({"id":"ops","url":"http://x.com"})", file).substr(0, 13), "alerts[2].url");
    EXPECT_NE(refused(R"({"id":"ops","url":"https://x.com","types":["integration.broken"]})", file)
                  .find("known: integration.failing"),
              std::string::npos);
    EXPECT_NE(refused(R"({"id":"ops","url":"https://x.com","secrt":"x"})", file).find("secrt"), std::string::npos);
    std::string secret = refused(R"({"id":"ops","url":"https://x.com","secret":"whsec_%%%"})", file);
    EXPECT_NE(secret.find("alerts[2].secret"), std::string::npos);
    EXPECT_EQ(secret.find("%%%"), std::string::npos) << "a secret is not repeated";
}

TEST(Alert, MayHaveHeadersNamedAsAnEventsAre) {
    AlertOrigin file;
    EXPECT_TRUE(parse(R"({"id":"ops","url":"https://x.com","headers":{"source":"sluice","id":"7"}})", file));
    EXPECT_NE(refused(R"({"id":"ops","url":"https://x.com","headers":{"Webhook-Timestamp":"x"}})", file).find("itself"),
              std::string::npos);
}

}  // namespace
}  // namespace sluice
