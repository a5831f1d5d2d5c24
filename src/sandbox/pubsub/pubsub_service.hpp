#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/core/service.hpp"
#include "sandbox/pubsub/google_accounts.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {

struct PubsubOptions {
    GoogleAccounts::Options accounts;
    Topics::Options topics;
    /// Without TLS, whether a call needs a token. With TLS it always does, and a token that is sent is always checked.
    bool token_required_in_plain_text = false;
};

/// Google Pub/Sub: publisher, subscriber and the question for rights over gRPC on a port of its own; over HTTP on the
/// sandbox's port the token endpoint and the metadata server that Google's credentials need. Faults see every gRPC
/// call, and `Token` and `Metadata`.
class PubsubService final : public Service {
  public:
    PubsubService(PubsubOptions options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);
    ~PubsubService() override;

    Result<void> start(const ListenOptions& options) override;
    void stop() override;
    std::vector<Listener> listeners() const override;
    std::vector<Credential> credentials() const override;

    bool claims(const http::Request& request) const override;
    boost::asio::awaitable<Outcome> handle(http::Request request) override;

    std::vector<Target> targets() const override;
    std::vector<std::string_view> services() const override { return {"pubsub"}; }
    std::vector<FaultWords> fault_words() const override;
    /// `settings`: `{}` or `{"retention_seconds":604800}`. `name`: a topic id, in another project `{project}:{id}`.
    Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) override;
    Result<void> delete_target(std::string_view service, std::string_view name) override;

    /// `https://127.0.0.1:4583`; empty before start().
    std::string url() const;
    /// The key file of a service account: what a user pastes.
    std::string service_account_json(GoogleRole role) const;
    Topics& topics() noexcept { return topics_; }

  private:
    struct Server;

    std::string token_uri() const;

    FaultInjector& faults_;
    const Clock& clock_;
    const PubsubOptions options_;
    GoogleAccounts accounts_;
    Topics topics_;
    mutable std::mutex mutex_;  ///< of the next three
    std::string token_uri_;
    std::string url_;
    bool listening_ = false;
    std::uint16_t port_ = 0;
    std::unique_ptr<Server> server_;
};

}  // namespace sluice::sandbox
