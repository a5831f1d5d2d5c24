// `sluice tokens`, `sluice orgs`, `sluice audit`.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "base/encoding.hpp"
#include "base/units.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;

std::string text_or_dash(const json::value& value, std::string_view pointer) {
    boost::system::error_code error;
    const auto* found = value.find_pointer(pointer, error);
    const auto* array = found != nullptr ? found->if_array() : nullptr;
    std::string out = array != nullptr ? std::string() : text_of(value, pointer);
    if (array != nullptr)
        for (const auto& each : *array)
            out +=
                (out.empty() ? "" : ",") + (each.is_string() ? std::string(each.get_string()) : json::serialize(each));
    return out.empty() ? "-" : out;
}

/// `200 requests/s (400 at once), backlog 10GiB`
std::string limits_of(const json::value& of) {
    auto rate = text_or_dash(of, "/limits/requests_per_second");
    auto burst = text_or_dash(of, "/limits/request_burst");
    std::string out;
    if (rate != "-") out = rate + " requests/s" + (burst == "-" ? "" : fmt::format(" ({} at once)", burst));
    boost::system::error_code error;
    if (const auto* backlog = of.find_pointer("/limits/backlog", error); backlog != nullptr && backlog->is_int64())
        out +=
            (out.empty() ? "backlog " : ", backlog ") + format_bytes(static_cast<std::uint64_t>(backlog->get_int64()));
    return out.empty() ? "-" : out;
}

const json::array& items_of(const json::value& answer) {
    static const json::array kNone;
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    return items != nullptr && items->is_array() ? items->get_array() : kNone;
}

void print_more(const json::value& answer) {
    if (auto next = text_or_dash(answer, "/next"); next != "-") fmt::print("more: --after {}\n", next);
}

/// What a token may do, in a word.
std::string rights_of(const json::value& token) {
    if (text_or_dash(token, "/pipe") == "true") return "pipe " + text_or_dash(token, "/recTypes");
    auto scopes = text_or_dash(token, "/scopes");
    return text_or_dash(token, "/operator") == "true" ? "operator " + scopes : scopes;
}

void print_tokens(const json::value& answer) {
    fmt::print("{:<22} {:<20} {:<16} {:<12} {:<24} {:<24}  {}\n", "ID", "NAME", "ORG", "FROM", "EXPIRES", "LAST USED",
               "MAY");
    for (const auto& token : items_of(answer))
        fmt::print("{:<22} {:<20} {:<16} {:<12} {:<24} {:<24}  {}\n", text_or_dash(token, "/id"),
                   text_or_dash(token, "/name"), text_or_dash(token, "/org"), text_or_dash(token, "/source"),
                   text_or_dash(token, "/expired") == "true" ? "expired" : text_or_dash(token, "/expires"),
                   text_or_dash(token, "/last_used"), rights_of(token));
    print_more(answer);
}

void print_token(const json::value& token) {
    fmt::print("{}: {} of {}\n", text_or_dash(token, "/id"), text_or_dash(token, "/name"), text_or_dash(token, "/org"));
    fmt::print("  {:<20} {}\n", "may", rights_of(token));
    fmt::print("  {:<20} {}\n", "limits", limits_of(token));
    for (auto member : {"source", "created", "created_by", "expires", "previous_valid_until", "last_used"})
        fmt::print("  {:<20} {}\n", member, text_or_dash(token, fmt::format("/{}", member)));
}

void print_issued(const json::value& token) {
    print_token(token);
    fmt::print("\n      {}\n\nShown this once: keep it now.\n", text_or_dash(token, "/token"));
}

void print_orgs(const json::value& answer) {
    fmt::print("{:<28} {:<24} {:<6} {:>7} {:>13}  {}\n", "ID", "NAME", "FROM", "TOKENS", "INTEGRATIONS", "LIMITS");
    for (const auto& org : items_of(answer))
        fmt::print("{:<28} {:<24} {:<6} {:>7} {:>13}  {}\n", text_or_dash(org, "/id"), text_or_dash(org, "/name"),
                   text_or_dash(org, "/source"), text_or_dash(org, "/tokens"), text_or_dash(org, "/integrations"),
                   limits_of(org));
    print_more(answer);
}

void print_org(const json::value& org) {
    fmt::print("{}\n", text_or_dash(org, "/id"));
    fmt::print("  {:<20} {}\n", "limits", limits_of(org));
    for (auto member : {"name", "source", "created", "tokens", "integrations"})
        fmt::print("  {:<20} {}\n", member, text_or_dash(org, fmt::format("/{}", member)));
}

void print_audit(const json::value& answer) {
    fmt::print("{:<24} {:<20} {:<16} {:<6} {:<52} {}\n", "TIME", "WHO", "FROM", "STATUS", "WHAT", "MEMBERS");
    for (const auto& entry : items_of(answer)) {
        auto action = text_or_dash(entry, "/action");
        auto what = action.substr(0, action.find(' ')) + " " + text_or_dash(entry, "/target");
        auto code = text_or_dash(entry, "/code");
        fmt::print("{:<24} {:<20} {:<16} {:<6} {:<52} {}{}\n", text_or_dash(entry, "/time"),
                   text_or_dash(entry, "/token/name"), text_or_dash(entry, "/remote_address"),
                   text_or_dash(entry, "/status"), what, code == "-" ? "" : code + "  ",
                   text_or_dash(entry, "/members"));
    }
    print_more(answer);
}

json::array to_array(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) out.push_back(json::string(text));
    return out;
}

/// A limit that was given; 0 takes one away.
void add_limits(const AccessCommand& command, json::object& body) {
    json::object limits;
    if (command.requests_per_second) limits["requests_per_second"] = *command.requests_per_second;
    if (command.request_burst) limits["request_burst"] = *command.request_burst;
    if (!command.backlog.empty()) limits["backlog"] = command.backlog;
    if (!limits.empty()) body["limits"] = std::move(limits);
}

json::object token_body(const AccessCommand& command) {
    json::object body{{"name", command.name}};
    if (!command.address.org.empty()) body["org"] = command.address.org;
    if (!command.scopes.empty()) body["scopes"] = to_array(command.scopes);
    if (!command.rec_types.empty()) body["recTypes"] = to_array(command.rec_types);
    if (!command.expires.empty()) body["expires"] = command.expires;
    if (!command.lifetime.empty()) body["lifetime"] = command.lifetime;
    if (command.is_operator) body["operator"] = true;
    add_limits(command, body);
    return body;
}

json::object org_body(const AccessCommand& command) {
    json::object body;
    if (command.action == "create") body["id"] = command.id;
    if (!command.name.empty()) body["name"] = command.name;
    add_limits(command, body);
    return body;
}

std::string page_query(const AccessCommand& command) {
    auto query = fmt::format("?limit={}", command.limit);
    if (!command.after.empty()) query += "&after=" + percent_encode(command.after);
    // What orgs there are is no question to one of them.
    if (!command.address.org.empty() && command.kind != "orgs") query += "&org=" + percent_encode(command.address.org);
    return query;
}

ApiClient::Call call_of(const AccessCommand& command) {
    ApiClient::Call call;
    call.target = "/v1/" + command.kind;
    const auto& action = command.action;
    if (action == "list") call.target += page_query(command);
    if (!command.id.empty() && !(command.kind == "orgs" && action == "create"))
        call.target += "/" + percent_encode(command.id);
    if (action == "delete") call.method = "DELETE";
    if (action == "create" || action == "change" || action == "rotate") {
        call.method = action == "change" ? "PATCH" : "POST";
        call.content_type = action == "change" ? "application/merge-patch+json" : "application/json";
        json::object body;
        if (action == "rotate") {
            call.target += "/rotate";
            if (!command.overlap.empty()) body["overlap"] = command.overlap;
        } else {
            body = command.kind == "tokens" ? token_body(command) : org_body(command);
        }
        call.body = json::serialize(body);
    }
    return call;
}

void print_answer(const AccessCommand& command, const json::value& value) {
    bool is_list = command.action == "list";
    if (command.action == "delete")
        fmt::print("{}: done\n", command.id);
    else if (command.kind == "audit")
        print_audit(value);
    else if (command.kind == "orgs")
        is_list ? print_orgs(value) : print_org(value);
    else if (is_list)
        print_tokens(value);
    else
        command.action == "show" ? print_token(value) : print_issued(value);
}

}  // namespace

int run_access(const AccessCommand& command) {
    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io);
    if (!client) {
        fmt::print(stderr, "sluice: {}\n", client.error().message);
        return 2;
    }
    auto answer = (*client)->call_and_wait(call_of(command));
    if (!answer) {
        fmt::print(stderr, "sluice: {}\n", answer.error().message);
        if (!answer.error().hint.empty()) fmt::print(stderr, "  {}\n", answer.error().hint);
        return 1;
    }
    if (command.json) {
        if (!answer->body.empty()) fmt::print("{}\n", answer->body);
        return 0;
    }
    boost::system::error_code error;
    auto value = json::parse(answer->body.empty() ? "{}" : answer->body, error);
    if (error) {
        fmt::print(stderr, "sluice: the answer is not JSON: is this a Sluice server?\n");
        return 1;
    }
    print_answer(command, value);
    return 0;
}

}  // namespace sluice::app
