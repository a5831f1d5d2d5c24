#include "destinations/pubsub/recognition.hpp"

#include <utility>
#include <variant>

#include "auth/google_key_file.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/pubsub/topic_name.hpp"

namespace sluice::pubsub {
namespace {

/// What only Google's own files and keys have in them: whatever the parser says of these is worth telling.
bool is_of_google(std::string_view text) {
    for (std::string_view mark : {"service_account", "authorized_user", "external_account", "gserviceaccount.com",
                                  "googleapis.com", "accounts.google.com", "\"private_key\"", "project_info", "AIza"})
        if (text.find(mark) != std::string_view::npos) return true;
    return text.find("-----BEGIN PRIVATE KEY") != std::string_view::npos || text.find("ya29.") == 0;
}

}  // namespace

std::optional<Recognised> recognise(std::string_view text) {
    if (text.find("projects/") != std::string_view::npos && text.find('{') == std::string_view::npos) {
        auto topic = parse_topic_setting(text);
        if (topic) return Recognised{"the name of a Pub/Sub topic", "topic"};
        return Recognised{"a resource's name of Google Cloud", {}, topic.error()};
    }
    if (!is_of_google(text)) return std::nullopt;
    auto file = auth::read_google_key_file(text);
    if (!file) return Recognised{"a file or key of Google Cloud", {}, file.error()};
    bool is_account = std::holds_alternative<auth::GoogleServiceAccount>(*file);
    return Recognised{
        is_account ? "the key file of a Google service account" : "a person's sign-in to Google Cloud (gcloud)",
        "credentials"};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    auto add = [&facts](std::string_view name, std::string value) {
        if (!value.empty()) facts.push_back({std::string(name), std::move(value)});
    };
    auto topic = parse_topic_setting(reader.text("topic").value_or("{recType}"));
    auto project = reader.text("project").value_or("");
    if (project.empty() && topic) project = topic->project;
    std::string account;
    if (const auto* credentials = reader.value("credentials")) {
        auto file = auth::read_google_key_file(*credentials);
        const auto* key = file ? std::get_if<auth::GoogleServiceAccount>(&*file) : nullptr;
        if (key != nullptr) {
            account = key->client_email;
            if (project.empty()) project = key->project_id;
        }
    }
    add("project", project);
    add("service account", account);
    if (topic) add("topic", topic->id == "{recType}" ? "one for each recType" : topic->id);
    add("host", reader.text("endpoint").value_or(""));
    return facts;
}

}  // namespace sluice::pubsub
