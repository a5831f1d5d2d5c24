#pragma once

#include <boost/json/value.hpp>

#include "destination/destination.hpp"

namespace sluice::app {

/// A *test* call's steps for a terminal, one a line, with what to fix. True when no step failed.
bool print_probe(const ProbeReport& report);
/// The same from the API's answer: `{"ok":…,"steps":[{"name","outcome","detail","hint"}]}`.
bool print_probe_json(const boost::json::value& report);

}  // namespace sluice::app
