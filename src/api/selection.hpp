#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "delivery/dead_letter_filter.hpp"
#include "delivery/engine.hpp"

namespace sluice::api {

/// `?recType=&class=&code=&target=&key=&from=&to=` of the dead letters' list; `limit` and `after` are passed over.
Result<DeadLetterFilter> dead_letter_filter(const std::vector<std::pair<std::string, std::string>>& query);

/// The body of `…/redeliver` and `…/discard`: `{"all": true}`, `{"sequences": ["12", …]}`, or members as in the query.
/// Something must be said: an empty body chooses nothing.
Result<DeadLetterFilter> dead_letter_selection(const boost::json::object& body);

/// `{"from": sequence | RFC 3339 time, "to"?: the same}`.
Result<ReplayRequest> replay_request(const boost::json::object& body);

}  // namespace sluice::api
