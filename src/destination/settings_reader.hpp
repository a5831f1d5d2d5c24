#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "event/text_template.hpp"

namespace sluice {

/// Reads one object of settings, member by member, so that a connector's config says what it takes and nothing else.
/// Errors wait: what cannot be read gives the default, and finish() tells of the first thing that was wrong, by its
/// path
/// (`destination.tls.ca_file`). A member that nobody asked for is an error too, so ask for every member there is, also
/// for those that this combination of settings cannot use (and then say so with fail()). `null` counts as absent. No
/// error contains a value, other than a number that is out of range: values may be secrets.
class SettingsReader {
  public:
    /// `settings` must outlive the reader, and so must every name asked for (they are literals).
    SettingsReader(const boost::json::object& settings, std::string path);

    bool has(std::string_view name) const;

    /// Text, without the white space, byte order mark and quotes that were pasted with it. Empty text counts as wrong,
    /// since nothing here may be empty.
    std::optional<std::string> text(std::string_view name);
    std::string required_text(std::string_view name);
    std::optional<Secret> secret(std::string_view name);
    /// A template (product.md, "Templates"), checked.
    std::optional<TextTemplate> text_template(std::string_view name);

    bool boolean(std::string_view name, bool otherwise);
    std::uint64_t integer(std::string_view name, std::uint64_t otherwise, std::uint64_t least = 0,
                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
    /// `4MiB`, or a number of bytes.
    std::uint64_t bytes(std::string_view name, std::uint64_t otherwise, std::uint64_t least = 0,
                        std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
    /// `50ms`; `0` needs no unit.
    std::chrono::microseconds duration(std::string_view name, std::chrono::microseconds otherwise,
                                       std::chrono::microseconds least = std::chrono::microseconds::zero(),
                                       std::chrono::microseconds most = std::chrono::microseconds::max());

    /// One of a few words: `settings.choice("aggregation", Aggregation::none, {{"none", …}, {"kpl", …}})`. The type is
    /// the default's.
    template <class T>
    T choice(std::string_view name, T otherwise,
             std::initializer_list<std::pair<std::string_view, std::type_identity_t<T>>> words) {
        std::vector<std::string_view> names;
        for (const auto& word : words) names.push_back(word.first);
        auto index = chosen(name, names);
        return index ? (words.begin() + static_cast<std::ptrdiff_t>(*index))->second : otherwise;
    }

    /// Text by name, in the order given, as it stands (a header's value may be in quotes): headers, patterns.
    std::vector<std::pair<std::string, std::string>> text_map(std::string_view name);

    /// An object within this one, read by `read` and finished after it. Nothing happens when it is absent.
    void object(std::string_view name, const std::function<void(SettingsReader&)>& read);

    /// The member as it stands, for what has a form of its own (a credentials object); null when absent.
    const boost::json::value* value(std::string_view name);

    /// Says that these members belong here although they are not read (`type`).
    void allow(std::initializer_list<std::string_view> names);

    /// What is wrong with a member in ways only the connector knows. The message follows the path: `is not a region`.
    void fail(std::string_view name, std::string message, std::string hint = {});
    /// The same for an error made elsewhere, whose message names its path already.
    void fail(Error error);

    /// `destination.tls`
    const std::string& path() const noexcept { return path_; }
    std::string path_of(std::string_view name) const;

    /// True while nothing was wrong. finish() also looks for members nobody asked for.
    bool ok() const noexcept { return !error_; }
    /// What was wrong first so far.
    const std::optional<Error>& error() const noexcept { return error_; }
    Result<void> finish();

  private:
    const boost::json::value* find(std::string_view name);
    std::optional<std::size_t> chosen(std::string_view name, const std::vector<std::string_view>& words);
    void wrong_type(std::string_view name, std::string_view wanted, const boost::json::value& value);

    const boost::json::object& settings_;
    std::string path_;
    std::vector<std::string_view> known_;
    std::optional<Error> error_;
};

}  // namespace sluice
