#include "control/access_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "base/encoding.hpp"
#include "base/ids.hpp"
#include "base/principal.hpp"
#include "base/utf8.hpp"

namespace sluice {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::uint32_t kMaxRate = 1'000'000;
constexpr std::array kEveryScope{Scope::share_read,   Scope::share_create,     Scope::share_update,
                                 Scope::share_delete, Scope::integration_read, Scope::integration_write,
                                 Scope::metrics_read};

std::vector<std::string> read_texts(SettingsReader& reader, std::string_view name) {
    std::vector<std::string> out;
    const auto* value = reader.value(name);
    if (value == nullptr) {
        reader.fail(name, "is missing");
        return out;
    }
    const auto* array = value->if_array();
    if (array == nullptr || array->empty()) {
        reader.fail(name, "must be a list with at least one entry");
        return out;
    }
    for (const auto& element : *array) {
        if (!element.is_string()) {
            reader.fail(name, "must be a list of texts");
            return out;
        }
        out.emplace_back(element.get_string());
    }
    return out;
}

std::string read_name(SettingsReader& reader, bool required) {
    auto name = required ? reader.required_text("name") : reader.text("name").value_or(std::string());
    bool printable =
        std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (name.size() > kMaxNameBytes || !printable || !is_valid_utf8(name))
        reader.fail("name", fmt::format("is not a name: 1 to {} bytes of text on one line", kMaxNameBytes));
    return name;
}

json::array to_array(const std::vector<std::string>& texts) {
    json::array out;
    for (const auto& text : texts) out.push_back(json::string(text));
    return out;
}

Error unreadable(std::string_view what) {
    return make_error(Errc::corrupt, fmt::format("{} in the data folder cannot be read", what),
                      "restore the data folder from a backup");
}

Result<std::string> digest_of(const json::value& text) {
    auto digest = text.is_string() ? hex_decode(std::string_view(text.get_string())) : std::nullopt;
    if (!digest || digest->size() != 32) return unreadable("a token's record");
    return std::move(*digest);
}

Result<Timestamp> time_of(const json::value& text) {
    if (!text.is_string()) return unreadable("a record's time");
    return parse_rfc3339(std::string_view(text.get_string()));
}

}  // namespace

std::uint32_t read_scopes(SettingsReader& reader) {
    std::uint32_t scopes = 0;
    for (const auto& text : read_texts(reader, "scopes")) {
        auto scope = parse_scope(text);
        if (!scope)
            reader.fail("scopes", fmt::format("has the unknown scope \"{}\"", text),
                        "known: SHARE:READ, SHARE:CREATE, SHARE:UPDATE, SHARE:DELETE, INTEGRATION:READ, "
                        "INTEGRATION:WRITE, METRICS:READ, ALL:ALL");
        else
            scopes |= static_cast<std::uint32_t>(*scope);
    }
    return scopes;
}

std::vector<std::string> scope_names(std::uint32_t scopes) {
    if (scopes == static_cast<std::uint32_t>(Scope::all)) return {std::string(to_string(Scope::all))};
    std::vector<std::string> names;
    for (auto scope : kEveryScope)
        if ((scopes & static_cast<std::uint32_t>(scope)) != 0) names.emplace_back(to_string(scope));
    return names;
}

std::vector<std::string> read_rec_types(SettingsReader& reader) {
    auto patterns = read_texts(reader, "recTypes");
    for (const auto& pattern : patterns)
        if (!is_valid_pattern(pattern))
            reader.fail("recTypes", fmt::format("has \"{}\", which is not a recType pattern", pattern),
                        "write it like io.microshare.** or io.*.unpacked");
    return patterns;
}

std::optional<Timestamp> read_expires(SettingsReader& reader) {
    auto text = reader.text("expires");
    if (!text) return std::nullopt;
    auto time = parse_rfc3339(*text);
    if (time) return *time;
    reader.fail("expires", "is not a time", "write it like 2027-01-31T00:00:00Z");
    return std::nullopt;
}

RateLimit read_rate(SettingsReader& limits, std::string_view per_second, std::string_view burst) {
    RateLimit rate;
    rate.per_second = static_cast<std::uint32_t>(limits.integer(per_second, 0, 0, kMaxRate));
    rate.burst = static_cast<std::uint32_t>(limits.integer(burst, 0, 0, kMaxRate));
    if (rate.burst != 0 && rate.per_second == 0) limits.fail(burst, fmt::format("says nothing without {}", per_second));
    return rate;
}

std::optional<RateLimit> read_token_limits(SettingsReader& reader) {
    std::optional<RateLimit> rate;
    reader.object("limits", [&](SettingsReader& limits) { rate = read_rate(limits); });
    return rate;
}

OrgDefinition read_org_definition(SettingsReader& reader) {
    OrgDefinition org;
    org.id = reader.required_text("id");
    if (!org.id.empty() && !is_valid_rec_type(org.id))
        reader.fail("id", "is not an org: dotted parts of letters, digits, - and _, at most 128 bytes");
    org.name = read_name(reader, false);
    reader.object("limits", [&](SettingsReader& limits) {
        org.limits.requests = read_rate(limits);
        if (limits.has("backlog")) org.limits.backlog = limits.bytes("backlog", 0);
    });
    return org;
}

Result<TokenRequest> parse_token_request(const json::object& body, const std::string& default_org, Timestamp now) {
    SettingsReader reader(body, "");
    TokenRequest token;
    token.name = read_name(reader, true);
    token.org = reader.text("org").value_or(default_org);
    if (!is_valid_rec_type(token.org)) reader.fail("org", "is not an org: dotted parts of letters, digits, - and _");
    token.is_operator = reader.boolean("operator", false);
    token.is_pipe = reader.has("recTypes");
    reader.allow({"scopes", "recTypes"});
    // Said or not, recTypes are what makes a pipe token.
    if (reader.boolean("pipe", token.is_pipe) != token.is_pipe)
        reader.fail("pipe", "does not go with what else is given", "a pipe token has recTypes, and no other has");
    if (token.is_pipe) {
        bool as_shown = reader.has("scopes") && read_scopes(reader) == static_cast<std::uint32_t>(Scope::share_create);
        if (reader.has("scopes") && !as_shown)
            reader.fail("scopes", "is given beside recTypes",
                        "a token with recTypes is a pipe token: it may only create");
        if (token.is_operator)
            reader.fail("operator", "is given beside recTypes", "a pipe token is never the operator's");
        token.rec_types = read_rec_types(reader);
        token.scopes = static_cast<std::uint32_t>(Scope::share_create);
    } else if (reader.has("scopes")) {
        token.scopes = read_scopes(reader);
    } else {
        reader.fail("scopes", "is missing", "give scopes, or recTypes for a pipe token");
    }
    token.expires = read_expires(reader);
    auto lifetime = reader.duration("lifetime", {});
    if (lifetime.count() > 0) {
        if (token.expires) reader.fail("lifetime", "is given beside expires", "give one of the two");
        token.expires = now + std::chrono::duration_cast<std::chrono::milliseconds>(lifetime);
    }
    if (token.expires && *token.expires <= now) reader.fail("expires", "is in the past");
    token.rate = read_token_limits(reader);
    if (auto done = reader.finish(); !done) return done.error();
    return token;
}

Result<OrgDefinition> parse_org(json::object body) {
    // As it is shown without one.
    if (const auto* name = body.if_contains("name"); name != nullptr && name->is_string() && name->get_string().empty())
        body.erase("name");
    SettingsReader reader(body, "");
    auto org = read_org_definition(reader);
    if (auto done = reader.finish(); !done) return done.error();
    return org;
}

json::object to_json(const RateLimit& rate) {
    json::object out;
    if (rate.per_second != 0) out["requests_per_second"] = rate.per_second;
    if (rate.burst != 0) out["request_burst"] = rate.burst;
    return out;
}

json::object to_json(const OrgDefinition& org) {
    auto limits = to_json(org.limits.requests);
    if (org.limits.backlog) limits["backlog"] = *org.limits.backlog;
    json::object out{{"id", org.id}};
    if (!org.name.empty()) out["name"] = org.name;
    if (!limits.empty()) out["limits"] = std::move(limits);
    return out;
}

std::string encode(const TokenRecord& record) {
    const auto& token = record.token;
    json::object out{{"id", record.id},
                     {"name", token.name},
                     {"org", token.org},
                     {"operator", token.is_operator},
                     {"created", format_rfc3339(record.created)},
                     {"created_by", record.created_by},
                     {"sha256", hex_lower(record.sha256)}};
    if (token.is_pipe)
        out["recTypes"] = to_array(token.rec_types);
    else
        out["scopes"] = to_array(scope_names(token.scopes));
    if (token.expires) out["expires"] = format_rfc3339(*token.expires);
    if (token.rate) out["limits"] = to_json(*token.rate);
    json::array previous;
    for (const auto& each : record.previous)
        previous.push_back(json::object{{"sha256", hex_lower(each.sha256)}, {"until", format_rfc3339(each.until)}});
    if (!previous.empty()) out["previous"] = std::move(previous);
    return json::serialize(out);
}

namespace {

Result<TokenRecord> read_token_record(json::object object) {
    TokenRecord record;
    auto sha256 = digest_of(object["sha256"]);
    if (!sha256) return sha256.error();
    record.sha256 = std::move(*sha256);
    if (const auto* previous = object["previous"].if_array()) {
        for (const auto& each : *previous) {
            auto digest = digest_of(each.at("sha256"));
            auto until = time_of(each.at("until"));
            if (!digest || !until) return unreadable("a token's record");
            record.previous.push_back({std::move(*digest), *until});
        }
    }
    auto created = time_of(object["created"]);
    if (!created) return created.error();
    record.created = *created;
    record.id = json::value_to<std::string>(object["id"]);
    record.created_by = json::value_to<std::string>(object["created_by"]);
    for (auto name : {"id", "created", "created_by", "sha256", "previous"}) object.erase(name);
    // What is left is what was asked for; it was good then, and an `expires` that has passed is so still.
    SettingsReader reader(object, "");
    auto& token = record.token;
    token.name = reader.required_text("name");
    token.org = reader.required_text("org");
    token.is_operator = reader.boolean("operator", false);
    token.is_pipe = reader.has("recTypes");
    if (token.is_pipe) token.rec_types = read_rec_types(reader);
    token.scopes = token.is_pipe ? static_cast<std::uint32_t>(Scope::share_create) : read_scopes(reader);
    token.expires = read_expires(reader);
    token.rate = read_token_limits(reader);
    if (auto done = reader.finish(); !done) return unreadable("a token's record");
    return record;
}

Result<OrgRecord> read_org_record(json::object object) {
    auto created = time_of(object["created"]);
    if (!created) return created.error();
    object.erase("created");
    auto definition = parse_org(object);
    if (!definition) return unreadable("an org's record");
    return OrgRecord{std::move(*definition), *created};
}

template <class Record>
Result<Record> decode(std::string_view text, Result<Record> (*read)(json::object), std::string_view what) {
    boost::system::error_code bad;
    auto value = json::parse(text, bad);
    if (bad || !value.is_object()) return unreadable(what);
    try {
        return read(std::move(value.get_object()));
    } catch (const std::exception&) {  // a member of another type than was written
        return unreadable(what);
    }
}

}  // namespace

Result<TokenRecord> decode_token_record(std::string_view text) {
    return decode(text, read_token_record, "a token's record");
}

std::string encode(const OrgRecord& record) {
    auto out = to_json(record.definition);
    out["created"] = format_rfc3339(record.created);
    return json::serialize(out);
}

Result<OrgRecord> decode_org_record(std::string_view text) {
    return decode(text, read_org_record, "an org's record");
}

}  // namespace sluice
