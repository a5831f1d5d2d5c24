#include "auth/aws_credential_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "auth/aws_credentials_json.hpp"
#include "auth/run_process.hpp"
#include "net/blocking_pool.hpp"

namespace sluice::auth {
namespace {

constexpr std::chrono::seconds kProcessLimit{60};
constexpr std::size_t kMaxProcessOutput = 64 << 10;

/// std::visit with one lambda a kind.
template <class... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

AwsCredentials credentials_of(const AwsAccessKey& key, std::string origin) {
    AwsCredentials credentials;
    credentials.access_key_id = key.id;
    credentials.secret_access_key = key.secret;
    credentials.session_token = key.session_token;
    credentials.origin = std::move(origin);
    return credentials;
}

/// Keys that a file or the environment holds. Read anew when they are refused, since they may have been rotated.
class KeySource final : public AwsCredentialsSource {
  public:
    explicit KeySource(AwsCredentials credentials) : credentials_(std::move(credentials)) {}
    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline) override { co_return credentials_; }
    std::string describe() const override { return credentials_.origin; }

  private:
    AwsCredentials credentials_;
};

class ProcessSource final : public AwsCredentialsSource {
  public:
    explicit ProcessSource(AwsProcessPlan plan) : plan_(std::move(plan)) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto command = split_command(plan_.command);
        if (!command) co_return make_error(Errc::unauthenticated, "credential_process: " + command.error().message);
        auto limit = deadline.earlier(kProcessLimit);
        // A thread for the time it takes, which is once an hour; the shard goes on meanwhile.
        std::optional<BlockingPool> pool;
        try {
            pool.emplace("credential-process", 1);
        } catch (const std::system_error& error) {
            co_return make_error(Errc::unavailable,
                                 fmt::format("credential_process: no thread for it: {}", error.what()));
        }
        auto output = co_await pool->run([&command, limit] { return run_process(*command, limit, kMaxProcessOutput); });
        pool->stop();
        if (!output) co_return make_error(Errc::unauthenticated, "credential_process: " + output.error().message);
        Secret printed(std::move(*output));
        auto credentials = read_aws_credentials_json(printed.reveal());
        if (!credentials) {
            co_return make_error(Errc::unauthenticated, "credential_process: " + credentials.error().message,
                                 "It must print {\"Version\":1,\"AccessKeyId\":…,\"SecretAccessKey\":…}.");
        }
        credentials->origin = describe();
        co_return credentials;
    }

    std::string describe() const override { return "credential_process"; }

  private:
    AwsProcessPlan plan_;
};

std::unique_ptr<AwsCredentialsSource> source_of(const AwsCredentialPlan& plan, const AwsCredentialContext& context) {
    return std::visit(
        Overloaded{
            [&](const AwsKeyPlan& keys) -> std::unique_ptr<AwsCredentialsSource> {
                return std::make_unique<KeySource>(credentials_of(keys.key, plan.origin));
            },
            [&](const AwsRolePlan& role) {
                auto source = std::make_unique<RefreshingCredentials>(source_of(*role.source, context), context.clock);
                return make_role_source(role, std::move(source), context);
            },
            [&](const AwsWebIdentityPlan& identity) { return make_web_identity_source(identity, context); },
            [&](const AwsProcessPlan& process) { return make_process_source(process); },
            [&](const AwsContainerPlan&) { return make_container_source(context); },
            [&](const AwsInstanceMetadataPlan&) { return make_instance_metadata_source(context); },
        },
        plan.kind);
}

class PlannedSource final : public AwsCredentialsSource {
  public:
    PlannedSource(AwsPlanner planner, std::string description, AwsCredentialContext context)
        : planner_(std::move(planner)), description_(std::move(description)), context_(std::move(context)) {}

    boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) override {
        auto plan = planner_(context_.environment);
        if (!plan) co_return plan.error();
        auto source = source_of(*plan, context_);
        auto credentials = co_await source->fetch(deadline);
        co_return credentials;
    }

    std::string describe() const override { return description_; }

  private:
    AwsPlanner planner_;
    std::string description_;
    AwsCredentialContext context_;
};

}  // namespace

std::unique_ptr<AwsCredentialsSource> make_process_source(AwsProcessPlan plan) {
    return std::make_unique<ProcessSource>(std::move(plan));
}

std::unique_ptr<AwsCredentialsProvider> make_planned_credentials(AwsPlanner planner, std::string description,
                                                                 const AwsCredentialContext& context) {
    auto source = std::make_unique<PlannedSource>(std::move(planner), std::move(description), context);
    return std::make_unique<RefreshingCredentials>(std::move(source), context.clock);
}

std::unique_ptr<AwsCredentialsProvider> make_aws_credentials(const AwsCredentialSettings& settings,
                                                             const AwsCredentialContext& context) {
    return std::visit(
        Overloaded{
            [](const AwsKeySettings& keys) -> std::unique_ptr<AwsCredentialsProvider> {
                auto origin = fmt::format("access key {}", keys.key.id);
                return std::make_unique<StaticCredentials>(credentials_of(keys.key, std::move(origin)));
            },
            [&](const AwsRoleSettings& settings_of_role) -> std::unique_ptr<AwsCredentialsProvider> {
                auto source = settings_of_role.source
                                  ? make_aws_credentials(*settings_of_role.source, context)
                                  : make_planned_credentials(plan_aws_chain, "the default chain", context);
                AwsRolePlan role;
                role.role_arn = settings_of_role.role_arn;
                role.external_id = settings_of_role.external_id;
                auto fetching = make_role_source(std::move(role), std::move(source), context);
                return std::make_unique<RefreshingCredentials>(std::move(fetching), context.clock);
            },
            [&](const AwsProfileSettings& profile) {
                auto planner = [name = profile.name](const AwsEnvironment& environment) {
                    return plan_aws_profile(name, environment);
                };
                return make_planned_credentials(planner, fmt::format("profile \"{}\"", profile.name), context);
            },
            [&](const AwsChainSettings&) {
                return make_planned_credentials(plan_aws_chain, "the default chain", context);
            },
        },
        settings.kind);
}

}  // namespace sluice::auth
