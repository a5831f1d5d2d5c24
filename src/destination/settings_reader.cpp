#include "destination/settings_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/nearest.hpp"
#include "base/pasted_text.hpp"
#include "base/units.hpp"

namespace sluice {
namespace {

std::string_view kind_name(const boost::json::value& value) {
    switch (value.kind()) {
        case boost::json::kind::null:
            return "null";
        case boost::json::kind::bool_:
            return "a boolean";
        case boost::json::kind::int64:
        case boost::json::kind::uint64:
        case boost::json::kind::double_:
            return "a number";
        case boost::json::kind::string:
            return "text";
        case boost::json::kind::array:
            return "a list";
        case boost::json::kind::object:
            return "an object";
    }
    return "something else";
}

std::optional<std::uint64_t> whole_number(const boost::json::value& value) {
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
    return std::nullopt;
}

std::string_view view_of(const boost::json::string& text) {
    return {text.data(), text.size()};
}

}  // namespace

SettingsReader::SettingsReader(const boost::json::object& settings, std::string path)
    : settings_(settings), path_(std::move(path)) {}

std::string SettingsReader::path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void SettingsReader::fail(Error error) {
    if (!error_) error_ = std::move(error);
}

void SettingsReader::fail(std::string_view name, std::string message, std::string hint) {
    fail(make_error(Errc::invalid_argument, fmt::format("{} {}", path_of(name), message), std::move(hint)));
}

void SettingsReader::wrong_type(std::string_view name, std::string_view wanted, const boost::json::value& value) {
    // In YAML, `{id}` without quotes is an object with a member.
    bool is_bare_template = wanted == "text" && value.is_object();
    fail(name, fmt::format("must be {}, not {}", wanted, kind_name(value)),
         is_bare_template ? "In YAML, write a template in quotes: \"{id}\"." : "");
}

void SettingsReader::allow(std::initializer_list<std::string_view> names) {
    known_.insert(known_.end(), names.begin(), names.end());
}

const boost::json::value* SettingsReader::find(std::string_view name) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
    const auto* value = settings_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

bool SettingsReader::has(std::string_view name) const {
    const auto* value = settings_.if_contains(name);
    return value != nullptr && !value->is_null();
}

const boost::json::value* SettingsReader::value(std::string_view name) {
    return find(name);
}

std::optional<std::string> SettingsReader::text(std::string_view name) {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        wrong_type(name, "text", *value);
        return std::nullopt;
    }
    auto clean = clean_pasted(view_of(value->get_string()));
    if (clean.empty()) {
        fail(name, "is empty");
        return std::nullopt;
    }
    return std::string(clean);
}

std::string SettingsReader::required_text(std::string_view name) {
    if (!has(name)) {
        allow({name});
        fail(name, "is missing");
        return {};
    }
    return text(name).value_or(std::string());
}

std::optional<Secret> SettingsReader::secret(std::string_view name) {
    auto plain = text(name);
    if (!plain) return std::nullopt;
    return Secret(std::move(*plain));
}

std::optional<TextTemplate> SettingsReader::text_template(std::string_view name) {
    auto source = text(name);
    if (!source) return std::nullopt;
    auto parsed = TextTemplate::parse(*source);
    if (!parsed) {
        fail(name, "is not a template: " + parsed.error().message, parsed.error().hint);
        return std::nullopt;
    }
    return std::move(*parsed);
}

bool SettingsReader::boolean(std::string_view name, bool otherwise) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_bool()) return value->get_bool();
    wrong_type(name, "true or false", *value);
    return otherwise;
}

std::uint64_t SettingsReader::integer(std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                                      std::uint64_t most) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    auto number = whole_number(*value);
    if (!number) {
        fail(name, value->is_number() ? std::string("must be a whole number that is not negative")
                                      : fmt::format("must be a number, not {}", kind_name(*value)));
        return otherwise;
    }
    if (*number < least || *number > most) {
        fail(name, fmt::format("must be from {} to {}, not {}", least, most, *number));
        return otherwise;
    }
    return *number;
}

std::uint64_t SettingsReader::bytes(std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                                    std::uint64_t most) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    auto number = whole_number(*value);
    if (value->is_string()) {
        auto parsed = parse_bytes(view_of(value->get_string()));
        if (!parsed) {
            fail(name, "is not a size: " + parsed.error().message, parsed.error().hint);
            return otherwise;
        }
        number = *parsed;
    }
    if (!number) {
        wrong_type(name, "a size such as 4MiB", *value);
        return otherwise;
    }
    if (*number < least || *number > most) {
        fail(name, fmt::format("must be from {} to {}, not {}", format_bytes(least), format_bytes(most),
                               format_bytes(*number)));
        return otherwise;
    }
    return *number;
}

std::chrono::microseconds SettingsReader::duration(std::string_view name, std::chrono::microseconds otherwise,
                                                   std::chrono::microseconds least, std::chrono::microseconds most) {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    // Nothing needs no unit.
    bool is_zero = whole_number(*value) == std::uint64_t{0};
    if (!is_zero && !value->is_string()) {
        fail(name, value->is_number() ? std::string("needs a unit, such as 50ms or 2s")
                                      : fmt::format("must be a duration such as 50ms, not {}", kind_name(*value)));
        return otherwise;
    }
    auto parsed = is_zero ? std::chrono::microseconds::zero() : parse_duration(view_of(value->get_string()));
    if (!parsed) {
        fail(name, "is not a duration: " + parsed.error().message, parsed.error().hint);
        return otherwise;
    }
    if (*parsed < least || *parsed > most) {
        fail(name, fmt::format("must be from {} to {}, not {}", format_duration(least), format_duration(most),
                               format_duration(*parsed)));
        return otherwise;
    }
    return *parsed;
}

std::optional<std::size_t> SettingsReader::chosen(std::string_view name, const std::vector<std::string_view>& words) {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    std::string list;
    for (auto word : words) list += (list.empty() ? "" : ", ") + std::string(word);
    if (!value->is_string()) {
        wrong_type(name, "one of " + list, *value);
        return std::nullopt;
    }
    auto given = clean_pasted(view_of(value->get_string()));
    auto found = std::find(words.begin(), words.end(), given);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
    auto near = nearest_word(given, words);
    fail(name, fmt::format("must be one of {}", list), near.empty() ? "" : fmt::format("Did you mean `{}`?", near));
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> SettingsReader::text_map(std::string_view name) {
    std::vector<std::pair<std::string, std::string>> pairs;
    object(name, [&pairs](SettingsReader& inner) {
        for (const auto& member : inner.settings_) {
            std::string_view key(member.key().data(), member.key().size());
            const auto* value = inner.value(key);
            if (value == nullptr) continue;
            if (!value->is_string())
                inner.wrong_type(key, "text", *value);
            else if (value->get_string().empty())
                inner.fail(key, "is empty");
            else
                pairs.emplace_back(key, view_of(value->get_string()));
        }
    });
    return pairs;
}

void SettingsReader::object(std::string_view name, const std::function<void(SettingsReader&)>& read) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_object()) {
        wrong_type(name, "an object", *value);
        return;
    }
    SettingsReader inner(value->get_object(), path_of(name));
    read(inner);
    if (auto finished = inner.finish(); !finished) fail(finished.error());
}

Result<void> SettingsReader::finish() {
    // A misspelt member is told before whatever its absence led to.
    for (const auto& member : settings_) {
        std::string_view name(member.key().data(), member.key().size());
        if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
        auto near = nearest_word(name, known_);
        std::string hint;
        if (!near.empty()) {
            hint = fmt::format("Did you mean `{}`?", near);
        } else {
            for (auto word : known_) hint += (hint.empty() ? "Known here: " : ", ") + std::string(word);
        }
        return make_error(Errc::invalid_argument, path_of(name) + " is not a known setting", std::move(hint));
    }
    if (error_) return *error_;
    return {};
}

}  // namespace sluice
