#include "api/secrets_calls.hpp"

#include <utility>

#include "api/answers.hpp"
#include "control/secrets_json.hpp"

namespace sluice::api {
namespace {

constexpr std::string_view kKeepOld = "keep_old";

/// `{}` or `{"keep_old": true}`.
Result<bool> keeps_old(const boost::json::object& body) {
    for (const auto& [name, value] : body) {
        if (std::string_view(name.data(), name.size()) != kKeepOld)
            return make_error(Errc::invalid_argument, "there is an unknown member in the body",
                              "a rotation takes keep_old: true, and nothing else");
        if (!value.is_bool()) return make_error(Errc::invalid_argument, "keep_old is not true or false");
    }
    const auto* member = body.if_contains(kKeepOld);
    return member != nullptr && member->get_bool();
}

}  // namespace

std::vector<Route> SecretsCalls::routes() {
    return {
        {"GET", "/v1/secrets", Access::operator_only, Scope::all,
         [this](Call call) { return status(std::move(call)); }},
        {"POST", "/v1/secrets/rotate", Access::operator_only, Scope::all,
         [this](Call call) { return rotate(std::move(call)); }},
    };
}

boost::asio::awaitable<http::Response> SecretsCalls::status(Call) {
    auto look = [this] { return records_.status(); };
    Result<SealedRecords::Status> status = co_await blocking_.run(std::move(look));
    co_return status ? json_response(200, to_json(*status)) : problem_of(status.error());
}

boost::asio::awaitable<http::Response> SecretsCalls::rotate(Call call) {
    auto body = object_body(call.request);
    if (!body) co_return std::move(body.error());
    Result<bool> keep_old = keeps_old(*body);
    if (!keep_old) co_return problem_of(keep_old.error());
    auto turn = [this, keep = *keep_old] { return records_.rotate(keep); };
    Result<SealedRecords::Rotation> done = co_await blocking_.run(std::move(turn));
    co_return done ? json_response(200, to_json(*done)) : problem_of(done.error());
}

}  // namespace sluice::api
