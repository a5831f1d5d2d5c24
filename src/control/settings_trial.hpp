#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "destination/destination.hpp"

namespace sluice {

/// Changed settings are tried at the provider before the ones in use are dropped: what that is about, and what its
/// outcome means. Pure.

/// Whether a change of settings touches what the provider decides on: where it is reached, as whom, and what is written
/// to there. A change of batching, payload or filter does not.
bool needs_trial(const boost::json::object& before, const boost::json::object& after);

/// What a trial came to.
struct Trial {
    std::optional<Error> refused;  ///< the provider was reached and refuses: in its words, with what to do
    std::string warning;           ///< it could not be reached, so nothing is known; empty: all is well
};
Trial judge_trial(const ProbeReport& report);

}  // namespace sluice
