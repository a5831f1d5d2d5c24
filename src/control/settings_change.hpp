#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/result.hpp"
#include "destination/registry.hpp"

namespace sluice {

/// The `destination` of an integration's settings; null where there is none, or it is no object.
const boost::json::object* destination_of(const boost::json::object& settings);
/// What stands in place of a secret in every answer.
inline constexpr std::string_view kRedacted = "(redacted)";
/// `settings` with the secrets of its destination replaced.
boost::json::object redact_settings(const boost::json::object& settings, const DestinationRegistry& registry);

/// New settings in place of `kept` (PUT). A secret that `given` leaves out, or sends back redacted, is taken from
/// `kept`; unless the destination's type or host changed, when the error names what must be given again: whoever may
/// change settings cannot have a secret that it does not know sent elsewhere. Members that only answers have are
/// removed. Pure.
Result<boost::json::object> replaced_settings(const boost::json::object& kept, boost::json::object given,
                                              const DestinationRegistry& registry);

/// `kept` with a merge patch applied (PATCH, RFC 7396): null removes a member, a secret too. The same rule for secrets.
Result<boost::json::object> patched_settings(const boost::json::object& kept, boost::json::object patch,
                                             const DestinationRegistry& registry);

/// RFC 7396.
boost::json::object merge_patch(boost::json::object target, const boost::json::object& patch);

}  // namespace sluice
