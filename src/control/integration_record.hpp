#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice {

/// An integration made through the API as the control store keeps it (sealed): its settings, and what the directory
/// knows beside them. One JSON object, in which the directory's own members begin with `_`.
struct IntegrationRecord {
    boost::json::object settings;
    bool operator_owned = false;
    std::string revision;  ///< empty in records of versions that kept none

    std::string org() const;  ///< as the settings name it; empty where they do not
};

std::string integration_record(IntegrationRecord record);
/// Errc::corrupt for what is no record.
Result<IntegrationRecord> parse_integration_record(std::string_view text);

}  // namespace sluice
