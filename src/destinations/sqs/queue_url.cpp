#include "destinations/sqs/queue_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "auth/aws_access_key.hpp"
#include "auth/aws_endpoint.hpp"
#include "base/pasted_text.hpp"

namespace sluice::sqs {
namespace {

constexpr std::size_t kMaxQueueName = 80;
constexpr std::size_t kAccountDigits = 12;
constexpr std::string_view kFifoSuffix = ".fifo";
constexpr std::string_view kForm = "It has the form https://sqs.eu-west-1.amazonaws.com/123456789012/name.";

Error refused(std::string message, std::string hint = std::string(kForm)) {
    return make_error(Errc::invalid_argument, std::move(message), std::move(hint));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_queue_name(std::string_view name) {
    if (name.size() > kMaxQueueName) return false;
    if (name.ends_with(kFifoSuffix)) name.remove_suffix(kFifoSuffix.size());
    auto is_allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_allowed);
}

bool is_account(std::string_view text) {
    return text.size() == kAccountDigits && std::all_of(text.begin(), text.end(), is_digit);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool is_aws_host(std::string_view host) {
    return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || host.ends_with(".amazonaws.eu") ||
           host.ends_with(".api.aws");
}

/// `sqs.eu-west-1.…`, `sqs-fips.eu-west-1.…`, `vpce-….sqs.eu-west-1.…`; `queue.…` and `eu-west-1.queue.…` of old.
void read_host(QueueUrl& url) {
    auto labels = split(url.endpoint.host, '.');
    for (std::size_t i = 0; i + 1 < labels.size(); ++i) {
        bool names_service = labels[i] == "sqs" || labels[i] == "sqs-fips";
        if (names_service && labels[i + 1].find('-') != std::string_view::npos &&
            auth::check_aws_region(labels[i + 1])) {
            url.region = labels[i + 1];
            return;
        }
    }
    if (!is_aws_host(url.endpoint.host)) return;
    if (labels[0] == "queue") {
        url.legacy_host = true;
        url.region = "us-east-1";
    } else if (labels[1] == "queue") {
        url.legacy_host = true;
        url.region = labels[0];
    }
}

Error not_a_url(std::string_view text) {
    if (auto arn = auth::AwsArn::parse(text); arn && arn->service == "sqs") {
        return refused("is the queue's ARN, not its URL",
                       fmt::format("Give the URL that stands beside it: https://sqs.{}.{}/{}/{}.", arn->region,
                                   arn->partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com", arn->account,
                                   arn->resource));
    }
    if (is_queue_name(text)) return refused("is a queue's name, not its URL");
    return refused("is not a URL");
}

}  // namespace

Result<QueueUrl> parse_queue_url(std::string_view pasted) {
    std::string_view text = clean_pasted(pasted);
    while (text.ends_with('/')) text.remove_suffix(1);
    if (text.empty()) return refused("is empty");
    auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return not_a_url(text);
    if (text.find_first_of("?#") != std::string_view::npos) {
        return refused("is not a queue's URL",
                       "Copy the URL from the queue's details, not from the browser's address bar.");
    }

    auto path_start = text.find('/', scheme_end + 3);
    auto endpoint = Endpoint::parse(text.substr(0, path_start));
    if (!endpoint) return refused("is not a URL: " + endpoint.error().message);
    QueueUrl url;
    url.text = text;
    url.endpoint = std::move(*endpoint);
    if (url.endpoint.host.find("console.aws") != std::string::npos) {
        return refused("is the console's address, not the queue's URL", "Copy the URL from the queue's details.");
    }
    if (path_start == std::string_view::npos) return refused("names no queue");

    auto segments = split(text.substr(path_start + 1), '/');
    url.name = segments.back();
    if (segments.size() >= 2) url.account = segments[segments.size() - 2];
    if (!is_queue_name(url.name)) {
        return refused(
            "does not end in a queue's name: letters, digits, `_` and `-`, at most 80, `.fifo` at the end of a "
            "FIFO queue's");
    }
    read_host(url);
    if (is_aws_host(url.endpoint.host) && (segments.size() != 2 || !is_account(url.account))) {
        return refused("has no account: twelve digits before the queue's name");
    }
    url.fifo = url.name.ends_with(kFifoSuffix);
    return url;
}

}  // namespace sluice::sqs
