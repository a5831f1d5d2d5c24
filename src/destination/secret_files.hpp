#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace sluice {

/// The settings with what files hold in place of the files' names: beside each secret `x` there may be `x_file`
/// instead, for the operator's own integrations. `secret_paths`: dotted, of DestinationKind; one that ends with `*` has
/// no file. The error names the member. Reads the files: blocking, each at most 1 MiB.
Result<boost::json::object> with_secret_files(boost::json::object settings,
                                              std::span<const std::string_view> secret_paths, bool operator_owned);

}  // namespace sluice
