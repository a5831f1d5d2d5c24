#include "app/command_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

namespace sluice::app {

std::string text_of(const boost::json::value& value, std::string_view pointer) {
    boost::system::error_code error;
    const auto* found = value.find_pointer(pointer, error);
    if (found == nullptr || found->is_null()) return "-";
    if (found->is_string()) return std::string(found->get_string());
    // Boost.JSON writes 1.5 as 1.5E0.
    if (found->is_double()) return fmt::format("{:.1f}", found->get_double());
    return boost::json::serialize(*found);
}

Result<Answer> ask(const ApiAddress& address, ApiClient::Call call) {
    boost::asio::io_context io;
    auto client = ApiClient::make(address, io);
    if (!client) return client.error();
    // Health is told in plain text.
    bool is_json = call.target.starts_with("/v1/");
    auto response = (*client)->call_and_wait(std::move(call));
    if (!response) return response.error();
    Answer answer{std::move(response->body), boost::json::object()};
    if (!is_json || answer.text.empty()) return answer;
    boost::system::error_code error;
    answer.value = boost::json::parse(answer.text, error);
    if (error) return make_error(Errc::corrupt, "the answer is not JSON", "is this a Sluice server?");
    return answer;
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

void print_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& name : head) widths.push_back(name.size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    auto print = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i) fmt::print("{:<{}}  ", row[i], widths[i]);
        fmt::print("{}\n", row.back());
    };
    print(head);
    for (const auto& row : rows) print(row);
}

std::string about(std::uint64_t bytes) {
    constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

int fail(const Error& error) {
    fmt::print(stderr, "sluice: {}\n", error.message);
    if (!error.hint.empty()) fmt::print(stderr, "  {}\n", error.hint);
    return 1;
}

}  // namespace sluice::app
