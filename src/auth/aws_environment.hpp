#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::auth {

/// The process's surroundings as far as credentials come from them: variables and small files.
/// A seam, so that tests need no real environment. Thread: any.
class AwsEnvironment {
  public:
    virtual ~AwsEnvironment() = default;
    /// nullopt when unset or empty.
    virtual std::optional<std::string> variable(std::string_view name) const = 0;
    /// The whole file, at most 1 MiB. Errc::not_found, io, too_large, naming the path.
    virtual Result<std::string> read_file(const std::string& path) const = 0;

    /// `~/x` with the home folder in place of `~`.
    std::string expand_home(const std::string& path) const;
};

class SystemAwsEnvironment final : public AwsEnvironment {
  public:
    std::optional<std::string> variable(std::string_view name) const override;
    Result<std::string> read_file(const std::string& path) const override;
    /// One for the whole process.
    static const SystemAwsEnvironment& instance();
};

/// Exactly what it is given. For tests, and for integrations that may not see the operator's environment.
class FixedAwsEnvironment final : public AwsEnvironment {
  public:
    std::map<std::string, std::string, std::less<>> variables;
    std::map<std::string, std::string, std::less<>> files;

    std::optional<std::string> variable(std::string_view name) const override;
    Result<std::string> read_file(const std::string& path) const override;
};

}  // namespace sluice::auth
