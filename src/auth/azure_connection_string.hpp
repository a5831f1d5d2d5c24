#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace sluice::auth {

/// Whether the text, well formed or not, has a member of this name: `HostName=`, at its beginning or after what
/// separates members. Case does not count.
bool names_azure_member(std::string_view text, std::string_view name) noexcept;

/// What Azure's portal gives out: `Name=value;Name=value`, each split at its first `=`. Plain value; what the names
/// mean is the connector's. Names are compared without case (Azure/azure-sdk-for-cpp, ConnectionStringParser).
class AzureConnectionString {
  public:
    /// White space, a BOM, line breaks within (as mail and terminals wrap them) and quotes around the whole are
    /// forgiven, and a `;` at the end. Errors name the member or its place and never contain a value: a part without
    /// `=`, an empty name or value, a name given twice. At most 8 KiB and 32 members.
    static Result<AzureConnectionString> parse(std::string_view text);

    /// nullptr when there is none.
    const Secret* find(std::string_view name) const noexcept;
    /// The value of a member that is no secret (`HostName`), else empty.
    std::string text(std::string_view name) const;
    bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
    /// As they were written, in order: for messages.
    std::vector<std::string> names() const;

  private:
    std::vector<std::pair<std::string, Secret>> members_;
};

}  // namespace sluice::auth
