#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "control/integration_directory.hpp"
#include "control/integration_selection.hpp"

namespace sluice::api {

/// What `GET /v1/integrations?…` asks for.
struct IntegrationListRequest {
    IntegrationSelection selection;
    bool details = true;
};

/// `?limit=&after=&state=&type=&org=&q=&sort=&details=`. Errc::invalid_argument names the parameter and what it takes.
Result<IntegrationListRequest> integration_list_request(const std::vector<std::pair<std::string, std::string>>& query);

/// `{"items":[…],"next":…,"total":…,"states":{…}}`. Pure.
boost::json::object to_json(const IntegrationDirectory::Page& page, bool details);

}  // namespace sluice::api
