#include "app/secrets_keys.hpp"

#include "app/data_folder.hpp"

namespace sluice::app {

std::unique_ptr<KeySource> secrets_keys_of(const Configuration& configuration) {
    if (configuration.secrets_key) return key_of_environment(*configuration.secrets_key);
    bool named = !configuration.secrets_key_file.empty();
    return key_file(named ? configuration.secrets_key_file : DataFolder{configuration.data_dir}.secrets_key(), !named);
}

}  // namespace sluice::app
