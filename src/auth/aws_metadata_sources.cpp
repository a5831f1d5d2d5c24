// Credentials that the machine itself hands out: of a container, of an EC2 instance.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <utility>

#include "auth/aws_credential_sources.hpp"
#include "auth/aws_credentials_json.hpp"
#include "base/pasted_text.hpp"
#include "http/client.hpp"

namespace sluice::auth {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64 << 10;
constexpr std::chrono::seconds kContainerLimit{2};
constexpr int kContainerAttempts = 3;
constexpr std::chrono::seconds kInstanceLimit{1};
constexpr std::string_view kInstanceV4 = "http://169.254.169.254";
constexpr std::string_view kInstanceV6 = "http://[fd00:ec2::254]";
constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";

/// A URL of these two: its endpoint and what comes after it.
struct MetadataUrl {
    Endpoint endpoint;
    std::string target;
};

Result<MetadataUrl> split_url(std::string_view url) {
    auto authority = url.find("://");
    auto slash =
        authority == std::string_view::npos ? url.size() : std::min(url.find_first_of("/?", authority + 3), url.size());
    auto endpoint = Endpoint::parse(url.substr(0, slash));
    if (!endpoint) return endpoint.error();
    std::string target(url.substr(slash));
    if (!target.starts_with('/')) target.insert(0, "/");
    return MetadataUrl{std::move(*endpoint), std::move(target)};
}

/// Plain HTTP only to where a container's agent can be: loopback, ECS, EKS.
bool may_be_plain(const std::string& host) {
    static constexpr std::array<std::string_view, 3> kAgents = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    return is_loopback_host(host) || std::find(kAgents.begin(), kAgents.end(), host) != kAgents.end();
}

class ContainerSource final : public AwsCredentialsSource {
  public:
    explicit ContainerSource(AwsCredentialContext context) : context_(std::move(context)) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto url = find_url();
        if (!url) co_return url.error();
        auto authorization = find_authorization();
        if (!authorization) co_return authorization.error();

        http::ClientPool pool(context_.io, {.endpoint = url->endpoint, .connect = {}, .max_connections = 1});
        Error failed;
        for (int attempt = 0; attempt < kContainerAttempts && !deadline.passed(); ++attempt) {
            http::ClientRequest request;
            request.method = "GET";
            request.target = url->target;
            request.max_response_bytes = kMaxAnswerBytes;
            request.headers.add("Accept", "application/json");
            if (!authorization->empty()) request.headers.add("Authorization", authorization->reveal());
            auto answer = co_await pool.send(std::move(request), deadline.earlier(kContainerLimit));
            if (answer && answer->status == 200) {
                auto credentials = read_aws_credentials_json(answer->body);
                pool.close();
                if (!credentials)
                    co_return make_error(credentials.error().code, "container: " + credentials.error().message);
                co_return with_origin(std::move(*credentials), describe());
            }
            failed = answer ? make_error(Errc::unavailable, fmt::format("it answered {}", answer->status))
                            : answer.error().error;
            if (failed.code == Errc::cancelled) break;
        }
        pool.close();
        co_return make_error(failed.code, fmt::format("the container's credentials at {} cannot be had: {}",
                                                      url->endpoint.to_url(), failed.message));
    }

    std::string describe() const override { return "the container's role"; }

  private:
    Result<MetadataUrl> find_url() const {
        if (auto relative = context_.environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
            return MetadataUrl{Endpoint{false, "169.254.170.2", 80}, *relative};
        }
        auto url = split_url(context_.environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or(""));
        if (!url) {
            return make_error(Errc::unauthenticated, "AWS_CONTAINER_CREDENTIALS_FULL_URI: " + url.error().message);
        }
        if (!url->endpoint.tls && !may_be_plain(url->endpoint.host)) {
            return make_error(
                Errc::unauthenticated,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is plain http:// to a host that is not this machine's");
        }
        return url;
    }

    /// Read anew each time: the agent changes it.
    Result<Secret> find_authorization() const {
        auto value = context_.environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
        if (auto path = context_.environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
            auto content = context_.environment.read_file(*path);
            if (!content) return make_error(Errc::unauthenticated, "container: " + content.error().message);
            value = clean_pasted(*content);
        }
        if (value.find_first_of("\r\n") != std::string::npos) {
            return make_error(Errc::unauthenticated, "the container's authorization token contains a line break");
        }
        return Secret(std::move(value));
    }

    AwsCredentialContext context_;
};

class InstanceMetadataSource final : public AwsCredentialsSource {
  public:
    explicit InstanceMetadataSource(AwsCredentialContext context) : context_(std::move(context)) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto url = split_url(base_url());
        if (!url) co_return make_error(Errc::unauthenticated, "instance metadata endpoint: " + url.error().message);
        http::ClientPool pool(context_.io, {.endpoint = url->endpoint, .connect = {}, .max_connections = 1});
        auto credentials = co_await ask(pool, deadline);
        pool.close();
        if (!credentials) {
            co_return make_error(credentials.error().code,
                                 "no AWS credentials were found: the instance's metadata at " + url->endpoint.to_url() +
                                     " " + credentials.error().message,
                                 "Give credentials in the settings, the environment or ~/.aws, or attach a role to the "
                                 "instance.");
        }
        co_return with_origin(std::move(*credentials), describe());
    }

    std::string describe() const override { return "the instance's role"; }

  private:
    std::string base_url() const {
        if (auto url = context_.environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) return *url;
        auto mode = context_.environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("");
        return std::string(mode == "IPv6" || mode == "ipv6" ? kInstanceV6 : kInstanceV4);
    }

    static boost::asio::awaitable<http::ClientResult> request(http::ClientPool& pool, std::string method,
                                                              std::string target, http::Header header,
                                                              Deadline deadline) {
        http::ClientRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.max_response_bytes = kMaxAnswerBytes;
        if (!header.first.empty()) request.headers.add(header.first, header.second);
        auto answer = co_await pool.send(std::move(request), deadline.earlier(kInstanceLimit));
        co_return answer;
    }

    /// The session token of IMDSv2; empty where only version 1 is spoken and allowed.
    boost::asio::awaitable<Result<Secret>> session_token(http::ClientPool& pool, Deadline deadline) {
        http::Header lifetime("x-aws-ec2-metadata-token-ttl-seconds", "21600");
        auto answer = co_await request(pool, "PUT", "/latest/api/token", std::move(lifetime), deadline);
        if (answer && answer->status == 200) co_return Secret(std::string(clean_pasted(answer->body)));
        if (!answer && answer.error().error.code != Errc::timeout) {
            co_return make_error(answer.error().error.code, "cannot be reached: " + answer.error().error.message);
        }
        bool speaks_v1 = !answer || answer->status == 403 || answer->status == 404 || answer->status == 405;
        auto disabled = context_.environment.variable("AWS_EC2_METADATA_V1_DISABLED").value_or("");
        if (speaks_v1 && disabled != "true") co_return Secret();
        co_return make_error(Errc::unavailable, answer
                                                    ? fmt::format("answered {} when asked for a token", answer->status)
                                                    : std::string("did not answer in time"));
    }

    boost::asio::awaitable<Result<AwsCredentials>> ask(http::ClientPool& pool, Deadline deadline) {
        auto token = co_await session_token(pool, deadline);
        if (!token) co_return token.error();
        http::Header header;
        if (!token->empty()) header = {"x-aws-ec2-metadata-token", token->reveal()};

        std::string path(kRolePath);
        auto role = co_await request(pool, "GET", path, header, deadline);
        if (!role) co_return make_error(role.error().error.code, "cannot be reached: " + role.error().error.message);
        if (role->status == 404) co_return make_error(Errc::unauthenticated, "has no role to give");
        if (role->status != 200) co_return make_error(Errc::unavailable, fmt::format("answered {}", role->status));
        std::string name(clean_pasted(std::string_view(role->body).substr(0, role->body.find('\n'))));
        bool is_plain = !name.empty() && name.find_first_of(" \r\n/?") == std::string::npos;
        if (!is_plain) co_return make_error(Errc::unavailable, "gave a role whose name cannot be one");

        path += name;
        auto answer = co_await request(pool, "GET", path, header, deadline);
        if (!answer)
            co_return make_error(answer.error().error.code, "cannot be reached: " + answer.error().error.message);
        if (answer->status != 200) co_return make_error(Errc::unavailable, fmt::format("answered {}", answer->status));
        auto credentials = read_aws_credentials_json(answer->body);
        if (!credentials)
            co_return make_error(credentials.error().code, "was of no use: " + credentials.error().message);
        co_return credentials;
    }

    AwsCredentialContext context_;
};

}  // namespace

std::unique_ptr<AwsCredentialsSource> make_container_source(AwsCredentialContext context) {
    return std::make_unique<ContainerSource>(std::move(context));
}

std::unique_ptr<AwsCredentialsSource> make_instance_metadata_source(AwsCredentialContext context) {
    return std::make_unique<InstanceMetadataSource>(std::move(context));
}

}  // namespace sluice::auth
