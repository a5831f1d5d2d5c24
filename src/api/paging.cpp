#include "api/paging.hpp"

#include <boost/json/object.hpp>
#include <charconv>

#include "api/answers.hpp"

namespace sluice::api {
namespace {

constexpr std::size_t kDefaultPage = 100;

}  // namespace

std::optional<std::size_t> page_limit(const http::Request& request) {
    auto text = request.query_parameter("limit");
    if (!text) return kDefaultPage;
    std::size_t limit = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (error != std::errc() || end != text->data() + text->size() || limit == 0) return std::nullopt;
    return std::min(limit, kPageLimit);
}

http::Response bad_limit() {
    return http::plain_problem(400, "bad_limit", "limit is a number from 1 to 1000");
}

http::Response page_response(boost::json::array items, std::optional<std::string> next) {
    boost::json::object out{{"items", std::move(items)}};
    out["next"] = next ? boost::json::value(*next) : boost::json::value(nullptr);
    return json_response(200, out);
}

}  // namespace sluice::api
