#pragma once

#include <memory>

#include "destination/destination.hpp"
#include "destinations/file/config.hpp"
#include "destinations/file/path_turns.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::file_destination {

/// Appends events to NDJSON files. `blocking` runs the file operations; it and `turns` are shared by all file
/// integrations.
std::unique_ptr<Destination> make_destination(FileConfig config, std::shared_ptr<BlockingPool> blocking,
                                              std::shared_ptr<PathTurns> turns);

/// How what the operating system refused is told. Pure.
Failure failure_of(int errno_value, const std::string& step, const std::string& path);

}  // namespace sluice::file_destination
