#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "destination/registry.hpp"
#include "event/text_template.hpp"

namespace sluice::file_destination {

/// `destination: {type: file, path: …}`, validated. Plain value.
struct FileConfig {
    TextTemplate path;
    std::size_t separators = 0;  ///< `/`s in the path's literal text: no value may add one
};

/// Pure. Only the operator may name files.
Result<FileConfig> parse_config(const boost::json::object& settings, const DestinationContext& context);

/// The file for one event: the template's text, refused when a value in it would lead elsewhere (`..`, a further `/`,
/// NUL).
Result<void> append_path(const FileConfig& config, const Event& event, std::string& out);

}  // namespace sluice::file_destination
