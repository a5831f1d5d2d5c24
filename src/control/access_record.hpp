#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "control/request_rate.hpp"
#include "destination/settings_reader.hpp"

namespace sluice {

/// What an org may do; for each what is not set the configuration's `limits` hold.
struct OrgLimits {
    RateLimit requests;                    ///< of all its tokens together
    std::optional<std::uint64_t> backlog;  ///< bytes its slowest integration may hold back; 0: no limit

    friend bool operator==(const OrgLimits&, const OrgLimits&) = default;
};

/// An org as somebody wrote it down. An org needs no record: one that tokens and integrations name works without.
struct OrgDefinition {
    std::string id;
    std::string name;  ///< for people; may be empty
    OrgLimits limits;
};

/// An org made through the API, as the store keeps it.
struct OrgRecord {
    OrgDefinition definition;
    Timestamp created;
};

/// What a new token shall be.
struct TokenRequest {
    std::string name;
    std::string org;
    std::uint32_t scopes = 0;
    bool is_operator = false;
    bool is_pipe = false;
    std::vector<std::string> rec_types;
    std::optional<Timestamp> expires;
    std::optional<RateLimit> rate;
};

/// A token made through the API, as the store keeps it: digests only.
struct TokenRecord {
    std::string id;
    TokenRequest token;
    Timestamp created;
    std::string created_by;  ///< a token's name
    std::string sha256;      ///< 32 raw bytes
    struct Previous {
        std::string sha256;
        Timestamp until;
    };
    std::vector<Previous> previous;  ///< those that a rotation left in force for a while
};

// Members that the configuration file and the API have alike. What is wrong waits in the reader.

/// `scopes: [SHARE:READ, …]`, required.
std::uint32_t read_scopes(SettingsReader& reader);
std::vector<std::string> scope_names(std::uint32_t scopes);
/// `recTypes: [pattern, …]`, required.
std::vector<std::string> read_rec_types(SettingsReader& reader);
/// `expires`, RFC 3339.
std::optional<Timestamp> read_expires(SettingsReader& reader);
/// `limits: {requests_per_second, request_burst}` of a token.
std::optional<RateLimit> read_token_limits(SettingsReader& reader);
/// A rate out of a `limits`, by its members' names (literals).
RateLimit read_rate(SettingsReader& limits, std::string_view per_second = "requests_per_second",
                    std::string_view burst = "request_burst");
/// `id`, `name`, `limits: {requests_per_second, request_burst, backlog}`.
OrgDefinition read_org_definition(SettingsReader& reader);

/// The body of `POST /v1/tokens`. `expires` and `lifetime` are one or the other.
Result<TokenRequest> parse_token_request(const boost::json::object& body, const std::string& default_org,
                                         Timestamp now);
Result<OrgDefinition> parse_org(boost::json::object body);
/// An org's settings as the API shows and takes them: `id`, `name`, `limits`.
boost::json::object to_json(const OrgDefinition& org);
boost::json::object to_json(const RateLimit& rate);

// The records as texts. Errc::corrupt when it is none.
std::string encode(const TokenRecord& record);
Result<TokenRecord> decode_token_record(std::string_view text);
std::string encode(const OrgRecord& record);
Result<OrgRecord> decode_org_record(std::string_view text);

}  // namespace sluice
