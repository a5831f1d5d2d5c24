#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "app/command_output.hpp"
#include "app/commands.hpp"
#include "app/probe_report.hpp"

namespace sluice::app {
namespace {

Result<std::string> body_of(const DraftsCommand& command) {
    auto text = read_all(command.file);
    if (!text) return make_error(Errc::not_found, command.file + ": cannot be read");
    if (command.action == "recognise") return boost::json::serialize(boost::json::object{{"text", *text}});
    boost::system::error_code error;
    auto settings = boost::json::parse(*text, error);
    if (error)
        return make_error(Errc::invalid_argument,
                          (command.file == "-" ? "standard input" : command.file) + " is not JSON: " + error.message(),
                          "the settings of an integration, as they would be created");
    boost::json::object body{{"settings", std::move(settings)}};
    if (!command.id.empty()) body["id"] = command.id;
    if (!command.rec_types.empty())
        body["recTypes"] = boost::json::array(command.rec_types.begin(), command.rec_types.end());
    if (!command.sequence.empty()) body["sequence"] = command.sequence;
    return boost::json::serialize(body);
}

const boost::json::array& items_at(const boost::json::value& answer, std::string_view pointer) {
    static const boost::json::array kNone;
    boost::system::error_code error;
    const auto* items = answer.find_pointer(pointer, error);
    return items != nullptr && items->is_array() ? items->get_array() : kNone;
}

void print_pairs(const boost::json::value& answer, std::string_view pointer) {
    for (const auto& each : items_at(answer, pointer))
        fmt::print("  {:<20} {}\n", text_of(each, "/name"), text_of(each, "/value"));
}

void print_problem(const boost::json::value& problem, std::string_view name) {
    fmt::print("  {}: {}\n", text_of(problem, name), text_of(problem, "/message"));
    if (auto hint = text_of(problem, "/hint"); !hint.empty() && hint != "-") fmt::print("    {}\n", hint);
}

void print_recognised(const boost::json::value& answer) {
    const auto& recognised = items_at(answer, "/recognised");
    for (const auto& each : recognised) {
        fmt::print("{}, {}: goes into {}\n", text_of(each, "/type"), text_of(each, "/artefact"),
                   text_of(each, "/member"));
        print_pairs(each, "/facts");
        for (const auto& missing : items_at(each, "/needs")) print_problem(missing, "/field");
    }
    for (const auto& each : items_at(answer, "/refused")) print_problem(each, "/artefact");
    if (recognised.empty() && items_at(answer, "/refused").empty()) fmt::print("not recognised\n");
}

void print_check(const boost::json::value& answer) {
    fmt::print("{}\n", text_of(answer, "/ok") == "true" ? "good" : "not good yet:");
    for (const auto& each : items_at(answer, "/problems")) print_problem(each, "/field");
    print_pairs(answer, "/facts");
    for (const auto& each : items_at(answer, "/targets")) {
        if (text_of(each, "/target") != "-")
            fmt::print("  {} goes to {}\n", text_of(each, "/recType"), text_of(each, "/target"));
        else
            fmt::print("  {} goes nowhere: {}\n", text_of(each, "/recType"), text_of(each, "/error/message"));
    }
}

void print_preview(const boost::json::value& answer) {
    if (text_of(answer, "/error") != "-") {
        fmt::print("would become a dead letter: {}: {}\n", text_of(answer, "/error/code"),
                   text_of(answer, "/error/message"));
        return;
    }
    for (auto [name, pointer] :
         {std::pair{"target", "/target"}, {"key", "/key"}, {"size", "/size"}, {"content type", "/content_type"}})
        fmt::print("  {:<20} {}\n", name, text_of(answer, pointer));
    print_pairs(answer, "/addressing");
    print_pairs(answer, "/metadata");
    for (const auto& each : items_at(answer, "/redacted"))
        fmt::print("  {:<20} {}{}\n", "redacted", text_of(each, "/path"),
                   text_of(each, "/present") == "true" ? "" : " (this event does not have it)");
    fmt::print("\n{}\n", text_of(answer, "/body"));
}

void print_recent(const boost::json::value& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : items_at(answer, "/recTypes"))
        rows.push_back({text_of(each, "/recType"), text_of(each, "/events"), text_of(each, "/matching"),
                        text_of(each, "/last_time")});
    print_table({"RECTYPE", "EVENTS", "ASKED FOR", "LAST"}, rows);
}

void print_answer(const DraftsCommand& command, const boost::json::value& answer) {
    if (command.action == "recognise") print_recognised(answer);
    if (command.action == "check") print_check(answer);
    if (command.action == "test") print_probe_json(answer);
    if (command.action == "sample") print_sample_json("the draft", answer);
    if (command.action == "preview") print_preview(answer);
    if (command.action == "recent") print_recent(answer);
}

/// Whether the draft is as good as was asked, which is what a script wants to know.
bool is_good_draft(const std::string& action, const boost::json::value& answer) {
    if (action == "recognise") return !items_at(answer, "/recognised").empty();
    if (action == "check") return text_of(answer, "/ok") == "true";
    if (action == "test") return is_good_probe(answer);
    if (action == "sample") return is_accepted_sample(answer);
    return action != "preview" || text_of(answer, "/error") == "-";
}

}  // namespace

int run_drafts(const DraftsCommand& command) {
    auto body = body_of(command);
    if (!body) return fail(body.error());
    ApiClient::Call call;
    call.method = "POST";
    call.target = "/v1/drafts/" + command.action;
    call.content_type = "application/json";
    call.body = std::move(*body);
    auto answer = ask(command.address, std::move(call));
    if (!answer) return fail(answer.error());
    if (command.json)
        fmt::print("{}\n", answer->text);
    else
        print_answer(command, answer->value);
    return is_good_draft(command.action, answer->value) ? 0 : 1;
}

}  // namespace sluice::app
