#include "destinations/sqs/config.hpp"

#include <algorithm>
#include <utility>

#include "auth/aws_endpoint.hpp"
#include "destination/settings_reader.hpp"

namespace sluice::sqs {
namespace {

constexpr std::string_view kService = "sqs";

std::string lowered(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return lower;
}

void read_queue_url(SettingsReader& settings, Config& config) {
    auto given = settings.text("queue_url");
    if (!given) {
        settings.fail("queue_url", "is missing", "Copy the URL from the queue's details in the SQS console.");
        return;
    }
    auto url = parse_queue_url(*given);
    if (url) {
        config.queue = std::move(*url);
    } else {
        settings.fail("queue_url", url.error().message, url.error().hint);
    }
}

void read_region(SettingsReader& settings, Config& config) {
    config.region = config.queue.region;
    if (auto given = settings.text("region")) {
        config.region = lowered(*given);
        bool differs = !config.queue.region.empty() && config.region != config.queue.region;
        // An endpoint may stand in for any region; without one, requests would go to the URL's.
        if (differs && !settings.has("endpoint")) {
            settings.fail("region", "is not the region of queue_url, which is " + config.queue.region,
                          "Leave region out: the URL has it.");
        }
    }
    if (config.region.empty()) {
        if (settings.ok()) {
            settings.fail("region", "is missing, and queue_url does not name it",
                          "Give the queue's region, such as eu-west-1.");
        }
    } else if (auto region = auth::check_aws_region(config.region); !region) {
        settings.fail("region", region.error().message, region.error().hint);
    }
}

void read_fifo_settings(SettingsReader& settings, Config& config) {
    config.message_group_id = settings.text_template("message_group_id");
    config.deduplication_id = settings.text_template("deduplication_id");
    if (config.deduplication_id && !config.queue.fifo && settings.ok()) {
        settings.fail("deduplication_id", "is for FIFO queues, whose names end in .fifo",
                      "Leave it out: a standard queue does not tell duplicates.");
    }
}

void read_credentials(SettingsReader& settings, Config& config, const DestinationContext& context,
                      const auth::AwsEnvironment& environment) {
    const auto* credentials = settings.value("credentials");
    if (!credentials) {
        settings.fail("credentials", "is missing", "Paste the access key's CSV: credentials: {csv: \"…\"}.");
        return;
    }
    auth::AwsCredentialRules rules{context.operator_owned,
                                   auth::aws_external_id_for(context.org, context.integration_id)};
    auto parsed = auth::parse_aws_credentials(*credentials, settings.path_of("credentials"), rules, environment);
    if (parsed) {
        config.credentials = std::move(*parsed);
    } else {
        settings.fail(parsed.error());
    }
}

/// Where requests go when no `endpoint` is given: the URL's own host, unless that is one of the region's usual hosts,
/// for which the operator's environment may name another (FIPS, dual stack).
Result<Endpoint> usual_endpoint(const Config& config, const DestinationContext& context,
                                const auth::AwsEnvironment& environment) {
    auto options = auth::AwsEndpointOptions::from(environment, kService);
    // Where the operator's environment sends AWS's traffic is for the operator's own integrations.
    if (!context.operator_owned) options.override_url.clear();
    auto regional = auth::aws_endpoint(kService, config.region, {});
    bool is_usual = config.queue.legacy_host || (regional && *regional == config.queue.endpoint);
    if (is_usual || !options.override_url.empty()) return auth::aws_endpoint(kService, config.region, options);
    return config.queue.endpoint;
}

}  // namespace

Result<Config> parse_config(const boost::json::object& object, const DestinationContext& context,
                            const auth::AwsEnvironment& environment) {
    SettingsReader settings(object, "destination");
    settings.allow({"type"});
    Config config;
    read_queue_url(settings, config);
    read_region(settings, config);
    read_fifo_settings(settings, config);
    config.verify_md5 = settings.boolean("verify_md5", true);
    read_credentials(settings, config, context, environment);

    std::optional<Endpoint> usual;
    if (settings.ok()) {
        auto endpoint = usual_endpoint(config, context, environment);
        if (!endpoint) return endpoint.error();
        usual = std::move(*endpoint);
    }
    auto connection = read_connection_settings(settings, context, usual);
    if (!connection.endpoint && usual) {
        if (auto allowed = check_endpoint(*usual, context); !allowed) {
            settings.fail("queue_url", allowed.error().message, allowed.error().hint);
        }
    }
    if (auto finished = settings.finish(); !finished) return finished.error();
    config.connect = connection.connect;
    config.endpoint = connection.endpoint ? std::move(*connection.endpoint) : std::move(*usual);
    return config;
}

}  // namespace sluice::sqs
