#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sluice::app {

/// A YAML text as a JSON value, with the line of every key: errors found later by path can name the line.
/// `${NAME}` inside a text is replaced from the environment; a missing variable is an error that names it. Aliases are
/// expanded within bounds; a key given twice is an error.
class YamlDocument {
  public:
    using Environment = std::function<std::optional<std::string>(const std::string& name)>;

    /// `file_name` is for messages only.
    static Result<YamlDocument> parse(const std::string& text, std::string file_name, const Environment& environment);

    const boost::json::value& root() const noexcept { return root_; }
    /// `sluice.yaml:12: integrations[0].id: …`: the message starts with a path, whose line (or that of the nearest
    /// thing around it) is looked up.
    Error locate(const Error& error) const;
    /// 0 when unknown.
    int line_of(std::string_view path) const;

  private:
    friend class YamlReader;
    std::string file_name_;
    boost::json::value root_;
    std::map<std::string, int, std::less<>> lines_;
};

}  // namespace sluice::app
