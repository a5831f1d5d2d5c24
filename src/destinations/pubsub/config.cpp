#include "destinations/pubsub/config.hpp"

#include <utility>
#include <variant>

#include "auth/aws_environment.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/pubsub/topic_name.hpp"

namespace sluice::pubsub {
namespace {

constexpr std::string_view kUsualHost = "pubsub.googleapis.com";
constexpr std::string_view kTopicPerRecType = "{recType}";
constexpr std::string_view kPlainJson = "application/json";
/// Topics that a project may have (https://cloud.google.com/pubsub/quotas).
constexpr std::size_t kMostTargets = 10'000;

enum class OrderingKeys { automatic, on, off };

void keep_credentials(SettingsReader& settings, std::string_view member, const boost::json::value& given,
                      const DestinationContext& context, Config& config) {
    auto parsed = auth::parse_google_credentials(given, context.operator_owned);
    if (!parsed) {
        settings.fail(member, parsed.error().message, parsed.error().hint);
        return;
    }
    if (const auto* user = std::get_if<auth::GoogleAuthorizedUser>(&*parsed)) {
        if (auto allowed = check_endpoint(user->token_endpoint, context); !allowed) {
            settings.fail(member, "has a token_uri that " + allowed.error().message, allowed.error().hint);
            return;
        }
    }
    config.credentials = std::move(*parsed);
}

void read_credentials(SettingsReader& settings, const DestinationContext& context, Config& config) {
    if (const auto* given = settings.value("credentials"))
        keep_credentials(settings, "credentials", *given, context, config);
}

void read_topic(SettingsReader& settings, Config& config, std::string& project_of_topic) {
    auto given = settings.text("topic");
    auto setting = parse_topic_setting(given.value_or(std::string(kTopicPerRecType)));
    if (!setting) {
        settings.fail("topic", setting.error().message, setting.error().hint);
        return;
    }
    auto parsed = TextTemplate::parse(setting->id);
    if (!parsed) {
        settings.fail("topic", "is not a template: " + parsed.error().message, parsed.error().hint);
        return;
    }
    if (parsed->is_literal()) {
        if (auto good = check_topic_id(setting->id); !good) {
            settings.fail("topic", good.error().message, "A topic of a fixed name, or a template such as {recType}.");
        }
    }
    project_of_topic = std::move(setting->project);
    config.topic = std::move(*parsed);
}

/// The project of the topics: as told, else as the topic's full name has it, else the credentials' own.
void read_project(SettingsReader& settings, const std::string& project_of_topic, Config& config) {
    auto given = settings.text("project");
    if (given && !project_of_topic.empty() && *given != project_of_topic) {
        settings.fail("project", "is not the project that topic names", "Leave one of the two out.");
    }
    config.project = given ? *given : project_of_topic;
    if (config.project.empty() && config.credentials) {
        if (const auto* account = std::get_if<auth::GoogleServiceAccount>(&*config.credentials)) {
            config.project = account->project_id;
        }
    }
    if (config.project.empty()) {
        // Credentials that could not be read may have named it.
        if (settings.ok()) settings.fail("project", "is missing, and the credentials do not name it", "Give its ID.");
        return;
    }
    if (auto good = check_project(config.project); !good) {
        settings.fail("project", good.error().message, good.error().hint);
    }
}

void read_ordering_keys(SettingsReader& settings, const DestinationContext& context, Config& config) {
    auto wanted =
        settings.choice("ordering_keys", OrderingKeys::automatic,
                        {{"auto", OrderingKeys::automatic}, {"true", OrderingKeys::on}, {"false", OrderingKeys::off}});
    if (wanted == OrderingKeys::on && !context.keyed) {
        settings.fail("ordering_keys", "is true although the integration has ordering: none",
                      "Set ordering: key, or leave ordering_keys out.");
    }
    config.ordering_keys = wanted == OrderingKeys::automatic ? context.keyed : wanted == OrderingKeys::on;
}

}  // namespace

Result<Config> parse_config(const boost::json::object& object, const DestinationContext& context) {
    // `true` and `false` are words here, and everybody writes them without quotes.
    boost::json::object plain = object;
    if (auto* keys = plain.if_contains("ordering_keys"); keys != nullptr && keys->is_bool()) {
        *keys = keys->get_bool() ? "true" : "false";
    }
    SettingsReader settings(plain, "destination");
    settings.allow({"type"});
    Config config;
    read_credentials(settings, context, config);
    std::string project_of_topic;
    read_topic(settings, config, project_of_topic);
    read_project(settings, project_of_topic, config);
    config.create_topics = settings.boolean("create_topics", true);
    config.max_targets = settings.integer("max_targets", config.max_targets, 1, kMostTargets);
    read_ordering_keys(settings, context, config);
    config.compress = settings.choice("compression", false, {{"none", false}, {"gzip", true}});
    if (context.content_type != kPlainJson) config.content_type = context.content_type;

    const Endpoint usual{true, std::string(kUsualHost), 443};
    auto connection = read_connection_settings(settings, context, usual);
    if (auto finished = settings.finish(); !finished) return finished.error();
    config.endpoint = connection.endpoint ? std::move(*connection.endpoint) : usual;
    config.connect = connection.connect;
    if (!config.credentials && config.endpoint.tls) {
        return make_error(Errc::invalid_argument, "destination.credentials is missing",
                          "Paste the service account's .json key file. Only an emulator, at an endpoint with http://, "
                          "needs none.");
    }
    return config;
}

}  // namespace sluice::pubsub
