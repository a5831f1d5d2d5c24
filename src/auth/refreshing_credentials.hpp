#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "auth/aws_credentials.hpp"
#include "base/clock.hpp"

namespace sluice::auth {

/// Fetches credentials once, from one place. Keeps nothing.
class AwsCredentialsSource {
  public:
    virtual ~AwsCredentialsSource() = default;
    /// Errc::unauthenticated when there are none or they were refused, unavailable when the place could not be reached.
    virtual boost::asio::awaitable<Result<AwsCredentials>> fetch(Deadline deadline) = 0;
    virtual std::string describe() const = 0;
};

/// Keeps what a source gives and fetches anew in time: from 15 minutes before the end one caller does it while the
/// others go on with the old ones, from 10 minutes all wait for it. When a refresh fails, the old ones are used while
/// they last. What a source serves although it has ended is used all the same, since only the service knows.
class RefreshingCredentials final : public AwsCredentialsProvider {
  public:
    static constexpr std::chrono::minutes kAdvisory{15};
    static constexpr std::chrono::minutes kMandatory{10};
    static constexpr std::chrono::seconds kRetryAfterFailure{30};
    static constexpr std::chrono::minutes kRetryWhenServedExpired{5};
    /// Refused credentials that are younger were fetched after the refused request had been signed.
    static constexpr std::chrono::seconds kFresh{5};

    RefreshingCredentials(std::unique_ptr<AwsCredentialsSource> source, const Clock& clock);
    ~RefreshingCredentials() override;

    boost::asio::awaitable<Result<AwsCredentials>> get(Deadline deadline) override;
    bool invalidate() override;
    std::string describe() const override;

  private:
    enum class Age { good, ageing, must_refresh };
    struct Flight;
    class Leader;

    Age age() const;
    void keep(AwsCredentials credentials);
    bool still_usable() const;
    boost::asio::awaitable<Result<AwsCredentials>> refresh(Deadline deadline);

    std::unique_ptr<AwsCredentialsSource> source_;
    const Clock& clock_;
    std::optional<AwsCredentials> current_;
    bool invalidated_ = false;
    Timestamp fetched_{};
    Timestamp refresh_at_ = Timestamp::max();
    Timestamp must_refresh_at_ = Timestamp::max();
    Timestamp usable_until_ = Timestamp::max();
    Timestamp next_attempt_ = Timestamp::min();
    std::shared_ptr<Flight> flight_;  ///< the refresh that is under way
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
