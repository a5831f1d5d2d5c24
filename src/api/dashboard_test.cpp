#include "api/dashboard.hpp"

#include <gtest/gtest.h>

#include <array>

namespace sluice::api {
namespace {

constexpr std::array<DashboardFile, 2> kFiles{
    DashboardFile{"/", "text/html; charset=utf-8", "aaaa", "<!doctype html>", {}, {}, false},
    DashboardFile{"/assets/index-1.js", "text/javascript; charset=utf-8", "bbbb", "let plain;", "GZIP", "BR", true}};

http::Request request_for(std::string path, std::string accept_encoding = {}) {
    http::Request request;
    request.method = "GET";
    request.path = request.target = std::move(path);
    if (!accept_encoding.empty()) request.headers.set("Accept-Encoding", std::move(accept_encoding));
    return request;
}

http::Response answer_to(const http::Request& request) {
    return Dashboard(kFiles).handle(request);
}

TEST(Dashboard, ServesTheEntryUncachedAndNamedFilesForEver) {
    auto entry = answer_to(request_for("/"));
    EXPECT_EQ(entry.status, 200);
    EXPECT_EQ(entry.body, "<!doctype html>");
    EXPECT_EQ(entry.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(entry.headers.get("Cache-Control"), "no-cache");
    auto script = answer_to(request_for("/assets/index-1.js"));
    EXPECT_EQ(script.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(script.body, "let plain;");
}

TEST(Dashboard, AllowsNoInlineScriptAndNoOtherHost) {
    auto response = answer_to(request_for("/"));
    auto policy = response.headers.get("Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'self'"), std::string_view::npos);
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string_view::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string_view::npos);
    EXPECT_EQ(policy.find("http"), std::string_view::npos);
    EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response.headers.get("Referrer-Policy"), "no-referrer");
}

TEST(Dashboard, SendsTheSmallestFormThatTheClientReads) {
    auto brotli = answer_to(request_for("/assets/index-1.js", "gzip, deflate, br"));
    EXPECT_EQ(brotli.body, "BR");
    EXPECT_EQ(brotli.headers.get("Content-Encoding"), "br");
    EXPECT_EQ(brotli.headers.get("Vary"), "Accept-Encoding");
    auto gzip = answer_to(request_for("/assets/index-1.js", "br;q=0, gzip;q=0.5"));
    EXPECT_EQ(gzip.body, "GZIP");
    EXPECT_EQ(gzip.headers.get("Content-Encoding"), "gzip");
    auto plain = answer_to(request_for("/assets/index-1.js", "zstd"));
    EXPECT_EQ(plain.body, "let plain;");
    EXPECT_FALSE(plain.headers.has("Content-Encoding"));
    EXPECT_FALSE(answer_to(request_for("/", "gzip, br")).headers.has("Content-Encoding"));
}

TEST(Dashboard, ReadsAcceptEncodingAsTheStandardHasIt) {
    EXPECT_EQ(accepted_coding(""), ContentCoding::identity);
    EXPECT_EQ(accepted_coding("identity"), ContentCoding::identity);
    EXPECT_EQ(accepted_coding("GZIP"), ContentCoding::gzip);
    EXPECT_EQ(accepted_coding("*"), ContentCoding::gzip);
    EXPECT_EQ(accepted_coding("*;q=0"), ContentCoding::identity);
    EXPECT_EQ(accepted_coding("gzip;q=0.000"), ContentCoding::identity);
    EXPECT_EQ(accepted_coding(" br ; q=0.1 , gzip"), ContentCoding::brotli);
    EXPECT_EQ(accepted_coding(",,;,br;q=,"), ContentCoding::brotli);
}

TEST(Dashboard, AnswersNotModifiedToWhoHasThisForm) {
    auto first = answer_to(request_for("/assets/index-1.js", "br"));
    auto again = request_for("/assets/index-1.js", "br");
    again.headers.set("If-None-Match", "\"other\", " + std::string(first.headers.get("ETag")));
    auto second = answer_to(again);
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
    EXPECT_EQ(second.headers.get("ETag"), first.headers.get("ETag"));
    // The same file in another form is another entity.
    auto other_form = request_for("/assets/index-1.js", "gzip");
    other_form.headers.set("If-None-Match", std::string(first.headers.get("ETag")));
    EXPECT_EQ(answer_to(other_form).status, 200);
}

TEST(Dashboard, AnswersWithProblemsWhereItHasNothing) {
    auto missing = answer_to(request_for("/assets/gone.js"));
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.headers.get("Content-Type"), "application/problem+json");
    auto posted = request_for("/");
    posted.method = "POST";
    EXPECT_EQ(answer_to(posted).status, 405);
    EXPECT_EQ(answer_to(posted).headers.get("Allow"), "GET, HEAD, OPTIONS");
    auto without = Dashboard({}).handle(request_for("/"));
    EXPECT_EQ(without.status, 404);
    EXPECT_NE(without.body.find("no_dashboard"), std::string::npos);
}

TEST(Dashboard, KnowsItsPathsFromTheShareApis) {
    EXPECT_TRUE(Dashboard::is_path("/"));
    EXPECT_TRUE(Dashboard::is_path("/assets/index-1.js"));
    EXPECT_FALSE(Dashboard::is_path("/share/io.example"));
    EXPECT_FALSE(Dashboard::is_path("/assets"));
    EXPECT_FALSE(Dashboard::is_path("//"));
}

}  // namespace
}  // namespace sluice::api
