#include "sources/share_api/problems.hpp"

#include <utility>
#include <vector>

namespace sluice::share_api {

namespace {

int status_of(Refusal::Kind kind) {
    switch (kind) {
        case Refusal::Kind::malformed:
            return 400;
        case Refusal::Kind::unacceptable:
            return 422;
        case Refusal::Kind::not_found:
            return 404;
        case Refusal::Kind::conflict:
            return 409;
        case Refusal::Kind::too_large:
            return 413;
        case Refusal::Kind::over_backlog:
            return 429;
        case Refusal::Kind::busy:
            return 503;
        case Refusal::Kind::internal:
            return 500;
    }
    return 500;
}

}  // namespace

http::Response problem_of(const Refusal& refusal) {
    const int status = status_of(refusal.kind);
    std::vector<std::pair<std::string, std::string>> extra;
    if (refusal.line) extra.emplace_back("line", std::to_string(*refusal.line));
    if (refusal.offset) extra.emplace_back("offset", std::to_string(*refusal.offset));
    http::Response response = http::problem(status, refusal.code, http::reason_phrase(status), refusal.message, extra);
    if (refusal.retry_after.count() > 0)
        response.headers.set("Retry-After", std::to_string(refusal.retry_after.count()));
    return response;
}

http::Response bad_request(std::string_view code, std::string_view detail) {
    return http::plain_problem(400, code, detail);
}

http::Response unacceptable(std::string_view code, std::string_view detail) {
    return http::plain_problem(422, code, detail);
}

http::Response unsupported_media_type(std::string_view detail) {
    return http::plain_problem(415, "unsupported_media_type", detail);
}

}  // namespace sluice::share_api
