#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "auth/aws_credentials.hpp"
#include "auth/refreshing.hpp"
#include "base/clock.hpp"

namespace sluice::auth {

/// Fetches AWS credentials once, from one place.
using AwsCredentialsSource = CredentialSource<AwsCredentials>;

/// AWS credentials that a source gives, refreshed in time (see Refreshing), with the margins of AWS's own clients.
class RefreshingCredentials final : public AwsCredentialsProvider {
  public:
    static constexpr std::chrono::minutes kAdvisory{15};
    static constexpr std::chrono::minutes kMandatory{10};

    RefreshingCredentials(std::unique_ptr<AwsCredentialsSource> source, const Clock& clock);
    ~RefreshingCredentials() override;

    boost::asio::awaitable<Result<AwsCredentials>> get(Deadline deadline) override;
    bool invalidate() override;
    std::string describe() const override;

  private:
    Refreshing<AwsCredentials> refreshing_;
};

/// Always the same.
class StaticCredentials final : public AwsCredentialsProvider {
  public:
    explicit StaticCredentials(AwsCredentials credentials);
    boost::asio::awaitable<Result<AwsCredentials>> get(Deadline deadline) override;
    bool invalidate() override { return false; }
    std::string describe() const override;

  private:
    AwsCredentials credentials_;
};

}  // namespace sluice::auth
