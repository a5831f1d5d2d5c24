#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "base/encoding.hpp"

namespace sluice::app {
namespace {

/// The call that a command makes; nullopt when its file cannot be read.
std::optional<ApiClient::Call> call_of(const AlertsCommand& command) {
    ApiClient::Call call;
    call.target = "/v1/alerts";
    if (!command.id.empty()) call.target += "/" + percent_encode(command.id);
    if (command.action == "list") {
        call.target += fmt::format("?limit={}", command.limit);
        if (!command.after.empty()) call.target += "&after=" + percent_encode(command.after);
    } else if (command.action == "delete") {
        call.method = "DELETE";
    } else if (command.action == "test") {
        call.method = "POST";
        call.target += "/test";
    } else if (command.action != "show") {
        auto body = read_all(command.file);
        if (!body) return std::nullopt;
        call.method = command.action == "create" ? "POST" : command.action == "replace" ? "PUT" : "PATCH";
        call.content_type = "application/json";
        call.body = std::move(*body);
    }
    return call;
}

std::string types_of(const boost::json::value& item) {
    boost::system::error_code error;
    const auto* types = item.find_pointer("/types", error);
    if (types == nullptr || !types->is_array()) return "all";
    std::string out;
    for (const auto& type : types->get_array()) {
        if (!out.empty()) out += ' ';
        out += type.is_string() ? std::string(type.get_string()) : boost::json::serialize(type);
    }
    return out;
}

void print_list(const boost::json::value& answer) {
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    if (items == nullptr || !items->is_array()) return;
    std::vector<std::vector<std::string>> rows;
    for (const auto& item : items->get_array())
        rows.push_back({text_of(item, "/id"), text_of(item, "/org"), text_of(item, "/source"),
                        text_of(item, "/stats/sent"), text_of(item, "/stats/waiting"), text_of(item, "/stats/dropped"),
                        types_of(item), text_of(item, "/stats/last_error/message")});
    print_table({"ID", "ORG", "SOURCE", "SENT", "WAITING", "DROPPED", "TYPES", "LAST ERROR"}, rows);
    if (std::string next = text_of(answer, "/next"); next != "-") fmt::print("more: --after {}\n", next);
}

void print_one(const boost::json::value& item, bool created) {
    fmt::print("{}\n", text_of(item, "/id"));
    for (auto [name, pointer] : {std::pair{"org", "/org"},
                                 {"orgs", "/orgs"},
                                 {"url", "/url"},
                                 {"source", "/source"},
                                 {"sent", "/stats/sent"},
                                 {"waiting", "/stats/waiting"},
                                 {"dropped", "/stats/dropped"},
                                 {"last sent", "/stats/last_sent"}})
        if (std::string text = text_of(item, pointer); text != "-") fmt::print("  {:<12} {}\n", name, text);
    fmt::print("  {:<12} {}\n", "types", types_of(item));
    if (text_of(item, "/stats/last_error") != "-") {
        fmt::print("  {:<12} {}\n", "last error", text_of(item, "/stats/last_error/message"));
        fmt::print("  {:<12} {}\n", "what to do", text_of(item, "/stats/last_error/hint"));
    }
    // Only a secret that was made just now is told.
    std::string secret = text_of(item, "/secret");
    if (created && secret.starts_with("whsec_"))
        fmt::print("\n  Its secret, shown this once; the receiver verifies messages with it:\n\n      {}\n\n", secret);
}

int print_test(const std::string& id, const boost::json::value& answer) {
    if (text_of(answer, "/accepted") == "true") {
        fmt::print("{}: the test was taken\n", id);
        return 0;
    }
    fmt::print("{}: the test was not taken: {}: {}\n", id, text_of(answer, "/error/code"),
               text_of(answer, "/error/message"));
    if (std::string hint = text_of(answer, "/error/hint"); !hint.empty() && hint != "-")
        fmt::print("  what to do  {}\n", hint);
    return 1;
}

int print_answer(const AlertsCommand& command, const boost::json::value& value) {
    if (command.action == "list") {
        print_list(value);
    } else if (command.action == "test") {
        return print_test(command.id, value);
    } else if (command.action == "delete") {
        fmt::print("{}: done\n", command.id);
    } else {
        print_one(value, command.action == "create");
    }
    return 0;
}

}  // namespace

int run_alerts(const AlertsCommand& command) {
    auto call = call_of(command);
    if (!call) return fail(make_error(Errc::not_found, command.file + ": cannot be read"));
    auto answer = ask(command.address, std::move(*call));
    if (!answer) return fail(answer.error());
    if (command.json) {
        fmt::print("{}\n", answer->text);
        // What a script wants to know is whether it arrived.
        return command.action == "test" && text_of(answer->value, "/accepted") != "true" ? 1 : 0;
    }
    return print_answer(command, answer->value);
}

}  // namespace sluice::app
