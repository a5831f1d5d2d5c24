#include "auth/aws_endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "auth/aws_environment.hpp"

namespace sluice::auth {
namespace {

struct Partition {
    std::string_view region_prefix;
    std::string_view name;
    std::string_view suffix;
    std::string_view dual_stack_suffix;  ///< empty: there is none
};

/// In order: the first prefix that fits counts. Source: the partitions file of AWS's SDKs.
constexpr std::array kPartitions = {
    Partition{"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    Partition{"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"},
    Partition{"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"},
    Partition{"us-isob-", "aws-iso-b", "sc2s.sgov.gov", ""},
    Partition{"us-isof-", "aws-iso-f", "csp.hci.ic.gov", ""},
    Partition{"us-iso-", "aws-iso", "c2s.ic.gov", ""},
    Partition{"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", ""},
    Partition{"", "aws", "amazonaws.com", "api.aws"},
};

const Partition& partition_of(std::string_view region) {
    return *std::find_if(kPartitions.begin(), kPartitions.end(),
                         [region](const Partition& partition) { return region.starts_with(partition.region_prefix); });
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_true(const std::optional<std::string>& variable) {
    if (!variable) return false;
    return *variable == "true" || *variable == "TRUE" || *variable == "True" || *variable == "1";
}

std::string upper_snake(std::string_view service) {
    std::string name(service);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return is_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c == '-' ? '_' : c;
    });
    return name;
}

}  // namespace

AwsEndpointOptions AwsEndpointOptions::from(const AwsEnvironment& environment, std::string_view service) {
    AwsEndpointOptions options;
    options.fips = is_true(environment.variable("AWS_USE_FIPS_ENDPOINT"));
    options.dual_stack = is_true(environment.variable("AWS_USE_DUALSTACK_ENDPOINT"));
    if (is_true(environment.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) return options;
    auto url = environment.variable("AWS_ENDPOINT_URL_" + upper_snake(service));
    if (!url) url = environment.variable("AWS_ENDPOINT_URL");
    options.override_url = url.value_or(std::string());
    return options;
}

Result<void> check_aws_region(std::string_view region) {
    constexpr auto kHint = "Give the region's code as the console's address bar shows it, such as eu-west-1.";
    auto is_part = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
    bool is_code = !region.empty() && region.size() <= 32 && is_lower(region.front()) && region.back() != '-' &&
                   std::all_of(region.begin(), region.end(), is_part);
    if (!is_code) return make_error(Errc::invalid_argument, "is not an AWS region", kHint);
    bool is_zone = region.size() > 2 && is_lower(region.back()) && is_digit(region[region.size() - 2]);
    if (is_zone) {
        return make_error(Errc::invalid_argument, "is an availability zone, not a region",
                          fmt::format("Give {} instead.", region.substr(0, region.size() - 1)));
    }
    return {};
}

Result<Endpoint> aws_endpoint(std::string_view service, std::string_view region, const AwsEndpointOptions& options) {
    if (!options.override_url.empty()) return Endpoint::parse(options.override_url);
    const auto& partition = partition_of(region);
    auto suffix = options.dual_stack ? partition.dual_stack_suffix : partition.suffix;
    if (suffix.empty()) {
        return make_error(Errc::unsupported, fmt::format("partition {} has no dual-stack endpoints", partition.name),
                          "Unset AWS_USE_DUALSTACK_ENDPOINT.");
    }
    return Endpoint{true, fmt::format("{}{}.{}.{}", service, options.fips ? "-fips" : "", region, suffix), 443};
}

std::optional<AwsArn> AwsArn::parse(std::string_view text) {
    std::array<std::string_view, 5> parts;
    for (auto& part : parts) {
        auto colon = text.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        part = text.substr(0, colon);
        text.remove_prefix(colon + 1);
    }
    if (parts[0] != "arn" || parts[1].empty() || parts[2].empty() || text.empty()) return std::nullopt;
    return AwsArn{std::string(parts[1]), std::string(parts[2]), std::string(parts[3]), std::string(parts[4]),
                  std::string(text)};
}

}  // namespace sluice::auth
