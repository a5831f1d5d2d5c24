#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace sluice {

/// A digest of the contents of all files that settings name, in members ending in `_file` and as `{file: NAME}`, so
/// that a reload sees when one of them was changed. Empty when they name none. Reads files: only for settings of the
/// configuration file.
std::string digest_of_named_files(const boost::json::object& settings);

}  // namespace sluice
