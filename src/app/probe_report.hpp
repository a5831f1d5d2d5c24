#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "destination/destination.hpp"

namespace sluice::app {

/// A *test* call's steps for a terminal, one a line, with what to fix. True when no step failed.
bool print_probe(const ProbeReport& report);
/// The same from the API's answer: `{"ok":…,"steps":[{"name","outcome","detail","hint"}]}`.
void print_probe_json(const boost::json::value& report);
bool is_good_probe(const boost::json::value& report);

/// What became of a sample event, as the API tells it.
void print_sample_json(std::string_view name, const boost::json::value& answer);
bool is_accepted_sample(const boost::json::value& answer);

}  // namespace sluice::app
