#include "destinations/kinesis/recognition.hpp"

#include <utility>

#include "auth/aws_access_key.hpp"
#include "auth/aws_credential_settings.hpp"
#include "auth/aws_endpoint.hpp"
#include "base/pasted_text.hpp"
#include "destination/settings_reader.hpp"
#include "destinations/kinesis/config.hpp"

namespace sluice::kinesis {

std::optional<Recognised> recognise(std::string_view text) {
    if (auth::is_from_aws_iam(text)) {
        auto key = auth::parse_pasted_access_key(text);
        if (key) return Recognised{"an access key of AWS", "credentials.csv"};
        return Recognised{"an access key of AWS", {}, key.error()};
    }
    auto arn = auth::AwsArn::parse(clean_pasted(text));
    if (!arn || arn->service != "kinesis") return std::nullopt;
    auto stream = stream_of(*arn);
    if (stream) return Recognised{"the ARN of a Kinesis data stream", "stream_arn"};
    return Recognised{"an ARN of Kinesis", {}, stream.error()};
}

std::vector<SettingsFact> describe(const boost::json::object& settings) {
    SettingsReader reader(settings, "destination");
    std::vector<SettingsFact> facts;
    auto add = [&facts](std::string_view name, std::string value) {
        if (!value.empty()) facts.push_back({std::string(name), std::move(value)});
    };
    std::string region;
    if (auto given = reader.text("region")) region = std::move(*given);
    if (auto text = reader.text("stream_arn")) {
        auto arn = auth::AwsArn::parse(*text);
        auto stream = arn ? stream_of(*arn) : Result<std::string>(Error{});
        if (stream) {
            add("stream", std::move(*stream));
            add("account", arn->account);
            region = arn->region;
        }
    }
    add("stream", reader.text("stream").value_or(""));
    add("region", region);
    if (const auto* credentials = reader.value("credentials"))
        if (auto whose = auth::describe_aws_credentials(*credentials)) add(whose->first, whose->second);
    if (auto endpoint = reader.text("endpoint")) {
        add("host", *endpoint);
    } else if (auth::check_aws_region(region)) {
        if (auto usual = auth::aws_endpoint("kinesis", region, {})) add("host", usual->host);
    }
    return facts;
}

}  // namespace sluice::kinesis
