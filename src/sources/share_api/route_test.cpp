#include "sources/share_api/route.hpp"

#include <gtest/gtest.h>

namespace sluice::share_api {
namespace {

std::optional<Route> route(std::string path) {
    http::Request request;
    request.path = std::move(path);
    return parse_route(request);
}

TEST(Route, KnowsEveryFormOfPath) {
    using Kind = Route::Kind;
    const auto stream = route("/share/io.acme");
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->kind, Kind::stream);
    EXPECT_EQ(stream->type, ObjectType::objs);
    EXPECT_EQ(stream->rec_type, "io.acme");

    const auto tagged = route("/device/io.acme/tags/Dublin/floor%202");
    ASSERT_TRUE(tagged);
    EXPECT_EQ(tagged->kind, Kind::stream);
    EXPECT_EQ(tagged->type, ObjectType::devices);
    EXPECT_EQ(tagged->tags, (std::vector<std::string>{"Dublin", "floor 2"}));

    const auto pipe = route("/share/io.acme/token/s3cret");
    ASSERT_TRUE(pipe);
    EXPECT_EQ(pipe->kind, Kind::pipe);
    EXPECT_EQ(pipe->pipe_token.reveal(), "s3cret");

    const auto object = route("/device-health/io.acme/65f0a1b2c3d4e5f6a7b8c9d0");
    ASSERT_TRUE(object);
    EXPECT_EQ(object->kind, Kind::object);
    EXPECT_EQ(object->type, ObjectType::health);
    EXPECT_EQ(object->id, "65f0a1b2c3d4e5f6a7b8c9d0");

    const auto latest = route("/share/io.acme/latest");
    ASSERT_TRUE(latest);
    EXPECT_EQ(latest->kind, Kind::latest);
    EXPECT_TRUE(latest->tags.empty());

    const auto tagged_latest = route("/share/io.acme/tags/Dublin/latest");
    ASSERT_TRUE(tagged_latest);
    EXPECT_EQ(tagged_latest->kind, Kind::latest);
    EXPECT_EQ(tagged_latest->tags, (std::vector<std::string>{"Dublin"}));

    const auto events = route("/events");
    ASSERT_TRUE(events);
    EXPECT_EQ(events->kind, Kind::events);
}

TEST(Route, ATagMayBeCalledLatestWhenItIsTheOnlyOne) {
    const auto tagged = route("/share/io.acme/tags/latest");
    ASSERT_TRUE(tagged);
    EXPECT_EQ(tagged->kind, Route::Kind::stream);
    EXPECT_EQ(tagged->tags, (std::vector<std::string>{"latest"}));
}

TEST(Route, ForgivesOneSlashAtTheEnd) {
    ASSERT_TRUE(route("/share/io.acme/"));
    EXPECT_EQ(route("/share/io.acme/")->kind, Route::Kind::stream);
    EXPECT_TRUE(route("/events/"));
}

TEST(Route, KnowsNoOtherPaths) {
    for (const char* path : {"/", "/share", "/share/", "/shares/io.acme", "/share/io.acme/tags", "/share/io.acme/tags/",
                             "/share/io.acme/token", "/share/io.acme/token/a/b", "/share/io.acme/id/more", "/events/1",
                             "/v1/integrations", "/share/io.acme/%zz"})
        EXPECT_FALSE(route(path)) << path;
}

TEST(Route, TellsItsOwnPathsFromOthers) {
    for (const char* path : {"/share", "/share/x", "/device/x", "/device-health/x", "/events", "/events/x"})
        EXPECT_TRUE(is_share_api_path(path)) << path;
    for (const char* path : {"", "/", "share/x", "/shared/x", "/devices", "/v1/events", "/metrics"})
        EXPECT_FALSE(is_share_api_path(path)) << path;
}

TEST(Route, AllowsExactlyTheDocumentedMethods) {
    using Kind = Route::Kind;
    const auto allowed = [](Kind kind) {
        std::string methods;
        for (const char* method :
             {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "POST,", ""})
            if (is_allowed(kind, method)) methods += std::string(method) + ' ';
        return methods;
    };
    EXPECT_EQ(allowed(Kind::stream), "GET HEAD POST OPTIONS ");
    EXPECT_EQ(allowed(Kind::latest), "GET HEAD OPTIONS ");
    EXPECT_EQ(allowed(Kind::object), "GET HEAD PUT DELETE OPTIONS ");
    EXPECT_EQ(allowed(Kind::pipe), "POST OPTIONS ");
    EXPECT_EQ(allowed(Kind::events), "POST OPTIONS ");
}

}  // namespace
}  // namespace sluice::share_api
