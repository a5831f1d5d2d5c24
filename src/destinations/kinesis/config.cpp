#include "destinations/kinesis/config.hpp"

#include <algorithm>
#include <utility>

#include "destination/settings_reader.hpp"

namespace sluice::kinesis {
namespace {

constexpr std::size_t kMaxStreamName = 128;
constexpr std::string_view kArnForm = "It has the form arn:aws:kinesis:eu-west-1:123456789012:stream/name.";

std::string lowered(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return text;
}

/// `stream_arn`: names the stream, and the region unless that is given too.
void read_stream_arn(SettingsReader& settings, Config& config) {
    auto given = settings.text("stream_arn");
    if (!given) return;
    auto arn = auth::AwsArn::parse(*given);
    auto stream = stream_of(arn.value_or(auth::AwsArn()));
    if (!stream) return settings.fail("stream_arn", stream.error().message, stream.error().hint);
    if (!config.region.empty() && config.region != arn->region) {
        settings.fail("region", "is not the region of stream_arn", "Leave region out: the ARN has it.");
    }
    config.region = arn->region;
    config.stream = TextTemplate::literal(std::move(*stream));
    config.stream_arn = std::move(*given);
}

void read_stream(SettingsReader& settings, Config& config) {
    if (settings.has("stream_arn") == settings.has("stream")) {
        settings.allow({"stream", "stream_arn"});
        settings.fail("stream", settings.has("stream") ? "and stream_arn cannot both be given" : "is missing",
                      "Give the stream's name as stream, or its ARN as stream_arn.");
        return;
    }
    read_stream_arn(settings, config);
    auto stream = settings.text_template("stream");
    if (!stream) return;
    if (stream->source().starts_with("arn:")) {
        settings.fail("stream", "is an ARN", "Give it as stream_arn.");
    } else if (stream->is_literal() && !is_valid_stream_name(stream->source())) {
        settings.fail("stream", "is not the name of a stream: letters, digits, `_`, `.` and `-`, at most 128");
    }
    config.stream = std::move(*stream);
}

void read_region(SettingsReader& settings, const Config& config) {
    if (config.region.empty()) {
        if (settings.ok()) settings.fail("region", "is missing", "Give the stream's region, such as eu-west-1.");
    } else if (auto region = auth::check_aws_region(config.region); !region) {
        settings.fail("region", region.error().message, region.error().hint);
    }
}

}  // namespace

Result<std::string> stream_of(const auth::AwsArn& arn) {
    constexpr std::string_view kStream = "stream/";
    std::string_view name = arn.resource;
    bool is_stream = arn.service == "kinesis" && name.starts_with(kStream);
    if (is_stream) name.remove_prefix(kStream.size());
    if (is_stream && is_valid_stream_name(name)) return std::string(name);
    return make_error(Errc::invalid_argument, "is not the ARN of a data stream", std::string(kArnForm));
}

bool is_valid_stream_name(std::string_view name) noexcept {
    auto is_allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    return !name.empty() && name.size() <= kMaxStreamName && std::all_of(name.begin(), name.end(), is_allowed);
}

Result<Config> parse_config(const boost::json::object& object, const DestinationContext& context,
                            const auth::AwsEnvironment& environment) {
    SettingsReader settings(object, "destination");
    settings.allow({"type"});
    Config config;
    if (auto region = settings.text("region")) config.region = lowered(std::move(*region));
    read_stream(settings, config);
    read_region(settings, config);

    config.aggregation =
        settings.choice("aggregation", Aggregation::none, {{"none", Aggregation::none}, {"kpl", Aggregation::kpl}});
    config.partition_key = settings.text_template("partition_key");
    if (config.partition_key && config.aggregation == Aggregation::kpl) {
        settings.fail("partition_key", "cannot be given with aggregation: kpl, which packs the events of one key",
                      "Set the integration's key instead.");
    }

    if (const auto* credentials = settings.value("credentials")) {
        auth::AwsCredentialRules rules{context.operator_owned,
                                       auth::aws_external_id_for(context.org, context.integration_id)};
        auto parsed = auth::parse_aws_credentials(*credentials, settings.path_of("credentials"), rules, environment);
        if (parsed) {
            config.credentials = std::move(*parsed);
        } else {
            settings.fail(parsed.error());
        }
    } else {
        settings.fail("credentials", "is missing", "Paste the access key's CSV: credentials: {csv: \"…\"}.");
    }

    auto connection = read_connection_settings(settings, context);
    if (auto finished = settings.finish(); !finished) return finished.error();

    config.connect = connection.connect;
    if (connection.endpoint) {
        config.endpoint = std::move(*connection.endpoint);
        return config;
    }
    auto options = auth::AwsEndpointOptions::from(environment, "kinesis");
    // Where the operator's environment sends AWS's traffic is for the operator's own integrations.
    if (!context.operator_owned) options.override_url.clear();
    auto endpoint = auth::aws_endpoint("kinesis", config.region, options);
    if (!endpoint) return endpoint.error();
    if (auto allowed = check_endpoint(*endpoint, context); !allowed) {
        return make_error(allowed.error().code, "AWS_ENDPOINT_URL " + allowed.error().message, allowed.error().hint);
    }
    config.endpoint = std::move(*endpoint);
    return config;
}

}  // namespace sluice::kinesis
