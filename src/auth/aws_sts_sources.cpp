// Credentials from AWS STS: an assumed role, a web identity.
#include <fmt/format.h>

#include <utility>

#include "auth/aws_client.hpp"
#include "auth/aws_credential_sources.hpp"
#include "auth/aws_endpoint.hpp"
#include "auth/sts.hpp"
#include "base/pasted_text.hpp"

namespace sluice::auth {
namespace {

/// A refresh is asked for well ahead of time, so a call that hangs is better given up and made again.
constexpr std::chrono::seconds kCallLimit{10};
constexpr std::size_t kMaxStsAnswerBytes = 64 << 10;

Result<Endpoint> sts_endpoint(const AwsCredentialContext& context) {
    auto endpoint = aws_endpoint("sts", context.region, AwsEndpointOptions::from(context.environment, "sts"));
    // Credentials come back over it.
    if (endpoint && !endpoint->tls && !is_loopback_host(endpoint->host)) {
        return make_error(Errc::unauthenticated, "AWS_ENDPOINT_URL_STS must use https:// unless it is on loopback");
    }
    return endpoint;
}

std::string session_name_of(const std::string& planned, const AwsCredentialContext& context) {
    return sts_session_name(planned.empty() ? context.session_name : planned);
}

Error not_reached(const Endpoint& endpoint, const Error& why) {
    auto code = why.code == Errc::cancelled ? Errc::cancelled : Errc::unavailable;
    return make_error(code, fmt::format("cannot reach {}: {}", endpoint.host, why.message), why.hint);
}

class RoleSource final : public AwsCredentialsSource {
  public:
    RoleSource(AwsRolePlan role, std::unique_ptr<AwsCredentialsProvider> source, AwsCredentialContext context)
        : role_(std::move(role)), source_(std::move(source)), context_(std::move(context)) {}

    ~RoleSource() override {
        if (client_) client_->close();
    }

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto endpoint = sts_endpoint(context_);
        if (!endpoint) co_return endpoint.error();
        if (!client_) {
            AwsClient::Options options{"sts", context_.region, *endpoint, context_.connect, 1};
            client_ = std::make_unique<AwsClient>(context_.io, context_.clock, std::move(options), std::move(source_));
        }
        StsAssumeRole request{role_.role_arn, session_name_of(role_.session_name, context_), role_.external_id,
                              role_.duration};
        auto form = request.form();
        AwsCall call;
        call.content_type = kStsContentType;
        call.body = form;
        auto reply = co_await client_->call(std::move(call), deadline.earlier(kCallLimit));
        if (!reply) {
            if (reply.error().no_credentials) co_return reply.error().error;
            co_return not_reached(*endpoint, reply.error().error);
        }
        if (!reply->ok()) co_return sts_error(reply->error, role_.role_arn, role_.external_id);
        auto credentials = read_sts_credentials(reply->body);
        if (!credentials) co_return credentials.error();
        co_return with_origin(std::move(*credentials), describe());
    }

    std::string describe() const override { return "role " + role_.role_arn; }

  private:
    AwsRolePlan role_;
    std::unique_ptr<AwsCredentialsProvider> source_;  ///< moves into the client, which is made when first needed
    AwsCredentialContext context_;
    std::unique_ptr<AwsClient> client_;
};

class WebIdentitySource final : public AwsCredentialsSource {
  public:
    WebIdentitySource(AwsWebIdentityPlan plan, AwsCredentialContext context)
        : plan_(std::move(plan)), context_(std::move(context)) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto endpoint = sts_endpoint(context_);
        if (!endpoint) co_return endpoint.error();
        auto token = context_.environment.read_file(plan_.token_file);
        if (!token) co_return make_error(Errc::unauthenticated, "web identity token: " + token.error().message);
        StsWebIdentity request{plan_.role_arn, session_name_of(plan_.session_name, context_),
                               std::string(clean_pasted(*token))};
        auto form = request.form();

        http::ClientPool pool(context_.io, {.endpoint = *endpoint, .connect = context_.connect, .max_connections = 1});
        // STS asks its caller to try again when the identity provider did not answer it.
        for (bool retried = false;; retried = true) {
            http::ClientRequest call;
            call.headers.add("Content-Type", std::string(kStsContentType));
            call.body.push_back(form);
            call.max_response_bytes = kMaxStsAnswerBytes;
            auto answer = co_await pool.send(std::move(call), deadline.earlier(kCallLimit));
            if (!answer) {
                pool.close();
                co_return not_reached(*endpoint, answer.error().error);
            }
            if (answer->status == 200) {
                pool.close();
                auto credentials = read_sts_credentials(answer->body);
                if (!credentials) co_return credentials.error();
                co_return with_origin(std::move(*credentials), describe());
            }
            AwsCredentials sent;
            sent.session_token = Secret(request.token);
            auto error = read_aws_error(answer->status, answer->headers, answer->body, sent);
            if (error.code != "IDPCommunicationError" || retried) {
                pool.close();
                co_return sts_error(error, plan_.role_arn);
            }
        }
    }

    std::string describe() const override { return "web identity as role " + plan_.role_arn; }

  private:
    AwsWebIdentityPlan plan_;
    AwsCredentialContext context_;
};

}  // namespace

ConnectOptions sts_connect_options(const ConnectOptions& service) {
    ConnectOptions options = service;
    options.tls.insecure = false;
    if (options.proxy) return options;
    options.allow_internal_addresses = true;
    options.allow_loopback = true;
    return options;
}

std::unique_ptr<AwsCredentialsSource> make_role_source(AwsRolePlan role, std::unique_ptr<AwsCredentialsProvider> source,
                                                       AwsCredentialContext context) {
    return std::make_unique<RoleSource>(std::move(role), std::move(source), std::move(context));
}

std::unique_ptr<AwsCredentialsSource> make_web_identity_source(AwsWebIdentityPlan plan, AwsCredentialContext context) {
    return std::make_unique<WebIdentitySource>(std::move(plan), std::move(context));
}

}  // namespace sluice::auth
