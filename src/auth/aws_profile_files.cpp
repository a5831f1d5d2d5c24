#include "auth/aws_profile_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/pasted_text.hpp"

namespace sluice::auth {
namespace {

using Sections = std::map<std::string, AwsProfile, std::less<>>;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return out;
}

Result<Sections> load_sections(const AwsEnvironment& environment, const std::string& path) {
    auto text = environment.read_file(path);
    if (!text) {
        if (text.error().code == Errc::not_found) return Sections();
        return text.error();
    }
    auto sections = parse_aws_sections(*text);
    if (!sections) return make_error(Errc::invalid_argument, path + ": " + sections.error().message);
    return sections;
}

}  // namespace

Result<Sections> parse_aws_sections(std::string_view text) {
    Sections sections;
    AwsProfile* current = nullptr;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto end = std::min(text.find('\n'), text.size());
        auto raw = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto line = clean_pasted(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            auto close = line.find(']');
            if (close == std::string_view::npos) {
                return make_error(Errc::invalid_argument, fmt::format("line {}: a section without its ]", number));
            }
            current = &sections[std::string(clean_pasted(line.substr(1, close - 1)))];
            continue;
        }
        bool is_nested = raw.front() == ' ' || raw.front() == '\t';
        if (is_nested) continue;
        auto equals = line.find('=');
        if (equals == std::string_view::npos || current == nullptr) {
            return make_error(Errc::invalid_argument,
                              fmt::format("line {}: expected [section] or name = value", number));
        }
        (*current)[lower(clean_pasted(line.substr(0, equals)))] = clean_pasted(line.substr(equals + 1));
    }
    return sections;
}

Result<AwsProfileFiles> AwsProfileFiles::load(const AwsEnvironment& environment) {
    auto place = [&environment](std::string_view variable, const char* otherwise) {
        return environment.expand_home(environment.variable(variable).value_or(otherwise));
    };
    auto credentials_path = place("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    auto config_path = place("AWS_CONFIG_FILE", "~/.aws/config");
    auto credentials = load_sections(environment, credentials_path);
    if (!credentials) return credentials.error();
    auto config = load_sections(environment, config_path);
    if (!config) return config.error();

    AwsProfileFiles files;
    files.places_ = fmt::format("{} and {}", credentials_path, config_path);
    files.credentials_ = std::move(*credentials);
    for (auto& [name, values] : *config) {
        // In this file, `[default]` is the only profile without the word.
        if (name == "default") {
            files.config_.emplace(name, std::move(values));
        } else if (name.starts_with("profile ")) {
            files.config_[std::string(clean_pasted(std::string_view(name).substr(8)))] = std::move(values);
        }
    }
    return files;
}

const AwsProfile* AwsProfileFiles::in_credentials(std::string_view name) const {
    auto found = credentials_.find(name);
    return found == credentials_.end() ? nullptr : &found->second;
}

const AwsProfile* AwsProfileFiles::in_config(std::string_view name) const {
    auto found = config_.find(name);
    return found == config_.end() ? nullptr : &found->second;
}

std::optional<AwsProfile> AwsProfileFiles::merged(std::string_view name) const {
    const auto* first = in_credentials(name);
    const auto* second = in_config(name);
    if (first == nullptr && second == nullptr) return std::nullopt;
    AwsProfile profile = first == nullptr ? AwsProfile() : *first;
    if (second != nullptr) profile.insert(second->begin(), second->end());
    return profile;
}

}  // namespace sluice::auth
