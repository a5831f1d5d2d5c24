#include "destinations/event_hubs/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "destination/settings_reader.hpp"
#include "destinations/event_hubs/hub_names.hpp"
#include "http/ascii.hpp"

namespace sluice::event_hubs {
namespace {

constexpr std::uint16_t kKafkaPort = 9093;
constexpr std::uint16_t kEmulatorKafkaPort = 9092;
constexpr std::string_view kAuthorityHost = "login.microsoftonline.com";
// https://learn.microsoft.com/azure/event-hubs/event-hubs-features ("Namespace"), and the sovereign clouds'.
constexpr std::array<std::string_view, 3> kAzureDomains{".servicebus.windows.net", ".servicebus.chinacloudapi.cn",
                                                        ".servicebus.usgovcloudapi.net"};
constexpr std::string_view kPaste =
    "Paste the namespace's connection string: Event Hubs namespace → Shared access policies → a policy → Connection "
    "string–primary key.";

void read_connection_string(SettingsReader& settings, Config& config) {
    auto given = settings.secret("connection_string");
    if (!given) return settings.fail("connection_string", "is missing", std::string(kPaste));
    auto parsed = parse_connection_string(given->reveal());
    if (!parsed) return settings.fail("connection_string", parsed.error().message, parsed.error().hint);
    config.credentials = std::move(*parsed);
    if (config.protocol == Protocol::kafka && !config.credentials.signature.empty()) {
        settings.fail("connection_string", "has a SharedAccessSignature, which the Kafka endpoint does not take",
                      "Set protocol: https, or paste a string with a SharedAccessKey.");
    }
}

/// `namespace` as people write it: `building`, `building.servicebus.windows.net`.
void read_namespace(SettingsReader& settings, Config& config) {
    auto given = settings.text("namespace");
    if (!given)
        return settings.fail("namespace", "is missing", "The namespace's host name, as its overview page shows it.");
    std::string host = *given;
    for (char& c : host)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (host.find('.') == std::string::npos && host != "localhost") host += ".servicebus.windows.net";
    bool plain = !host.empty();
    for (char c : host) plain = plain && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-');
    if (!plain) {
        return settings.fail("namespace", "is not a namespace's host name",
                             "As its overview page shows it: building.servicebus.windows.net, without sb:// or port.");
    }
    config.credentials.host = std::move(host);
}

void read_authority(SettingsReader& credentials, const DestinationContext& context, auth::EntraSettings& entra) {
    auto given = credentials.text("authority");
    auto authority = Endpoint::parse(given ? *given : fmt::format("https://{}", kAuthorityHost));
    if (!authority)
        return credentials.fail("authority", "is not an endpoint: " + authority.error().message,
                                authority.error().hint);
    if (auto allowed = check_endpoint(*authority, context); !allowed)
        return credentials.fail("authority", allowed.error().message, allowed.error().hint);
    entra.authority = std::move(*authority);
}

void read_entra(SettingsReader& settings, const DestinationContext& context, Config& config) {
    read_namespace(settings, config);
    settings.object("credentials", [&](SettingsReader& credentials) {
        auth::EntraSettings entra;
        entra.tenant_id = credentials.required_text("tenant_id");
        entra.client_id = credentials.required_text("client_id");
        if (auto secret = credentials.secret("client_secret")) {
            entra.client_secret = std::move(*secret);
        } else {
            credentials.fail("client_secret", "is missing",
                             "App registrations → the application → Certificates & secrets: the secret's Value.");
        }
        read_authority(credentials, context, entra);
        if (auto sound = auth::check_entra_ids(entra); !sound && credentials.ok())
            credentials.fail(sound.error().message.starts_with("tenant") ? "tenant_id" : "client_id", "is not one",
                             sound.error().hint);
        config.entra = std::move(entra);
    });
    if (!config.entra && settings.ok()) settings.fail("credentials", "is missing");
    if (!config.entra) return;
    // The Kafka endpoint asks for a token of the namespace itself.
    config.entra->scope = config.protocol == Protocol::kafka ? "https://" + config.credentials.host + "/.default"
                                                             : "https://eventhubs.azure.net/.default";
}

void read_hub(SettingsReader& settings, Config& config) {
    config.hub = settings.text_template("hub");
    if (!config.hub) return;
    const auto& entity = config.credentials.entity_path;
    if (!config.hub->is_literal()) {
        if (!entity.empty())
            settings.fail("hub", "is a template, but the connection string is good for one hub only (EntityPath)",
                          "Leave hub out, or paste the connection string of one of the namespace's policies.");
        return;
    }
    const auto& name = config.hub->source();
    if (auto fits = check_hub_name(name); !fits) return settings.fail("hub", fits.error().message, fits.error().hint);
    if (!entity.empty() && !http::equal_ignoring_case(entity, name))
        settings.fail("hub", "is not the hub that the connection string is for (EntityPath)",
                      "Leave hub out, or paste the connection string of one of the namespace's policies.");
}

Endpoint usual_endpoint(const Config& config) {
    bool emulator = config.credentials.development_emulator;
    Endpoint endpoint{!emulator, config.credentials.host, kKafkaPort};
    if (config.protocol == Protocol::https) {
        endpoint.port = config.credentials.port.value_or(emulator ? 80 : 443);
    } else if (emulator) {
        endpoint.port = kEmulatorKafkaPort;
    }
    return endpoint;
}

bool is_azures(std::string_view host) {
    return std::any_of(kAzureDomains.begin(), kAzureDomains.end(), [host](std::string_view domain) {
        return host.size() > domain.size() &&
               http::equal_ignoring_case(host.substr(host.size() - domain.size()), domain);
    });
}

/// Kafka's own client starts a thread and a pipe for each of the brokers that an answer names, ten thousand at most,
/// and keeps them: the whole process feels who answers. It is let loose on Azure only, whose name its certificate has
/// to bear, and on what the operator chose.
void check_who_answers_kafka(SettingsReader& settings, const DestinationContext& context, const Endpoint& endpoint,
                             std::string_view member) {
    bool is_sandbox = context.allow_loopback && is_loopback_host(endpoint.host);
    if (context.operator_owned || is_sandbox || is_azures(endpoint.host)) return;
    settings.fail(member, "names a host that is not one of Azure's, and protocol is kafka",
                  "Set protocol: https. Over Kafka a tenant's integration reaches hosts under servicebus.windows.net, "
                  "servicebus.chinacloudapi.cn and servicebus.usgovcloudapi.net only.");
}

/// Kafka's own client connects there, and it knows no proxies.
void check_kafka_settings(SettingsReader& settings, const Config& config) {
    if (config.protocol != Protocol::kafka) {
        if (config.idempotence)
            settings.fail("idempotence", "is of the Kafka protocol, and protocol is https", "Leave one of them out.");
        if (config.gzip)
            settings.fail("compression", "is of the Kafka protocol, and protocol is https", "Leave one of them out.");
    } else if (config.connect.proxy) {
        settings.fail("proxy", "cannot be used with protocol: kafka",
                      "Set protocol: https, which goes through proxies.");
    }
}

}  // namespace

std::string Config::fixed_hub() const {
    if (hub) return hub->is_literal() ? hub->source() : std::string();
    return credentials.entity_path;
}

std::string Config::place() const {
    std::string names = hub ? hub->source() : credentials.entity_path;
    return credentials.host + " " + (names.empty() ? "{recType}" : names);
}

Result<Config> parse_config(const boost::json::object& object, const DestinationContext& context) {
    SettingsReader settings(object, "destination");
    settings.allow({"type"});
    Config config;
    config.content_type = context.content_type;
    config.keyed = context.keyed;
    config.org = context.org;
    config.protocol =
        settings.choice("protocol", Protocol::kafka, {{"kafka", Protocol::kafka}, {"https", Protocol::https}});
    bool by_entra = settings.has("namespace") || settings.has("credentials");
    if (by_entra && settings.has("connection_string")) {
        settings.fail("connection_string", "is given beside namespace and credentials", "Leave one of them out.");
    }
    if (by_entra) {
        settings.allow({"connection_string"});
        read_entra(settings, context, config);
    } else {
        settings.allow({"namespace", "credentials"});
        read_connection_string(settings, config);
    }
    if (settings.ok()) read_hub(settings, config);
    settings.allow({"hub"});
    config.create_hubs = settings.boolean("create_hubs", true);
    config.partitions = settings.integer("partitions", kDefaultPartitions, 1, kMostPartitions);
    config.max_targets = settings.integer("max_targets", kDefaultMaxTargets, 1, 100'000);
    config.gzip = settings.choice("compression", false, {{"none", false}, {"gzip", true}});
    config.max_message_bytes =
        settings.bytes("max_message_bytes", kDefaultMaxMessageBytes, kLeastMaxMessageBytes, kMostMaxMessageBytes);
    config.idempotence = settings.boolean("idempotence", false);

    std::optional<Endpoint> usual;
    if (settings.ok()) usual = usual_endpoint(config);
    auto connection = read_connection_settings(settings, context, usual);
    config.connect = connection.connect;
    config.to_entra = connection.connect;
    // The endpoint's certificate is not Entra's, unless a stand-in is both.
    bool own_authority = config.entra && config.entra->authority.host != kAuthorityHost;
    if (!own_authority) config.to_entra.tls = {};
    if (config.entra && !is_loopback_host(config.entra->authority.host)) config.to_entra.tls.insecure = false;
    check_kafka_settings(settings, config);
    const std::string_view names_the_host = by_entra ? "namespace" : "connection_string";
    if (!connection.endpoint && usual) {
        if (auto allowed = check_endpoint(*usual, context); !allowed) {
            settings.fail(names_the_host, "names a host that may not be connected to: it " + allowed.error().message,
                          allowed.error().hint);
        }
    }
    if (config.protocol == Protocol::kafka && settings.ok()) {
        if (connection.endpoint)
            check_who_answers_kafka(settings, context, *connection.endpoint, "endpoint");
        else if (usual)
            check_who_answers_kafka(settings, context, *usual, names_the_host);
    }
    if (auto finished = settings.finish(); !finished) return finished.error();
    config.endpoint = connection.endpoint ? std::move(*connection.endpoint) : std::move(*usual);
    return config;
}

}  // namespace sluice::event_hubs
