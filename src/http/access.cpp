#include "http/access.hpp"

#include <algorithm>
#include <string>

#include "base/ids.hpp"
#include "http/ascii.hpp"

namespace sluice::http {
namespace {

constexpr std::string_view kOrgHeader = "Sluice-Org";
/// The org that the operator acts for when none is named (product.md).
constexpr std::string_view kDefaultOrg = "default";

}  // namespace

std::string_view bearer_token(const Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    std::string_view value = request.headers.get("Authorization");
    if (value.size() <= kScheme.size()) return {};
    bool is_bearer = std::equal(kScheme.begin(), kScheme.end(), value.begin(), [](char want, char have) {
        return want == have || (have >= 'A' && have <= 'Z' && have - 'A' + 'a' == want);
    });
    auto start = value.find_first_not_of(' ', kScheme.size());
    if (!is_bearer || start == std::string_view::npos) return {};
    auto token = value.substr(start);
    return token.substr(0, token.find_last_not_of(' ') + 1);
}

OrAnswer<Principal> identify(const Request& request, const Authenticate& authenticate) {
    auto token = bearer_token(request);
    if (token.empty()) return unauthenticated("send a token: Authorization: Bearer TOKEN", false);
    return authenticate(request, token);
}

std::optional<Response> choose_org(Principal& principal, const Request& request) {
    const auto& fields = request.headers.all();
    auto names_org = [](const Header& field) { return equal_ignoring_case(field.first, kOrgHeader); };
    if (std::count_if(fields.begin(), fields.end(), names_org) > 1)
        return plain_problem(400, "invalid_org", "Sluice-Org is given more than once");
    auto named = request.headers.get(kOrgHeader);
    if (principal.is_operator) {
        principal.org = named.empty() ? kDefaultOrg : named;
        if (is_valid_rec_type(principal.org)) return std::nullopt;
        return plain_problem(400, "invalid_org",
                             "Sluice-Org is not an org's name: parts of A-Z a-z 0-9 _ - joined by dots");
    }
    if (named.empty() || named == principal.org) return std::nullopt;
    return plain_problem(403, "foreign_org", "only the operator's token may name another org in Sluice-Org");
}

Response unauthenticated(std::string_view detail, bool token_was_given) {
    auto response = plain_problem(401, "unauthenticated", detail);
    response.headers.set("WWW-Authenticate", token_was_given ? R"(Bearer realm="sluice", error="invalid_token")"
                                                             : R"(Bearer realm="sluice")");
    return response;
}

Response missing_scope(Scope scope) {
    std::string name(to_string(scope));
    auto response = plain_problem(403, "insufficient_scope", "this token lacks the scope " + name);
    response.headers.set("WWW-Authenticate",
                         R"(Bearer realm="sluice", error="insufficient_scope", scope=")" + name + '"');
    return response;
}

Response plain_problem(int status, std::string_view code, std::string_view detail) {
    return problem(status, code, reason_phrase(status), detail);
}

Response method_not_allowed(std::string_view method, std::string_view allowed) {
    auto response = plain_problem(405, "method_not_allowed",
                                  std::string(method) + " does not apply here; allowed: " + std::string(allowed));
    response.headers.set("Allow", std::string(allowed));
    return response;
}

Response unknown_path() {
    return plain_problem(404, "unknown_path", "there is nothing under this path");
}

}  // namespace sluice::http
