#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "store/database.hpp"

namespace sluice {

/// Small named records that are neither events nor derived (integrations made through the API, states, tokens): a kind,
/// a name, a JSON text. Writes are synced. Blocking. Thread: any.
class ControlStore {
  public:
    static Result<std::unique_ptr<ControlStore>> open(std::shared_ptr<Database> database);
    virtual ~ControlStore() = default;
    virtual Result<std::optional<std::string>> get(std::string_view kind, std::string_view name) const = 0;
    virtual Result<void> put(std::string_view kind, std::string_view name, std::string_view value) = 0;
    /// Several by name, all or none, for the price of one.
    virtual Result<void> put_all(std::string_view kind,
                                 const std::vector<std::pair<std::string, std::string>>& records) = 0;
    virtual Result<void> erase(std::string_view kind, std::string_view name) = 0;
    virtual Result<std::vector<std::pair<std::string, std::string>>> list(std::string_view kind) const = 0;
    /// Takes from the disk's files what was overwritten or erased. Takes a moment: for secrets that must be gone.
    virtual Result<void> purge() { return {}; }
};

}  // namespace sluice
