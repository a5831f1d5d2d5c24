#include "app/configuration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/ids.hpp"
#include "base/nearest.hpp"
#include "base/units.hpp"
#include "destination/settings_reader.hpp"

namespace sluice::app {
namespace {

/// A file that holds one secret: white space around it is not part of it.
Result<Secret> read_secret_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (!file || !std::getline(file, text, '\0'))
        return make_error(Errc::not_found, fmt::format("names the file {}, which cannot be read or is empty", path));
    auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    auto last = text.find_last_not_of(" \t\r\n");
    if (first == std::string::npos)
        return make_error(Errc::invalid_argument, fmt::format("names the file {}, which is empty", path));
    return Secret(text.substr(first, last - first + 1));
}

/// `token` or `token_file`, exactly one.
Secret read_token(SettingsReader& reader) {
    auto given = reader.secret("token");
    auto file = reader.text("token_file");
    if (given && file) reader.fail("token_file", "is given beside token", "give one of the two");
    if (given) return std::move(*given);
    if (!file) {
        reader.fail("token", "is missing", "give token, or token_file with the file's path");
        return {};
    }
    auto read = read_secret_file(*file);
    if (!read) {
        reader.fail("token_file", read.error().message);
        return {};
    }
    return std::move(*read);
}

std::string read_org(SettingsReader& reader) {
    auto org = reader.text("org").value_or("default");
    if (!is_valid_rec_type(org)) reader.fail("org", "is not an org: dotted parts of letters, digits, - and _");
    return org;
}

TokenDefinition read_token_definition(SettingsReader& reader) {
    TokenDefinition token;
    token.name = reader.required_text("name");
    token.org = read_org(reader);
    token.scopes = read_scopes(reader);
    token.expires = read_expires(reader);
    token.rate = read_token_limits(reader);
    token.token = read_token(reader);
    return token;
}

TokenDefinition read_pipe_token(SettingsReader& reader) {
    TokenDefinition token;
    token.name = reader.required_text("name");
    token.org = read_org(reader);
    token.is_pipe = true;
    token.scopes = static_cast<std::uint32_t>(Scope::share_create);
    token.rec_types = read_rec_types(reader);
    token.expires = read_expires(reader);
    token.rate = read_token_limits(reader);
    token.token = read_token(reader);
    for (char c : token.token.reveal())
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.' && c != '~')
            reader.fail("token", "has a character that cannot stand in a URL's path",
                        "use letters, digits and - _ . ~");
    return token;
}

void read_list(SettingsReader& reader, std::string_view name,
               const std::function<void(const boost::json::object&, const std::string& path)>& each) {
    const auto* value = reader.value(name);
    if (value == nullptr) return;
    const auto* array = value->if_array();
    if (array == nullptr) return reader.fail(name, "must be a list");
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto path = fmt::format("{}[{}]", reader.path_of(name), i);
        const auto* object = (*array)[i].if_object();
        if (object == nullptr)
            reader.fail(make_error(Errc::invalid_argument, path + " must be a mapping"));
        else
            each(*object, path);
    }
}

std::optional<std::chrono::seconds> read_object_retention(SettingsReader& reader, std::string_view name,
                                                          std::optional<std::chrono::seconds> otherwise) {
    const auto* value = reader.value(name);
    if (value == nullptr) return otherwise;
    if (value->is_string() && value->get_string() == "forever") return std::nullopt;
    auto duration = value->is_string()
                        ? parse_duration(std::string_view(value->get_string().data(), value->get_string().size()))
                        : Result<std::chrono::microseconds>(make_error(Errc::invalid_argument, ""));
    if (!duration || *duration < std::chrono::seconds(1)) {
        reader.fail(name, "must be a duration of at least 1s, or forever", "for instance 7d");
        return otherwise;
    }
    return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

/// One object's settings into `configuration`; the reader's finish() tells what was wrong.
void read_root(SettingsReader& reader, Configuration& configuration) {
    if (auto listen = reader.text("listen")) {
        if (auto parsed = parse_listen(*listen))
            configuration.listen = *parsed;
        else
            reader.fail("listen", parsed.error().message, parsed.error().hint);
    }
    configuration.data_dir = reader.text("data_dir").value_or(configuration.data_dir);
    reader.object("tls", [&](SettingsReader& tls) {
        configuration.tls_certificate = tls.required_text("cert_file");
        configuration.tls_key = tls.required_text("key_file");
    });
    reader.object("log", [&](SettingsReader& log) {
        configuration.log_level = log.choice("level", configuration.log_level,
                                             {{"debug", LogLevel::debug},
                                              {"info", LogLevel::info},
                                              {"warn", LogLevel::warn},
                                              {"error", LogLevel::error}});
        configuration.log_format =
            log.choice("format", configuration.log_format, {{"text", LogFormat::text}, {"json", LogFormat::json}});
    });
    reader.object("metrics", [&](SettingsReader& metrics) {
        using api::MetricsPer;
        configuration.metrics_per = metrics.choice(
            "per", configuration.metrics_per,
            {{"integration", MetricsPer::integration}, {"org", MetricsPer::org}, {"none", MetricsPer::none}});
    });
    reader.object("retention", [&](SettingsReader& retention) {
        configuration.retention_age = retention.duration("age", configuration.retention_age, std::chrono::seconds(1));
        configuration.retention_size = retention.bytes("size", configuration.retention_size, 1 << 20);
    });
    configuration.hard_limit = reader.bytes("hard_limit", configuration.hard_limit, 1 << 20);
    configuration.segment_size =
        reader.bytes("segment_size", configuration.segment_size, 1 << 20, std::uint64_t{2} << 30);
    reader.object("objects", [&](SettingsReader& objects) {
        configuration.objects.objs = read_object_retention(objects, "objs", configuration.objects.objs);
        configuration.objects.devices = read_object_retention(objects, "devices", configuration.objects.devices);
        configuration.objects.health = read_object_retention(objects, "health", configuration.objects.health);
    });
    configuration.min_free_disk = reader.bytes("min_free_disk", configuration.min_free_disk);
    reader.object("limits", [&](SettingsReader& limits) {
        auto& to = configuration.limits;
        to.body = limits.bytes("body", to.body, 1024, std::uint64_t{1} << 30);
        to.object = limits.bytes("object", to.object, 64, std::uint64_t{64} << 20);
        to.depth = limits.integer("depth", to.depth, 1, 1024);
        to.connections = limits.integer("connections", to.connections, 1, 1'000'000);
        to.bodies_in_memory = limits.bytes("bodies_in_memory", to.bodies_in_memory, 1 << 20);
        constexpr auto kShortest = std::chrono::milliseconds(100);
        to.head_timeout = limits.duration("head_timeout", to.head_timeout, kShortest);
        to.body_timeout = limits.duration("body_timeout", to.body_timeout, kShortest);
        to.idle_timeout = limits.duration("idle_timeout", to.idle_timeout, kShortest);
        to.write_timeout = limits.duration("write_timeout", to.write_timeout, kShortest);
        to.waiting = limits.bytes("waiting", to.waiting, 1 << 20);
        to.org_backlog = limits.bytes("org_backlog", to.org_backlog);
        to.token_requests = read_rate(limits, "token_requests_per_second", "token_request_burst");
        to.failed_authentications_per_minute = static_cast<std::uint32_t>(
            limits.integer("failed_authentications_per_minute", to.failed_authentications_per_minute, 0, 1'000'000));
        to.deliver_timeout = limits.duration("deliver_timeout", to.deliver_timeout, std::chrono::milliseconds(100));
    });
    reader.object("secrets",
                  [&](SettingsReader& secrets) { configuration.secrets_key_file = secrets.required_text("key_file"); });
    configuration.shards = reader.integer("shards", configuration.shards, 0, 256);
    read_list(reader, "orgs", [&](const boost::json::object& object, const std::string& path) {
        SettingsReader org(object, path);
        auto read = read_org_definition(org);
        auto same = [&](const OrgDefinition& other) { return other.id == read.id; };
        if (std::any_of(configuration.orgs.begin(), configuration.orgs.end(), same))
            org.fail("id", fmt::format("is given twice: {}", read.id));
        configuration.orgs.push_back(std::move(read));
        if (auto done = org.finish(); !done) reader.fail(done.error());
    });
    read_list(reader, "tokens", [&](const boost::json::object& object, const std::string& path) {
        SettingsReader token(object, path);
        configuration.tokens.push_back(read_token_definition(token));
        if (auto done = token.finish(); !done) reader.fail(done.error());
    });
    read_list(reader, "pipe_tokens", [&](const boost::json::object& object, const std::string& path) {
        SettingsReader token(object, path);
        configuration.tokens.push_back(read_pipe_token(token));
        if (auto done = token.finish(); !done) reader.fail(done.error());
    });
    read_list(reader, "integrations", [&](const boost::json::object& object, const std::string&) {
        configuration.integrations.push_back(object);
    });
    configuration.alert_after = reader.duration("alert_after", configuration.alert_after, std::chrono::seconds(1));
    read_list(reader, "alerts",
              [&](const boost::json::object& object, const std::string&) { configuration.alerts.push_back(object); });
    if (reader.ok() && configuration.hard_limit < configuration.retention_size)
        reader.fail("hard_limit", "is smaller than retention.size", "make it at least as large");
    // An event is never split between two files, and it carries more than the object.
    if (reader.ok() && configuration.segment_size < 2 * configuration.limits.object)
        reader.fail("segment_size", "is less than twice limits.object", "make it larger, or limits.object smaller");
}

/// What can be set by `SLUICE_` and the path in capitals, `_` between its parts: `SLUICE_RETENTION_AGE`. Those that
/// apply_environment() takes are of the same form, and can be set before there is a file.
constexpr auto kSetByEnvironment = std::to_array<std::string_view>({
    "tls.cert_file",
    "tls.key_file",
    "metrics.per",
    "retention.age",
    "retention.size",
    "hard_limit",
    "segment_size",
    "objects.objs",
    "objects.devices",
    "objects.health",
    "min_free_disk",
    "limits.body",
    "limits.object",
    "limits.depth",
    "limits.connections",
    "limits.bodies_in_memory",
    "limits.head_timeout",
    "limits.body_timeout",
    "limits.idle_timeout",
    "limits.write_timeout",
    "limits.waiting",
    "limits.org_backlog",
    "limits.token_requests_per_second",
    "limits.token_request_burst",
    "limits.failed_authentications_per_minute",
    "limits.deliver_timeout",
    "secrets.key_file",
    "shards",
    "alert_after",
});

constexpr std::string_view kVariablePrefix = "SLUICE_";

std::string variable_of(std::string_view path) {
    std::string name(kVariablePrefix);
    for (char c : path) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

/// Puts what the environment sets in the place of what the file says. The paths that it set.
std::vector<std::string_view> override_by_environment(boost::json::object& root, const Environment& environment) {
    std::vector<std::string_view> set;
    for (std::string_view path : kSetByEnvironment) {
        auto text = environment(variable_of(path));
        if (!text || text->empty()) continue;
        auto* object = &root;
        std::string_view name = path;
        if (auto dot = path.find('.'); dot != std::string_view::npos) {
            auto& part = root[path.substr(0, dot)];
            if (!part.is_object()) part = boost::json::object();
            object = &part.get_object();
            name = path.substr(dot + 1);
        }
        std::uint64_t number = 0;
        auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        bool is_number = error == std::errc() && end == text->data() + text->size();
        (*object)[name] = is_number ? boost::json::value(number) : boost::json::value(*text);
        set.push_back(path);
    }
    return set;
}

/// `SLUICE_*`: what is set there wins over the file.
Result<void> apply_environment(Configuration& configuration, const Environment& given) {
    // A variable that is set to nothing is none: a container's file writes `SLUICE_LISTEN=${LISTEN}`.
    auto environment = [&given](std::string_view name) {
        auto text = given(std::string(name));
        return text && text->empty() ? std::nullopt : text;
    };
    auto token = environment("SLUICE_ADMIN_TOKEN");
    if (auto file = environment("SLUICE_ADMIN_TOKEN_FILE"); file && !token) {
        auto read = read_secret_file(*file);
        if (!read) return make_error(read.error().code, "SLUICE_ADMIN_TOKEN_FILE " + read.error().message);
        token = read->reveal();
    }
    if (token) {
        auto last = token->find_last_not_of(" \t\r\n");
        if (last == std::string::npos || last < 15)
            return make_error(Errc::invalid_argument, "SLUICE_ADMIN_TOKEN is shorter than 16 characters",
                              "make one with: openssl rand -hex 24");
        configuration.admin_token = Secret(token->substr(0, last + 1));
    }
    if (auto key = environment("SLUICE_SECRETS_KEY")) configuration.secrets_key = Secret(std::move(*key));
    if (auto data_dir = environment("SLUICE_DATA_DIR")) configuration.data_dir = *data_dir;
    if (auto listen = environment("SLUICE_LISTEN")) {
        auto parsed = parse_listen(*listen);
        if (!parsed)
            return make_error(parsed.error().code, "SLUICE_LISTEN " + parsed.error().message, parsed.error().hint);
        configuration.listen = *parsed;
    }
    if (auto level = environment("SLUICE_LOG_LEVEL")) {
        if (*level == "debug")
            configuration.log_level = LogLevel::debug;
        else if (*level == "info")
            configuration.log_level = LogLevel::info;
        else if (*level == "warn")
            configuration.log_level = LogLevel::warn;
        else if (*level == "error")
            configuration.log_level = LogLevel::error;
        else
            return make_error(Errc::invalid_argument, "SLUICE_LOG_LEVEL must be debug, info, warn or error");
    }
    if (auto format = environment("SLUICE_LOG_FORMAT")) {
        if (*format != "text" && *format != "json")
            return make_error(Errc::invalid_argument, "SLUICE_LOG_FORMAT must be text or json");
        configuration.log_format = *format == "json" ? LogFormat::json : LogFormat::text;
    }
    return {};
}

}  // namespace

std::vector<std::string> misspelt_overrides(const std::vector<std::string>& names) {
    // Beside the configuration's: what the commands, tests and systemd units of ours read.
    std::vector<std::string> known = {"ADMIN_TOKEN", "ADMIN_TOKEN_FILE", "SECRETS_KEY", "DATA_DIR", "LISTEN",
                                      "LOG_LEVEL",   "LOG_FORMAT",       "URL",         "TOKEN",    "ORG"};
    for (std::string_view path : kSetByEnvironment) known.push_back(variable_of(path).substr(kVariablePrefix.size()));
    std::vector<std::string_view> words(known.begin(), known.end());
    std::vector<std::string> told;
    for (const auto& name : names) {
        if (!name.starts_with(kVariablePrefix)) continue;
        std::string_view rest = std::string_view(name).substr(kVariablePrefix.size());
        if (std::find(words.begin(), words.end(), rest) != words.end()) continue;
        auto near = nearest_word(rest, words);
        if (!near.empty())
            told.push_back(fmt::format("{} sets nothing: did you mean {}{}?", name, kVariablePrefix, near));
    }
    return told;
}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

Result<Configuration::Listen> parse_listen(std::string_view text) {
    auto refuse = [&] {
        return make_error(Errc::invalid_argument, fmt::format("is not an address and port: \"{}\"", text),
                          "write it like 127.0.0.1:8080, [::1]:8080 or :8080");
    };
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    Configuration::Listen listen;
    auto host = text.substr(0, colon);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    listen.address = host.empty() ? "0.0.0.0" : std::string(host);
    boost::system::error_code bad_address;
    boost::asio::ip::make_address(listen.address, bad_address);
    auto digits = text.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
    if (bad_address || error != std::errc() || end != digits.data() + digits.size()) return refuse();
    return listen;
}

Result<Configuration> parse_configuration(const std::string& text, std::string file_name,
                                          const Environment& environment) {
    auto parsed = YamlDocument::parse(text, file_name, environment);
    if (!parsed) return parsed.error();
    auto document = std::make_shared<const YamlDocument>(std::move(*parsed));
    Configuration configuration;
    configuration.file = file_name;
    configuration.locate = [document](const Error& error) { return document->locate(error); };
    boost::json::object root;
    if (!document->root().is_null()) {
        if (!document->root().is_object())
            return make_error(Errc::invalid_argument, file_name + ": the document must be a mapping of keys");
        root = document->root().get_object();
    }
    auto set = override_by_environment(root, environment);
    SettingsReader reader(root, "");
    read_root(reader, configuration);
    if (auto done = reader.finish(); !done) {
        for (std::string_view path : set)
            if (done.error().message.starts_with(path))
                return make_error(done.error().code, variable_of(path) + ": " + done.error().message,
                                  done.error().hint);
        return document->locate(done.error());
    }
    if (auto applied = apply_environment(configuration, environment); !applied) return applied.error();
    return configuration;
}

Result<Configuration> load_configuration(const std::string& file, const Environment& environment) {
    if (file.empty()) {
        auto configuration = parse_configuration("", "", environment);
        return configuration;
    }
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return make_error(Errc::not_found, file + ": cannot be read", "is the path right, and may this user read it?");
    if (std::error_code unknown; std::filesystem::is_directory(file, unknown))
        return make_error(Errc::invalid_argument, file + " is a folder", "name the configuration file in it");
    std::ostringstream text;
    text << in.rdbuf();
    return parse_configuration(text.str(), file, environment);
}

std::string changed_for_restart(const Configuration& running, const Configuration& fresh) {
    auto same = [](const ObjectRetention& a, const ObjectRetention& b) {
        return a.objs == b.objs && a.devices == b.devices && a.health == b.health;
    };
    const auto& a = running;
    const auto& b = fresh;
    if (a.listen.address != b.listen.address || a.listen.port != b.listen.port) return "listen";
    if (a.data_dir != b.data_dir) return "data_dir";
    if (a.tls_certificate.empty() != b.tls_certificate.empty()) return "tls";  // other files are another certificate
    if (a.log_format != b.log_format) return "log.format";
    if (a.metrics_per != b.metrics_per) return "metrics.per";
    if (!same(a.objects, b.objects)) return "objects";
    if (a.min_free_disk != b.min_free_disk) return "min_free_disk";
    if (a.segment_size != b.segment_size) return "segment_size";
    if (a.limits.body != b.limits.body) return "limits.body";
    if (a.limits.object != b.limits.object) return "limits.object";
    if (a.limits.depth != b.limits.depth) return "limits.depth";
    if (a.limits.connections != b.limits.connections) return "limits.connections";
    if (a.limits.bodies_in_memory != b.limits.bodies_in_memory) return "limits.bodies_in_memory";
    if (a.limits.head_timeout != b.limits.head_timeout) return "limits.head_timeout";
    if (a.limits.body_timeout != b.limits.body_timeout) return "limits.body_timeout";
    if (a.limits.idle_timeout != b.limits.idle_timeout) return "limits.idle_timeout";
    if (a.limits.write_timeout != b.limits.write_timeout) return "limits.write_timeout";
    if (a.limits.waiting != b.limits.waiting) return "limits.waiting";
    if (a.limits.deliver_timeout != b.limits.deliver_timeout) return "limits.deliver_timeout";
    if (a.limits.failed_authentications_per_minute != b.limits.failed_authentications_per_minute)
        return "limits.failed_authentications_per_minute";
    if (a.alert_after != b.alert_after) return "alert_after";
    if (a.shards != b.shards) return "shards";
    if (a.secrets_key_file != b.secrets_key_file) return "secrets.key_file";
    return {};
}

}  // namespace sluice::app
