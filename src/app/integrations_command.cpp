#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "app/commands.hpp"
#include "app/probe_report.hpp"
#include "base/encoding.hpp"

namespace sluice::app {
namespace {

std::string text_of(const boost::json::value& value, std::string_view pointer) {
    boost::system::error_code error;
    const auto* found = value.find_pointer(pointer, error);
    if (found == nullptr || found->is_null()) return "-";
    return found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
}

void print_list(const boost::json::value& answer) {
    fmt::print("{:<28} {:<12} {:<12} {:<10} {:>12} {:>12}  {}\n", "ID", "ORG", "TO", "STATE", "DELIVERED", "LAG",
               "LAST ERROR");
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    if (items == nullptr || !items->is_array()) return;
    for (const auto& item : items->get_array())
        fmt::print("{:<28} {:<12} {:<12} {:<10} {:>12} {:>12}  {}\n", text_of(item, "/id"), text_of(item, "/org"),
                   text_of(item, "/destination/type"), text_of(item, "/state"), text_of(item, "/stats/delivered"),
                   text_of(item, "/stats/lag_events"), text_of(item, "/stats/last_error/message"));
}

void print_one(const boost::json::value& item) {
    fmt::print("{} to {} is {}\n", text_of(item, "/id"), text_of(item, "/destination/type"), text_of(item, "/state"));
    for (auto member :
         {"matched", "delivered", "pending", "dead_lettered", "discarded", "lost", "lag_events", "lag_seconds",
          "in_flight", "retries", "duplicates_possible", "bytes", "position", "head", "last_delivery"})
        fmt::print("  {:<20} {}\n", member, text_of(item, fmt::format("/stats/{}", member)));
    if (text_of(item, "/stats/last_error") == "-") return;
    fmt::print("  last error           {}: {} {}\n", text_of(item, "/stats/last_error/class"),
               text_of(item, "/stats/last_error/code"), text_of(item, "/stats/last_error/message"));
    fmt::print("  what to do           {}\n", text_of(item, "/stats/last_error/hint"));
}

void print_dead_letters(const boost::json::value& answer) {
    boost::system::error_code error;
    const auto* items = answer.find_pointer("/items", error);
    if (items == nullptr || !items->is_array() || items->get_array().empty()) {
        fmt::print("no dead letters\n");
        return;
    }
    for (const auto& item : items->get_array())
        fmt::print("{}  {}  {} {}: {}\n", text_of(item, "/sequence"), text_of(item, "/at"), text_of(item, "/class"),
                   text_of(item, "/code"), text_of(item, "/message"));
}

std::optional<std::string> read_all(const std::string& file) {
    std::ostringstream text;
    if (file.empty() || file == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) return std::nullopt;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

int run_integrations(const ManageCommand& command) {
    boost::asio::io_context io;
    auto client = ApiClient::make(command.address, io);
    if (!client) {
        fmt::print(stderr, "sluice: {}\n", client.error().message);
        return 2;
    }
    ApiClient::Call call;
    call.target = "/v1/integrations";
    if (!command.id.empty()) call.target += "/" + percent_encode(command.id);
    if (command.action == "create") {
        auto body = read_all(command.file);
        if (!body) {
            fmt::print(stderr, "sluice: {}: cannot be read\n", command.file);
            return 1;
        }
        call.method = "POST";
        call.content_type = "application/json";
        call.body = std::move(*body);
    } else if (command.action == "delete") {
        call.method = "DELETE";
    } else if (command.action == "pause" || command.action == "resume" || command.action == "test") {
        call.method = "POST";
        call.target += "/" + command.action;
    } else if (command.action == "dead-letters") {
        call.target += "/dead-letters";
    }
    auto answer = (*client)->call_and_wait(std::move(call));
    if (!answer) {
        fmt::print(stderr, "sluice: {}\n", answer.error().message);
        if (!answer.error().hint.empty()) fmt::print(stderr, "  {}\n", answer.error().hint);
        return 1;
    }
    if (command.json) {
        fmt::print("{}\n", answer->body);
        return 0;
    }
    boost::system::error_code error;
    auto value = boost::json::parse(answer->body.empty() ? "{}" : answer->body, error);
    if (error) {
        fmt::print(stderr, "sluice: the answer is not JSON: is this a Sluice server?\n");
        return 1;
    }
    if (command.action == "list") print_list(value);
    if (command.action == "show" || command.action == "create") print_one(value);
    if (command.action == "dead-letters") print_dead_letters(value);
    if (command.action == "pause" || command.action == "resume" || command.action == "delete")
        fmt::print("{}: done\n", command.id);
    if (command.action == "test") return print_probe_json(value) ? 0 : 1;
    return 0;
}

}  // namespace sluice::app
