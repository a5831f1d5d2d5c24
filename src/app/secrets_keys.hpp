#pragma once

#include <memory>

#include "app/configuration.hpp"
#include "control/key_source.hpp"

namespace sluice::app {

/// Where this configuration has the keys for secrets: SLUICE_SECRETS_KEY, else `secrets.key_file`, else `secrets.key`
/// in the data folder, which is made when it is first read.
std::unique_ptr<KeySource> secrets_keys_of(const Configuration& configuration);

}  // namespace sluice::app
