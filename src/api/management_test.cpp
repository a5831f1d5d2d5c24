#include "api/management.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "api/answers.hpp"

namespace sluice::api {
namespace {

http::Response answer_of(const Call& call) {
    if (call.request.body == "bad") return http::plain_problem(422, "not_acceptable", "no");
    return http::Response::text(200, call.caller.org);
}

class ManagementTest : public testing::Test {
  protected:
    ManagementTest() {
        Route list = row("GET", "/v1/things", Scope::integration_read);
        list.query = {"limit", "after"};
        Route open = row("GET", "/open", Scope::all, true, Access::open);
        open.query.reset();
        management_.add({std::move(list), row("POST", "/v1/things", Scope::integration_write),
                         row("POST", "/v1/things/{id}/test", Scope::integration_write, false),
                         row("POST", "/v1/everything", Scope::all, true, Access::operator_only), std::move(open)});
    }

    static boost::asio::awaitable<http::Response> answer(Call call) { co_return answer_of(call); }

    static Route row(std::string_view method, std::string_view path, Scope scope, bool is_change = true,
                     Access access = Access::scope) {
        Route route;
        route.method = method;
        route.path = path;
        route.access = access;
        route.scope = scope;
        route.handle = answer;
        route.is_change = is_change;
        return route;
    }

    http::OrAnswer<Principal> authenticate(std::string_view token) {
        ++authenticated_;
        Principal caller;
        caller.token_name = token;
        caller.org = "com.acme";
        if (token == "reader") caller.scopes = static_cast<std::uint32_t>(Scope::integration_read);
        if (token == "full" || token == "operator") caller.scopes = static_cast<std::uint32_t>(Scope::all);
        if (token == "metrics-operator") caller.scopes = static_cast<std::uint32_t>(Scope::metrics_read);
        caller.is_operator = token == "operator" || token == "metrics-operator";
        caller.is_pipe = token == "pipe";
        if (caller.is_pipe) caller.scopes = static_cast<std::uint32_t>(Scope::all);
        if (token == "unknown") return http::unauthenticated("the token is not known here", true);
        return caller;
    }

    ManagementApi::Audit audit() {
        ManagementApi::Audit audit;
        audit.begin = [](const Route& route, const Call& call) {
            AuditEntry entry;
            entry.action = std::string(route.path);
            entry.token_name = call.caller.token_name;
            return entry;
        };
        audit.end = [this](AuditEntry entry, int status, std::string code) {
            return note(std::move(entry), status, std::move(code));
        };
        return audit;
    }
    boost::asio::awaitable<void> note(AuditEntry entry, int status, std::string code) {
        noted_.push_back(entry.token_name + " " + entry.action + " " + std::to_string(status) + " " + code);
        co_return;
    }

    /// As the server does it: the head first, then the body.
    http::Response call(std::string method, std::string path, std::string token, std::string body = {}) {
        return call_with({}, std::move(method), std::move(path), std::move(token), std::move(body));
    }
    http::Response call_with(std::string query, std::string method, std::string path, std::string token,
                             std::string body = {}) {
        http::Request request;
        request.query = std::move(query);
        request.method = std::move(method);
        request.path = std::move(path);
        request.remote_address = "203.0.113.9";
        if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
        if (auto refused = management_.check_head(request)) return std::move(*refused);
        request.body = std::move(body);
        boost::asio::io_context io;
        http::Response response;
        boost::asio::co_spawn(io, management_.handle(std::move(request)),
                              [&](std::exception_ptr failure, http::Response answered) {
                                  ASSERT_FALSE(failure);
                                  response = std::move(answered);
                              });
        io.run();
        return response;
    }

    int authenticated_ = 0;
    std::vector<std::string> noted_;
    ManagementApi management_{[this](const http::Request&, std::string_view token) { return authenticate(token); },
                              audit()};
};

TEST_F(ManagementTest, AuthenticatesEachRequestOnce) {
    EXPECT_EQ(call("POST", "/v1/things", "full").status, 200);
    EXPECT_EQ(authenticated_, 1) << "each time counts toward the token's limit";
}

TEST_F(ManagementTest, TellsOfEachChangeAndOfEachThatWasRefused) {
    EXPECT_EQ(call("POST", "/v1/things", "full").status, 200);
    EXPECT_EQ(call("POST", "/v1/things", "full", "bad").status, 422);
    EXPECT_EQ(noted_, (std::vector<std::string>{"full /v1/things 200 ", "full /v1/things 422 not_acceptable"}));
}

TEST_F(ManagementTest, TellsOfNothingThatChangesNothing) {
    EXPECT_EQ(call("GET", "/v1/things", "full").status, 200);
    EXPECT_EQ(call("HEAD", "/v1/things", "full").status, 200);
    EXPECT_EQ(call("POST", "/v1/things/a/test", "full").status, 200);
    EXPECT_EQ(call("OPTIONS", "/v1/things", "").status, 204);
    EXPECT_EQ(call("POST", "/v1/things", "reader").status, 403);
    EXPECT_EQ(call("POST", "/v1/things", "unknown").status, 401);
    EXPECT_EQ(call("PUT", "/v1/things", "full").status, 405);
    EXPECT_TRUE(noted_.empty());
}

TEST_F(ManagementTest, AParameterThatIsNotKnownIsRefusedWithThoseThatAre) {
    auto refused = call_with("limt=1", "GET", "/v1/things", "full");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(problem_code(refused), "bad_parameter");
    EXPECT_NE(refused.body.find("/v1/things takes limit, after, and not limt; did you mean limit?"), std::string::npos)
        << refused.body;
    EXPECT_EQ(call_with("after=x&limit=1", "GET", "/v1/things", "full").status, 200);
    EXPECT_EQ(call_with("limit=1", "POST", "/v1/things", "full").status, 400);
    EXPECT_EQ(call_with("limt=1", "GET", "/v1/things", "").status, 401) << "who may not call it is told nothing";
    EXPECT_EQ(call_with("at=12", "GET", "/open", "").status, 200);
}

TEST_F(ManagementTest, APipeTokenAndAMissingScopeAreRefusedEverywhere) {
    for (auto path : {"/v1/things", "/v1/everything"}) {
        EXPECT_EQ(call("POST", path, "pipe").status, 403) << path;
        EXPECT_EQ(call("POST", path, "reader").status, 403) << path;
        EXPECT_EQ(call("POST", path, "").status, 401) << path;
    }
    EXPECT_EQ(call("POST", "/v1/everything", "operator").status, 200);
    EXPECT_EQ(call("POST", "/v1/everything", "full").status, 403);
    EXPECT_EQ(call("POST", "/v1/everything", "metrics-operator").status, 403) << "an operator's token has scopes too";
    EXPECT_EQ(call("GET", "/open", "").status, 200);
}

}  // namespace
}  // namespace sluice::api
