#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/metrics.hpp"
#include "app/yaml_document.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "control/access_record.hpp"
#include "control/token_directory.hpp"
#include "store/object_index.hpp"

namespace sluice::app {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { text, json };

/// What one `sluice serve` runs with: the file, the environment and the command line together, checked. Plain value.
/// Integrations are kept as settings here; delivery's parse_integration() checks them.
struct Configuration {
    struct Listen {
        std::string address = "127.0.0.1";
        std::uint16_t port = 8080;
    };
    struct Limits {
        std::size_t body = 16 << 20;   ///< of one request
        std::size_t object = 1 << 20;  ///< of one object's JSON
        std::size_t depth = 64;        ///< nesting of an object's JSON
        std::size_t connections = 10'000;
        std::size_t bodies_in_memory = 512 << 20;  ///< of all requests that are read or not answered yet
        // Of a connection to the listener, as http::ServerLimits has them.
        std::chrono::microseconds head_timeout = std::chrono::seconds(10);
        std::chrono::microseconds body_timeout = std::chrono::seconds(60);
        std::chrono::microseconds idle_timeout = std::chrono::seconds(120);
        std::chrono::microseconds write_timeout = std::chrono::seconds(60);
        std::size_t waiting = 64 << 20;                                        ///< bytes accepted and not yet durable
        std::chrono::microseconds deliver_timeout = std::chrono::seconds(30);  ///< of one request to a destination
        std::uint64_t org_backlog = 0;  ///< bytes an org's slowest integration may hold back; 0: no limit
        RateLimit token_requests;       ///< of each token that has no limits of its own, except the operator's
        std::uint32_t failed_authentications_per_minute = 600;  ///< of one remote address; 0: any number
    };

    std::string file;  ///< empty: none
    Listen listen;
    std::string data_dir = "./data";
    std::string tls_certificate, tls_key;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    std::chrono::microseconds retention_age = std::chrono::hours(7 * 24);
    std::uint64_t retention_size = std::uint64_t{50} << 30;
    std::uint64_t hard_limit = std::uint64_t{100} << 30;
    std::uint64_t segment_size = std::uint64_t{256} << 20;  ///< of the log's files, which are let go of whole
    ObjectRetention objects;
    std::uint64_t min_free_disk = std::uint64_t{1} << 30;
    Limits limits;
    api::MetricsPer metrics_per = api::MetricsPer::integration;
    std::size_t shards = 0;             ///< 0: one a core
    std::string secrets_key_file;       ///< empty: `secrets.key` in the data folder, made at the first start
    std::optional<Secret> secrets_key;  ///< SLUICE_SECRETS_KEY, instead of a file
    /// Whether tenants' integrations may reach this machine: only while its own sandbox runs in the process.
    bool allow_loopback_to_tenants = false;
    std::optional<Secret> admin_token;
    std::vector<TokenDefinition> tokens;  ///< pipe tokens too
    std::vector<OrgDefinition> orgs;
    std::vector<boost::json::object> integrations;
    std::vector<boost::json::object> alerts;  ///< the operator's; alerts' parse_alert() checks them
    /// How long trouble must hold, and its end, before an alert tells of it.
    std::chrono::microseconds alert_after = std::chrono::seconds(30);

    /// For errors found later: adds file and line to one whose message begins with a path.
    std::function<Error(const Error&)> locate = [](const Error& error) { return error; };
};

using Environment = YamlDocument::Environment;
/// The process's own.
Environment process_environment();
/// Of the environment's variables those that look like a misspelt override, in plain words. Not an error: others put
/// variables of this prefix there too (Kubernetes for a service of this name: `SLUICE_PORT`).
std::vector<std::string> misspelt_overrides(const std::vector<std::string>& names);

/// Reads `file` (defaults where empty) and the environment's `SLUICE_*`, which win. The error names file, line and key.
Result<Configuration> load_configuration(const std::string& file, const Environment& environment);
/// The same for a text, for tests and fuzzing.
Result<Configuration> parse_configuration(const std::string& text, std::string file_name,
                                          const Environment& environment);

/// The first key whose change only a restart can apply; empty when there is none.
std::string changed_for_restart(const Configuration& running, const Configuration& fresh);

/// `127.0.0.1:8080`, `[::1]:8080`, `:8080` (every address).
Result<Configuration::Listen> parse_listen(std::string_view text);

}  // namespace sluice::app
