#pragma once

#include <string>
#include <vector>

#include "api/route_table.hpp"

namespace sluice::api {

/// The OpenAPI 3.1 document, put together from the files in src/api/openapi, each of which has some of its paths and
/// components. One for the whole process, made at the first call.
struct ApiDescription {
    std::string text;
    std::string packed;  ///< the same, as gzip
    std::string entity_tag;
};
const ApiDescription& api_description();

/// `GET /openapi.json`.
std::vector<Route> description_routes();

}  // namespace sluice::api
