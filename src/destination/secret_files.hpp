#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace sluice {

/// The settings with what files hold in place of the files' names, for the operator's own integrations: instead of a
/// secret `x` there may be `x_file`; where a secret is an object of several, `{"file": name}` in place of any of them.
/// `secret_paths`: dotted, of DestinationKind. The error names the member. Reads the files: blocking, each at most
/// 1 MiB.
Result<boost::json::object> with_secret_files(boost::json::object settings,
                                              std::span<const std::string_view> secret_paths, bool operator_owned);

}  // namespace sluice
