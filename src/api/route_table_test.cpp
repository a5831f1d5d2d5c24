#include "api/route_table.hpp"

#include <gtest/gtest.h>

namespace sluice::api {
namespace {

RouteTable table() {
    RouteTable made;
    made.add({{"GET", "/", Access::open, Scope::all, {}},
              {"GET", "/v1/things", Access::scope, Scope::integration_read, {}},
              {"POST", "/v1/things", Access::scope, Scope::integration_write, {}},
              {"GET", "/v1/things/newest", Access::scope, Scope::integration_read, {}},
              {"DELETE", "/v1/things/{id}", Access::scope, Scope::integration_write, {}},
              {"POST", "/v1/things/{id}/parts/{part}/test", Access::scope, Scope::integration_write, {}}});
    return made;
}

http::Request request(std::string method, std::string path) {
    http::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    return made;
}

TEST(RouteTable, FindsTheRowAndTakesThePathApart) {
    auto known = table();
    auto match = known.find(request("POST", "/v1/things/a%20b/parts/c/test"));
    ASSERT_TRUE(match);
    EXPECT_EQ(match->route->path, "/v1/things/{id}/parts/{part}/test");
    EXPECT_EQ(match->parameters, (std::vector<std::string>{"a b", "c"}));
    EXPECT_EQ(known.find(request("GET", "/"))->route->path, "/");
}

TEST(RouteTable, AKnownPathWithAnotherMethodSaysWhichApply) {
    auto known = table();
    auto match = known.find(request("PATCH", "/v1/things"));
    ASSERT_TRUE(match);
    EXPECT_EQ(match->route, nullptr);
    EXPECT_EQ(match->any_of_path->path, "/v1/things");
    EXPECT_EQ(match->methods, "GET, HEAD, POST, OPTIONS");
}

TEST(RouteTable, HeadIsServedByGet) {
    auto known = table();
    EXPECT_EQ(known.find(request("HEAD", "/v1/things"))->route->method, "GET");
}

TEST(RouteTable, ALiteralRowComesBeforeOneWithAParameter) {
    auto known = table();
    EXPECT_EQ(known.find(request("GET", "/v1/things/newest"))->route->path, "/v1/things/newest");
    auto match = known.find(request("DELETE", "/v1/things/newest"));
    ASSERT_TRUE(match);
    EXPECT_EQ(match->route, nullptr) << "the first form that fits is the path's";
}

TEST(RouteTable, OtherPathsNameNothing) {
    auto known = table();
    for (const char* path :
         {"/v1", "/v1/", "/v1/thing", "/v1/things/", "/v1/things//parts/c/test", "/v1/things/a/parts/c/test/x",
          "/v1/things/a%2fb", "/v1/things/%zz", "/v1/things/a%00", "//v1/things", "/V1/things"}) {
        EXPECT_FALSE(known.find(request("DELETE", path))) << path;
    }
}

}  // namespace
}  // namespace sluice::api
