#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "app/probe_report.hpp"
#include "base/encoding.hpp"

namespace sluice::app {
namespace {

void print_integrations(const boost::json::value& answer) {
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    if (items == nullptr || !items->is_array()) return;
    std::vector<std::vector<std::string>> rows;
    for (const auto& item : items->get_array())
        rows.push_back({text_of(item, "/id"), text_of(item, "/org"), text_of(item, "/destination/type"),
                        text_of(item, "/state"), text_of(item, "/stats/delivered"), text_of(item, "/stats/lag_events"),
                        text_of(item, "/stats/last_error/message")});
    print_table({"ID", "ORG", "TO", "STATE", "DELIVERED", "LAG", "LAST ERROR"}, rows);
    if (std::string next = text_of(answer, "/next"); next != "-") fmt::print("more: --after {}\n", next);
}

void print_one(const boost::json::value& item) {
    fmt::print("{} to {} is {}\n", text_of(item, "/id"), text_of(item, "/destination/type"), text_of(item, "/state"));
    if (auto reason = text_of(item, "/reason"); !reason.empty() && reason != "-")
        fmt::print("  {:<20} {}\n", "reason", reason);
    for (auto member : {"matched", "delivered", "pending", "dead_lettered", "discarded", "lost", "lag_events",
                        "lag_seconds", "in_flight", "retries", "duplicates_possible", "bytes", "position", "head",
                        "last_delivery", "latency_seconds"})
        fmt::print("  {:<20} {}\n", member, text_of(item, fmt::format("/stats/{}", member)));
    if (text_of(item, "/replay/id") != "-") {
        bool running = text_of(item, "/replay/running") == "true";
        fmt::print("  {:<20} {} of {} to {}, {} delivered{}{}\n", running ? "replay" : "last replay",
                   text_of(item, "/replay/position"), text_of(item, "/replay/from"), text_of(item, "/replay/to"),
                   text_of(item, "/replay/delivered"),
                   text_of(item, "/replay/ended").empty() ? "" : "; ended: ", text_of(item, "/replay/ended"));
    }
    if (text_of(item, "/warning") != "-") fmt::print("  warning              {}\n", text_of(item, "/warning"));
    if (text_of(item, "/stats/last_error") == "-") return;
    fmt::print("  last error           {}: {} {}\n", text_of(item, "/stats/last_error/class"),
               text_of(item, "/stats/last_error/code"), text_of(item, "/stats/last_error/message"));
    fmt::print("  what to do           {}\n", text_of(item, "/stats/last_error/hint"));
}

void print_replay(const boost::json::value& answer) {
    fmt::print("{}: from {} to {}; see how far it is with: sluice integrations show\n", text_of(answer, "/id"),
               text_of(answer, "/from"), text_of(answer, "/to"));
}

void print_dead_letters(const boost::json::value& answer) {
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    if (items == nullptr || !items->is_array() || items->get_array().empty()) {
        fmt::print("no dead letters\n");
        return;
    }
    for (const auto& item : items->get_array())
        fmt::print("{}  {}  {}  {}  {} {}: {}\n", text_of(item, "/sequence"), text_of(item, "/at"),
                   text_of(item, "/recType"), text_of(item, "/id"), text_of(item, "/class"), text_of(item, "/code"),
                   text_of(item, "/message"));
    if (std::string next = text_of(answer, "/next"); next != "-") fmt::print("more: --after {}\n", next);
}

void print_dead_letter(const boost::json::value& letter) {
    for (auto member : {"sequence", "recType", "id", "event_type", "target", "key", "at", "attempts"})
        fmt::print("  {:<20} {}\n", member, text_of(letter, fmt::format("/{}", member)));
    fmt::print("  {:<20} {} {}: {}\n", "why", text_of(letter, "/class"), text_of(letter, "/code"),
               text_of(letter, "/message"));
    if (text_of(letter, "/payload/body") != "-")
        fmt::print("\n  what sending it again would send:\n\n{}\n", text_of(letter, "/payload/body"));
    fmt::print("\n  as it was written:\n\n{}\n", text_of(letter, "/envelope"));
}

std::string list_query(const ManageCommand& command) {
    std::string query = fmt::format("?limit={}", command.limit);
    for (auto [name, text] : {std::pair<std::string_view, const std::string*>{"after", &command.after},
                              {"state", &command.state},
                              {"type", &command.destination_type},
                              {"q", &command.search},
                              {"sort", &command.sort}})
        if (!text->empty()) query += fmt::format("&{}={}", name, percent_encode(*text));
    return query;
}

/// What is chosen among the dead letters, by name as the API has it.
std::vector<std::pair<std::string_view, const std::string*>> chosen(const ManageCommand& command) {
    std::vector<std::pair<std::string_view, const std::string*>> out;
    for (auto [name, text] : {std::pair<std::string_view, const std::string*>{"recType", &command.rec_type},
                              {"class", &command.error_class},
                              {"code", &command.code},
                              {"target", &command.target},
                              {"key", &command.key},
                              {"from", &command.from},
                              {"to", &command.to}})
        if (!text->empty()) out.emplace_back(name, text);
    return out;
}

std::string dead_letter_query(const ManageCommand& command) {
    std::string query = fmt::format("?limit={}", command.limit);
    if (!command.after.empty()) query += "&after=" + percent_encode(command.after);
    for (auto [name, text] : chosen(command)) query += fmt::format("&{}={}", name, percent_encode(*text));
    return query;
}

boost::json::object dead_letter_selection(const ManageCommand& command) {
    boost::json::object body;
    if (command.all) body["all"] = true;
    if (!command.sequences.empty()) {
        boost::json::array sequences;
        for (const auto& each : command.sequences) sequences.push_back(boost::json::string(each));
        body["sequences"] = std::move(sequences);
    }
    for (auto [name, text] : chosen(command)) body[name] = *text;
    return body;
}

void set_json(ApiClient::Call& call, std::string method, std::string body) {
    call.method = std::move(method);
    call.content_type = "application/json";
    call.body = std::move(body);
}

/// The call that a command makes; nullopt when its file cannot be read.
std::optional<ApiClient::Call> call_of(const ManageCommand& command) {
    ApiClient::Call call;
    call.target = "/v1/integrations";
    if (!command.id.empty()) call.target += "/" + percent_encode(command.id);
    const std::string& action = command.action;
    if (action == "list") {
        call.target += list_query(command);
    } else if (action == "create" || action == "replace" || action == "patch") {
        auto body = read_all(command.file);
        if (!body) return std::nullopt;
        set_json(call, action == "create" ? "POST" : action == "replace" ? "PUT" : "PATCH", std::move(*body));
        if (command.force) call.target += "?force=true";
    } else if (action == "delete") {
        call.method = "DELETE";
    } else if (action == "pause" || action == "resume" || action == "test" || action == "sample") {
        call.method = "POST";
        call.target += "/" + action;
    } else if (action == "replay") {
        boost::json::object body{{"from", command.from}};
        if (!command.to.empty()) body["to"] = command.to;
        call.target += "/replay";
        set_json(call, "POST", boost::json::serialize(body));
    } else if (action == "reload") {
        call.method = "POST";
        call.target = "/v1/reload";
    } else if (action == "dead-letters") {
        call.target += "/dead-letters" + dead_letter_query(command);
    } else if (action == "dead-letter") {
        call.target += "/dead-letters/" + percent_encode(command.from);
    } else if (action == "redeliver" || action == "discard") {
        call.target += "/dead-letters/" + action;
        set_json(call, "POST", boost::json::serialize(dead_letter_selection(command)));
    }
    return call;
}

/// Asks again as long as it gets anywhere: one call redelivers for a bounded time.
Result<Answer> redeliver_all(const ApiAddress& address, const ApiClient::Call& call) {
    std::uint64_t redelivered = 0;
    for (;;) {
        auto answer = ask(address, call);
        if (!answer) return answer;
        if (!answer->value.is_object()) return make_error(Errc::corrupt, "the answer is no JSON object");
        std::uint64_t now = std::strtoull(text_of(answer->value, "/redelivered").c_str(), nullptr, 10);
        redelivered += now;
        answer->value.get_object()["redelivered"] = redelivered;
        if (now > 0 && text_of(answer->value, "/complete") != "true") continue;
        answer->text = boost::json::serialize(answer->value);
        return answer;
    }
}

void print_redelivered(const ManageCommand& command, const boost::json::value& value) {
    std::string left = text_of(value, "/left");
    fmt::print("{}: {} redelivered, {} left\n", command.id, text_of(value, "/redelivered"), left);
    if (left == "0") return;
    fmt::print("  {} {}: {}\n", text_of(value, "/error/class"), text_of(value, "/error/code"),
               text_of(value, "/error/message"));
}

void print_answer(const ManageCommand& command, const boost::json::value& value) {
    const std::string& action = command.action;
    if (action == "list") print_integrations(value);
    if (action == "show" || action == "create" || action == "replace" || action == "patch") print_one(value);
    if (action == "dead-letters") print_dead_letters(value);
    if (action == "dead-letter") print_dead_letter(value);
    if (action == "redeliver") print_redelivered(command, value);
    if (action == "discard")
        fmt::print(
            "{}: {} discarded{}\n", command.id, text_of(value, "/discarded"),
            text_of(value, "/complete") == "false" ? ", then the integration changed or stopped: ask again" : "");
    if (action == "replay") print_replay(value);
    if (action == "reload")
        fmt::print("added {}, changed {}, removed {}, untouched {}\n", text_of(value, "/added"),
                   text_of(value, "/changed"), text_of(value, "/removed"), text_of(value, "/unchanged"));
    if (action == "pause" || action == "resume" || action == "delete") fmt::print("{}: done\n", command.id);
    if (action == "test") print_probe_json(value);
    if (action == "sample") print_sample_json(command.id, value);
}

/// Whether the answer says that what was asked for came about, which is what a script wants to know.
bool is_good(const std::string& action, const boost::json::value& value) {
    if (action == "test") return is_good_probe(value);
    if (action == "sample") return is_accepted_sample(value);
    if (action == "discard") return text_of(value, "/complete") != "false";
    return action != "redeliver" || text_of(value, "/left") == "0";
}

}  // namespace

int run_integrations(const ManageCommand& command) {
    auto call = call_of(command);
    if (!call) return fail(make_error(Errc::not_found, command.file + ": cannot be read"));
    auto answer =
        command.action == "redeliver" ? redeliver_all(command.address, *call) : ask(command.address, std::move(*call));
    if (!answer) return fail(answer.error());
    if (command.json)
        fmt::print("{}\n", answer->text);
    else
        print_answer(command, answer->value);
    return is_good(command.action, answer->value) ? 0 : 1;
}

}  // namespace sluice::app
