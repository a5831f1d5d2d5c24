#include "control/access_record.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/fake_clock.hpp"
#include "base/principal.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

const Timestamp kNow = from_epoch_ms(1'800'000'000'000);

Result<TokenRequest> parse(std::string_view body) {
    return parse_token_request(boost::json::parse(body).as_object(), "com.acme", kNow);
}

std::string refusal(std::string_view body) {
    auto parsed = parse(body);
    EXPECT_TRUE(parsed.has_error()) << body;
    return parsed ? std::string() : parsed.error().message;
}

TEST(TokenRequest, TakesWhatATokenNeeds) {
    auto token = parse(R"({"name":"reader","scopes":["SHARE:READ","METRICS:READ"],"lifetime":"90d",
                           "limits":{"requests_per_second":50,"request_burst":100}})")
                     .value();
    EXPECT_EQ(token.org, "com.acme");
    EXPECT_EQ(scope_names(token.scopes), (std::vector<std::string>{"SHARE:READ", "METRICS:READ"}));
    EXPECT_EQ(token.expires, kNow + 90 * 24h);
    EXPECT_EQ(token.rate, (RateLimit{50, 100}));
    EXPECT_FALSE(token.is_pipe);
    auto pipe = parse(R"({"name":"gateway","org":"com.other","recTypes":["io.acme.**"]})").value();
    EXPECT_TRUE(pipe.is_pipe);
    EXPECT_EQ(pipe.org, "com.other");
    EXPECT_EQ(scope_names(pipe.scopes), std::vector<std::string>{"SHARE:CREATE"});
    EXPECT_TRUE(parse(R"({"name":"g","pipe":true,"recTypes":["**"],"scopes":["SHARE:CREATE"]})")->is_pipe)
        << "as shown";
    EXPECT_EQ(scope_names(static_cast<std::uint32_t>(Scope::all)), std::vector<std::string>{"ALL:ALL"});
}

TEST(TokenRequest, SaysWhatIsWrong) {
    EXPECT_EQ(refusal("{}"), "name is missing");
    EXPECT_EQ(refusal(R"({"name":"a"})"), "scopes is missing");
    EXPECT_NE(refusal(R"({"name":"a","scopes":[]})").find("at least one"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["SHARE:WRITE"]})").find("SHARE:WRITE"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"recTypes":["**"]})").find("beside recTypes"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","pipe":true,"scopes":["ALL:ALL"]})").find("does not go"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","pipe":false,"recTypes":["**"]})").find("does not go"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","operator":true,"recTypes":["**"]})").find("beside recTypes"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","recTypes":["a b"]})").find("not a recType pattern"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"org":"-"})").find("not an org"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"expires":"tomorrow"})").find("not a time"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"expires":"2001-01-01T00:00:00Z"})").find("in the past"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"expires":"2031-01-01T00:00:00Z","lifetime":"1d"})")
                  .find("beside expires"),
              std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"expire":"1d"})").find("expire"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a\nb","scopes":["ALL:ALL"]})").find("on one line"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"a","scopes":["ALL:ALL"],"limits":{"request_burst":1}})").find("says nothing"),
              std::string::npos);
}

TEST(TokenRecord, ComesBackAsItWas) {
    TokenRecord record;
    record.id = "tok_0011223344556677";
    record.token = parse(R"({"name":"g\u00e4te","recTypes":["io.acme.**"],"lifetime":"1h"})").value();
    record.created = kNow;
    record.created_by = "admin";
    record.sha256 = std::string(32, 'a');
    record.previous = {{std::string(32, 'b'), kNow + 1h}};
    auto again = decode_token_record(encode(record)).value();
    EXPECT_EQ(encode(again), encode(record));
    EXPECT_EQ(again.previous.at(0).until, kNow + 1h);
    EXPECT_EQ(again.token.rec_types, record.token.rec_types);
}

TEST(TokenRecord, RefusesWhatIsNone) {
    for (auto text : {"", "{}", "[]", "null", R"({"id":1,"sha256":"00"})", R"({"id":"a","sha256":7})"})
        EXPECT_EQ(decode_token_record(text).error().code, Errc::corrupt) << text;
    for (auto text : {"", "{}", R"({"id":"a"})", R"({"created":"2026-01-01T00:00:00Z"})"})
        EXPECT_TRUE(decode_org_record(text).has_error()) << text;
}

TEST(OrgDefinition, SaysWhatIsWrong) {
    auto org =
        parse_org(boost::json::parse(R"({"id":"com.acme","name":"Acme","limits":{"backlog":"1GiB"}})").as_object());
    ASSERT_TRUE(org) << org.error().message;
    EXPECT_EQ(org->limits.backlog, std::uint64_t{1} << 30);
    EXPECT_TRUE(parse_org({{"id", "com.acme"}, {"name", ""}})) << "as one without a name is shown";
    auto refused = parse_org(boost::json::parse(R"({"id":"com acme"})").as_object());
    EXPECT_NE(refused.error().message.find("not an org"), std::string::npos);
}

}  // namespace
}  // namespace sluice
