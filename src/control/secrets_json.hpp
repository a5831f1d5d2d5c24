#pragma once

#include <boost/json/object.hpp>

#include "control/sealed_records.hpp"

namespace sluice {

/// As the management API and `sluice secrets --json` show them: ids of keys, never a key.
boost::json::object to_json(const SealedRecords::Status& status);
boost::json::object to_json(const SealedRecords::Rotation& rotation);

}  // namespace sluice
