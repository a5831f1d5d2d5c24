#include "destinations/sqs/recognition.hpp"

#include <utility>

#include "auth/aws_access_key.hpp"
#include "auth/aws_credential_settings.hpp"
#include "auth/aws_endpoint.hpp"
#include "base/pasted_text.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/sqs/queue_url.hpp"

namespace sluice::sqs {
namespace {

/// URLs that are a queue's, or that people take for one.
bool is_of_sqs(std::string_view text) {
    if (auto arn = auth::AwsArn::parse(text)) return arn->service == "sqs";
    if (text.find("://") == std::string_view::npos) return false;
    if (text.find("console.aws") != std::string_view::npos) return text.find("/sqs") != std::string_view::npos;
    auto url = parse_queue_url(text);
    // Elsewhere than at AWS's hosts, an account before the name is what tells it from other addresses.
    if (url) return !url->region.empty() || url->account.size() == 12;
    return text.find("://sqs.") != std::string_view::npos;
}

}  // namespace

std::optional<Recognised> recognise(std::string_view text) {
    if (auth::is_from_aws_iam(text)) {
        auto key = auth::parse_pasted_access_key(text);
        if (key) return Recognised{"an access key of AWS", "credentials.csv"};
        return Recognised{"an access key of AWS", {}, key.error()};
    }
    if (!is_of_sqs(clean_pasted(text))) return std::nullopt;
    auto url = parse_queue_url(text);
    if (!url) return Recognised{"an address of SQS", {}, url.error()};
    return Recognised{url->fifo ? "the URL of an SQS FIFO queue" : "the URL of an SQS queue", "queue_url"};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    auto add = [&facts](std::string_view name, std::string value) {
        if (!value.empty()) facts.push_back({std::string(name), std::move(value)});
    };
    std::string region, host;
    if (auto text = reader.text("queue_url")) {
        if (auto url = parse_queue_url(*text)) {
            add("queue", url->name);
            add("kind of queue", url->fifo ? "FIFO" : "standard");
            add("account", url->account);
            region = url->region;
            host = url->endpoint.host;
        }
    }
    if (auto given = reader.text("region")) region = std::move(*given);
    add("region", region);
    if (const auto* credentials = reader.value("credentials"))
        if (auto whose = auth::describe_aws_credentials(*credentials)) add(whose->first, whose->second);
    add("host", reader.text("endpoint").value_or(host));
    return facts;
}

}  // namespace sluice::sqs
