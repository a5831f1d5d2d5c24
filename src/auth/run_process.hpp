#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice::auth {

/// Splits a command line as a POSIX shell would split plain words and quotes; nothing is expanded.
Result<std::vector<std::string>> split_command(std::string_view command);

/// Runs a program, without a shell, and returns what it wrote to its standard output. Its standard input is empty, its
/// standard error is passed over, it inherits no other file. Blocking: call it on a BlockingPool. At the deadline, or
/// when it writes more than `max_output`, it and its children are killed.
/// Errc::not_found, timeout, too_large, io (with its exit status). No error contains its output.
Result<std::string> run_process(const std::vector<std::string>& command, Deadline deadline, std::size_t max_output);

}  // namespace sluice::auth
