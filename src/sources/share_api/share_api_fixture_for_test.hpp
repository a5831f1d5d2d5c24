#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ingest/ingest_fixture_for_test.hpp"
#include "sources/share_api/routes.hpp"

namespace sluice::share_api {

/// The tokens of the tests, by their text.
inline OrAnswer<Principal> authenticate_for_test(const http::Request&, std::string_view token) {
    const auto bit = [](Scope scope) { return static_cast<std::uint32_t>(scope); };
    static const std::map<std::string_view, Principal> kTokens = [&] {
        std::map<std::string_view, Principal> tokens;
        tokens["full"] = {"tok-full", "acme gateway", "com.acme", bit(Scope::all), false, false, {}};
        tokens["other"] = {"tok-other", "other gateway", "com.other", bit(Scope::all), false, false, {}};
        tokens["reader"] = {"tok-reader", "acme reader", "com.acme", bit(Scope::share_read), false, false, {}};
        tokens["writer"] = {"tok-writer", "acme writer", "com.acme", bit(Scope::share_create), false, false, {}};
        tokens["operator"] = {"tok-operator", "operator", "", bit(Scope::all), true, false, {}};
        tokens["pipe"] = {"pipe-1", "network server", "com.acme", 0, false, true, {"io.acme.lora.**"}};
        return tokens;
    }();
    const auto found = kTokens.find(token);
    if (found == kTokens.end()) return http::unauthenticated("the token is not known here, or was revoked", true);
    return found->second;
}

/// Who asks, and with which header fields.
struct Ask {
    std::string token = "full";  ///< empty: no Authorization
    std::vector<http::Header> headers = {};
};

/// The routes over an ingest of their own, called as the server calls them.
class ShareApiBench {
  public:
    explicit ShareApiBench(Ingest::Options options = {}, RouteLimits limits = {})
        : bench(std::move(options)), routes(bench.ingest, authenticate_for_test, limits) {}

    /// Checks the head, then handles; a head that is refused must be refused by the handler too.
    http::Response call(std::string method, std::string target, std::string body = {}, Ask ask = {}) {
        http::Request request = make_request(std::move(method), std::move(target), ask);
        const auto refused = routes.check_head(request);
        request.body = std::move(body);
        http::Response response = bench.run(routes.handle(std::move(request)));
        if (refused) {
            EXPECT_EQ(refused->status, response.status);
            EXPECT_EQ(refused->body, response.body);
        }
        return response;
    }

    static http::Request make_request(std::string method, std::string target, const Ask& ask = {}) {
        http::Request request;
        request.method = std::move(method);
        request.target = target;
        request.path = target.substr(0, target.find('?'));
        if (const auto mark = target.find('?'); mark != std::string::npos) request.query = target.substr(mark + 1);
        request.remote_address = "203.0.113.9";
        if (!ask.token.empty()) request.headers.add("Authorization", "Bearer " + ask.token);
        for (const auto& [name, value] : ask.headers) request.headers.add(name, value);
        return request;
    }

    http::Response post_lines(std::string target, std::string body, std::vector<http::Header> headers = {}) {
        headers.emplace_back("Content-Type", "application/x-ndjson");
        return call("POST", std::move(target), std::move(body), {"full", std::move(headers)});
    }

    /// Creates an object and gives its id.
    std::string create(const std::string& target, std::string body) {
        const auto response = call("POST", target, std::move(body));
        EXPECT_EQ(response.status, 201) << response.body;
        return std::string(boost::json::parse(response.body).at("objs").at(0).at("id").as_string());
    }

    IngestBench bench;
    Routes routes;
};

inline boost::json::value json_of(const http::Response& response) {
    return boost::json::parse(response.body);
}

inline std::string code_of(const http::Response& response) {
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
    const auto problem = json_of(response);
    EXPECT_EQ(problem.at("status").as_int64(), response.status);
    EXPECT_FALSE(problem.at("detail").as_string().empty());
    return std::string(problem.at("code").as_string());
}

/// `data.n` of each object of an answer, in its order.
inline std::vector<std::int64_t> numbers_of(const http::Response& response) {
    std::vector<std::int64_t> numbers;
    const auto answer = json_of(response);
    for (const auto& object : answer.at("objs").as_array()) numbers.push_back(object.at("data").at("n").as_int64());
    return numbers;
}

inline std::string meta_of(const http::Response& response) {
    const auto end = response.body.find(",\"objs\":");
    return response.body.substr(0, end);
}

}  // namespace sluice::share_api
