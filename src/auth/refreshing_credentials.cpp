#include "auth/refreshing_credentials.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace sluice::auth {

/// One refresh and those who wait for it. Shared, so that a waiter can look at the outcome after the provider went on.
struct RefreshingCredentials::Flight {
    std::vector<boost::asio::steady_timer*> waiting;
    std::optional<Result<AwsCredentials>>
        outcome;  ///< nothing when the leader was cancelled: somebody else has to lead

    /// True when the flight has ended, false at the deadline or when cancelled.
    boost::asio::awaitable<bool> wait(std::shared_ptr<Flight> self, Deadline deadline) {
        auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::steady_timer timer(executor, deadline.at());
        self->waiting.push_back(&timer);
        boost::system::error_code ended;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
        std::erase(self->waiting, &timer);
        co_return self->landed;
    }

    bool landed = false;
};

/// Whoever leads a flight ends it, however it is left: by a result, by cancellation, by destruction.
class RefreshingCredentials::Leader {
  public:
    explicit Leader(RefreshingCredentials& provider) : provider_(provider), flight_(std::make_shared<Flight>()) {
        provider_.flight_ = flight_;
    }
    ~Leader() {
        provider_.flight_.reset();
        flight_->landed = true;
        for (auto* timer : flight_->waiting) timer->cancel();
    }
    void land(Result<AwsCredentials> outcome) { flight_->outcome = std::move(outcome); }

  private:
    RefreshingCredentials& provider_;
    std::shared_ptr<Flight> flight_;
};

RefreshingCredentials::RefreshingCredentials(std::unique_ptr<AwsCredentialsSource> source, const Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

RefreshingCredentials::~RefreshingCredentials() = default;

std::string RefreshingCredentials::describe() const {
    return current_ ? current_->origin : source_->describe();
}

RefreshingCredentials::Age RefreshingCredentials::age() const {
    auto now = clock_.now();
    if (!current_ || invalidated_ || now >= must_refresh_at_) return Age::must_refresh;
    return now >= refresh_at_ ? Age::ageing : Age::good;
}

bool RefreshingCredentials::still_usable() const {
    return current_ && !invalidated_ && clock_.now() < usable_until_;
}

void RefreshingCredentials::keep(AwsCredentials credentials) {
    auto now = clock_.now();
    fetched_ = now;
    invalidated_ = false;
    next_attempt_ = Timestamp::min();
    refresh_at_ = must_refresh_at_ = usable_until_ = Timestamp::max();
    if (credentials.expires) {
        auto end = *credentials.expires;
        if (end <= now) {
            refresh_at_ = must_refresh_at_ = now + kRetryWhenServedExpired;
        } else {
            // Credentials that never last as long as the margins are used for half of their life.
            auto half_life = now + (end - now) / 2;
            refresh_at_ = std::max(end - kAdvisory, half_life);
            must_refresh_at_ = std::max(end - kMandatory, refresh_at_);
            usable_until_ = end;
        }
    }
    current_ = std::move(credentials);
}

boost::asio::awaitable<Result<AwsCredentials>> RefreshingCredentials::refresh(Deadline deadline) {
    Leader leader(*this);
    auto fetched = co_await source_->fetch(deadline);
    if (fetched) {
        keep(*fetched);
        leader.land(fetched);
        co_return fetched;
    }
    // The leader's own cancellation says nothing to the others.
    bool cancelled = fetched.error().code == Errc::cancelled;
    if (!cancelled) next_attempt_ = clock_.now() + kRetryAfterFailure;
    Result<AwsCredentials> outcome = fetched.error();
    if (still_usable()) outcome = *current_;
    if (!cancelled) leader.land(outcome);
    co_return outcome;
}

boost::asio::awaitable<Result<AwsCredentials>> RefreshingCredentials::get(Deadline deadline) {
    for (;;) {
        auto state = age();
        if (state == Age::good) co_return *current_;
        bool may_go_on = still_usable();
        if (may_go_on && (clock_.now() < next_attempt_ || (state == Age::ageing && flight_))) co_return *current_;
        if (!flight_) {
            auto fetched = co_await refresh(deadline);
            co_return fetched;
        }
        auto flight = flight_;
        bool landed = co_await flight->wait(flight, deadline);
        if (!landed) {
            co_return make_error(Errc::timeout, "the credentials did not arrive in time (" + source_->describe() + ")");
        }
        if (flight->outcome) co_return *flight->outcome;
    }
}

bool RefreshingCredentials::invalidate() {
    bool replaced_already = current_ && clock_.now() - fetched_ < kFresh;
    if (!replaced_already) invalidated_ = true;
    return true;
}

StaticCredentials::StaticCredentials(AwsCredentials credentials) : credentials_(std::move(credentials)) {}

boost::asio::awaitable<Result<AwsCredentials>> StaticCredentials::get(Deadline) {
    co_return credentials_;
}

std::string StaticCredentials::describe() const {
    return credentials_.origin;
}

}  // namespace sluice::auth
