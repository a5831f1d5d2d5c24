#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api_client.hpp"
#include "base/result.hpp"

// How commands that ask a running Sluice read what they are given and print what they got.
namespace sluice::app {

/// What stands at `pointer`, as people read it; `-` for null and for what is not there.
std::string text_of(const boost::json::value& value, std::string_view pointer);

/// What a running Sluice answered.
struct Answer {
    std::string text;  ///< as it came
    boost::json::value value;
};
/// Calls it and waits. An error also for an answer that is no JSON where some was asked for: another program listens
/// there.
Result<Answer> ask(const ApiAddress& address, ApiClient::Call call);

/// A whole file; `-` or nothing is standard input. nullopt when it cannot be read.
std::optional<std::string> read_all(const std::string& file);

/// Prints rows in columns as wide as their widest cell; the last is as long as it is.
void print_table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

/// "3.3 MiB": for people, who need no more than that.
std::string about(std::uint64_t bytes);

/// Says on standard error what went wrong and what to do; the exit code, 1.
int fail(const Error& error);

}  // namespace sluice::app
