#include <gtest/gtest.h>

#include "sources/share_api/share_api_fixture_for_test.hpp"

namespace sluice::share_api {
namespace {

TEST(ShareApiRefusal, NoTokenOrAnUnknownOneIs401) {
    ShareApiBench api;
    const auto none = api.call("GET", "/share/io.acme", "", {""});
    EXPECT_EQ(none.status, 401);
    EXPECT_EQ(code_of(none), "unauthenticated");
    EXPECT_EQ(none.headers.get("WWW-Authenticate"), R"(Bearer realm="sluice")");
    const auto unknown = api.call("GET", "/share/io.acme", "", {"no-such-token"});
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.headers.get("WWW-Authenticate"), R"(Bearer realm="sluice", error="invalid_token")");
    EXPECT_EQ(unknown.body.find("no-such-token"), std::string::npos);
    for (const char* value : {"Basic ZnVsbA==", "Bearer", "Bearer ", "full"})
        EXPECT_EQ(api.call("GET", "/share/io.acme", "", {"", {{"Authorization", value}}}).status, 401) << value;
    EXPECT_EQ(api.call("GET", "/share/io.acme", "", {"", {{"Authorization", "bearer  full"}}}).status, 200);
}

TEST(ShareApiRefusal, AMissingScopeIsNamed) {
    ShareApiBench api;
    const auto id = api.create("/share/io.acme", "{}");
    const auto check = [&](const char* method, const std::string& target, const char* token, const char* scope) {
        const auto response = api.call(method, target, "{}", {token});
        EXPECT_EQ(response.status, 403) << method;
        EXPECT_EQ(code_of(response), "insufficient_scope");
        EXPECT_NE(response.body.find(scope), std::string::npos) << response.body;
        EXPECT_NE(response.headers.get("WWW-Authenticate").find(scope), std::string_view::npos);
    };
    check("POST", "/share/io.acme", "reader", "SHARE:CREATE");
    check("GET", "/share/io.acme", "writer", "SHARE:READ");
    check("HEAD", "/share/io.acme/" + id, "writer", "SHARE:READ");
    check("PUT", "/share/io.acme/" + id, "reader", "SHARE:UPDATE");
    check("DELETE", "/share/io.acme/" + id, "writer", "SHARE:DELETE");
}

TEST(ShareApiRefusal, OnlyTheOperatorNamesAnotherOrg) {
    ShareApiBench api;
    const auto foreign = api.call("GET", "/share/io.acme", "", {"full", {{"Sluice-Org", "com.other"}}});
    EXPECT_EQ(foreign.status, 403);
    EXPECT_EQ(code_of(foreign), "foreign_org");
    EXPECT_EQ(api.call("GET", "/share/io.acme", "", {"full", {{"Sluice-Org", "com.acme"}}}).status, 200);
    const auto twice =
        api.call("GET", "/share/io.acme", "", {"full", {{"Sluice-Org", "com.acme"}, {"sluice-org", "x"}}});
    EXPECT_EQ(twice.status, 400);
    EXPECT_EQ(code_of(twice), "invalid_org");
}

TEST(ShareApiRefusal, UnknownPathsAre404) {
    ShareApiBench api;
    for (const char* path : {"/share", "/share/io.acme/a/b", "/events/1", "/share/io.acme/tags"}) {
        const auto response = api.call("GET", path);
        EXPECT_EQ(response.status, 404) << path;
        EXPECT_EQ(code_of(response), "unknown_path");
    }
}

TEST(ShareApiRefusal, OtherMethodsAre405WithAllow) {
    ShareApiBench api;
    const auto check = [&](const char* method, const char* path, const char* allow) {
        const auto response = api.call(method, path, "{}");
        EXPECT_EQ(response.status, 405) << method << ' ' << path;
        EXPECT_EQ(code_of(response), "method_not_allowed");
        EXPECT_EQ(response.headers.get("Allow"), allow);
    };
    check("PUT", "/share/io.acme", "GET, HEAD, OPTIONS, POST");
    check("DELETE", "/share/io.acme/tags/Dublin", "GET, HEAD, OPTIONS, POST");
    check("POST", "/share/io.acme/someid", "DELETE, GET, HEAD, OPTIONS, PUT");
    check("PATCH", "/share/io.acme/someid", "DELETE, GET, HEAD, OPTIONS, PUT");
    check("POST", "/share/io.acme/latest", "GET, HEAD, OPTIONS");
    check("GET", "/events", "OPTIONS, POST");
    check("GET", "/share/io.acme.lora.raw/token/pipe", "OPTIONS, POST");
}

TEST(ShareApiRefusal, OptionsTellsTheMethods) {
    ShareApiBench api;
    const auto response = api.call("OPTIONS", "/share/io.acme", "", {""});
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(api.call("OPTIONS", "/share/io.acme/a/b", "", {""}).status, 404);
}

TEST(ShareApiRefusal, NamesAreChecked) {
    ShareApiBench api;
    const auto code = [&](const std::string& path) {
        const auto response = api.call("POST", path, "{}");
        EXPECT_EQ(response.status, 400) << path;
        return code_of(response);
    };
    for (const char* rec_type : {"io..acme", ".io", "io-", "io%20acme", "%C3%A9"})
        EXPECT_EQ(code("/share/" + std::string(rec_type)), "invalid_rec_type") << rec_type;
    EXPECT_EQ(code("/share/" + std::string(129, 'a')), "invalid_rec_type");
    EXPECT_EQ(code("/share/io.acme/tags/" + std::string(65, 'a')), "invalid_tag");
    EXPECT_EQ(code("/share/io.acme/tags/a//b"), "invalid_tag");
    EXPECT_EQ(code("/share/io.acme/tags/%FF"), "invalid_tag");
    std::string tags;
    for (int i = 0; i < 65; ++i) tags += "/a";
    EXPECT_EQ(code("/share/io.acme/tags" + tags), "too_many_tags");
    const auto id = api.call("GET", "/share/io.acme/-bad-");
    EXPECT_EQ(id.status, 400);
    EXPECT_EQ(code_of(id), "invalid_id");
}

TEST(ShareApiRefusal, QueriesAreChecked) {
    ShareApiBench api;
    for (const char* query : {"perPage=0", "page=x", "details=1", "sort=", "from=now", "limit=3"}) {
        const auto response = api.call("GET", std::string("/share/io.acme?") + query);
        EXPECT_EQ(response.status, 400) << query;
        EXPECT_EQ(code_of(response), "invalid_query");
    }
    EXPECT_EQ(api.call("GET", "/share/io.acme/latest?page=1").status, 400);
}

TEST(ShareApiRefusal, AnUpdateTakesOneJsonObject) {
    ShareApiBench api;
    const auto id = api.create("/share/io.acme", "{}");
    const auto lines =
        api.call("PUT", "/share/io.acme/" + id, "{}", {"full", {{"Content-Type", "application/x-ndjson"}}});
    EXPECT_EQ(lines.status, 415);
    EXPECT_EQ(api.call("PUT", "/share/io.acme/" + id, "{").status, 400);
    EXPECT_EQ(api.call("PUT", "/share/io.acme/" + id, "1").status, 422);
    EXPECT_EQ(api.call("PUT", "/share/io.acme/" + id, "").status, 400);
    EXPECT_EQ(api.bench.events().size(), 1u);
}

}  // namespace
}  // namespace sluice::share_api
