#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice::auth {

/// Fetches a credential once, from one place. Keeps nothing.
template <class T>
class CredentialSource {
  public:
    virtual ~CredentialSource() = default;
    /// Errc::unauthenticated when there is none or it was refused, unavailable when the place could not be reached.
    virtual boost::asio::awaitable<Result<T>> fetch(Deadline deadline) = 0;
    virtual std::string describe() const = 0;
};

/// How long before a credential's end it is fetched anew.
struct RefreshMargins {
    std::chrono::minutes advisory;   ///< from here one caller fetches while the others go on with the old one
    std::chrono::minutes mandatory;  ///< from here all wait for it
};

/// Keeps what a source gives and fetches anew in time, one fetch at a time however many ask. When a refresh fails, the
/// old credential is used while it lasts. What a source serves although it has ended is used all the same, since only
/// the service knows. `T` is copyable and has `expires` (optional, wall time) and `origin`, for people. Thread: one
/// shard.
template <class T>
class Refreshing {
  public:
    static constexpr std::chrono::seconds kRetryAfterFailure{30};
    static constexpr std::chrono::minutes kRetryWhenServedExpired{5};
    /// A refused credential that is younger was fetched after the refused request had been signed.
    static constexpr std::chrono::seconds kFresh{5};

    Refreshing(std::unique_ptr<CredentialSource<T>> source, const Clock& clock, RefreshMargins margins)
        : source_(std::move(source)), clock_(clock), margins_(margins) {}

    boost::asio::awaitable<Result<T>> get(Deadline deadline) {
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
                co_return make_error(Errc::timeout,
                                     "the credentials did not arrive in time (" + source_->describe() + ")");
            }
            if (flight->outcome) co_return *flight->outcome;
        }
    }

    /// The service refused it: the next get() fetches anew.
    void invalidate() {
        bool replaced_already = current_ && clock_.now() - fetched_ < kFresh;
        if (!replaced_already) drop();
    }
    /// It is known to be no good, however young: the next get() fetches anew.
    void drop() { invalidated_ = true; }

    std::string describe() const { return current_ ? current_->origin : source_->describe(); }

  private:
    enum class Age { good, ageing, must_refresh };

    /// One refresh and those who wait for it. Shared, so that a waiter can look at the outcome after the owner went on.
    struct Flight {
        std::vector<boost::asio::steady_timer*> waiting;
        std::optional<Result<T>> outcome;  ///< nothing when the leader was cancelled: somebody else has to lead
        bool landed = false;

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
    };

    /// Whoever leads a flight ends it, however it is left: by a result, by cancellation, by destruction.
    class Leader {
      public:
        explicit Leader(Refreshing& owner) : owner_(owner), flight_(std::make_shared<Flight>()) {
            owner_.flight_ = flight_;
        }
        ~Leader() {
            owner_.flight_.reset();
            flight_->landed = true;
            for (auto* timer : flight_->waiting) timer->cancel();
        }
        void land(Result<T> outcome) { flight_->outcome = std::move(outcome); }

      private:
        Refreshing& owner_;
        std::shared_ptr<Flight> flight_;
    };

    Age age() const {
        auto now = clock_.now();
        if (!current_ || invalidated_ || now >= must_refresh_at_) return Age::must_refresh;
        return now >= refresh_at_ ? Age::ageing : Age::good;
    }

    bool still_usable() const { return current_ && !invalidated_ && clock_.now() < usable_until_; }

    void keep(T credential) {
        auto now = clock_.now();
        fetched_ = now;
        invalidated_ = false;
        next_attempt_ = Timestamp::min();
        refresh_at_ = must_refresh_at_ = usable_until_ = Timestamp::max();
        if (credential.expires) {
            Timestamp end = *credential.expires;
            if (end <= now) {
                refresh_at_ = must_refresh_at_ = now + kRetryWhenServedExpired;
            } else {
                // Credentials that never last as long as the margins are used for half of their life.
                Timestamp half_life = now + (end - now) / 2;
                refresh_at_ = std::max<Timestamp>(end - margins_.advisory, half_life);
                must_refresh_at_ = std::max<Timestamp>(end - margins_.mandatory, refresh_at_);
                usable_until_ = end;
            }
        }
        current_ = std::move(credential);
    }

    boost::asio::awaitable<Result<T>> refresh(Deadline deadline) {
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
        Result<T> outcome = fetched.error();
        if (still_usable()) outcome = *current_;
        if (!cancelled) leader.land(outcome);
        co_return outcome;
    }

    std::unique_ptr<CredentialSource<T>> source_;
    const Clock& clock_;
    RefreshMargins margins_;
    std::optional<T> current_;
    bool invalidated_ = false;
    Timestamp fetched_{};
    Timestamp refresh_at_ = Timestamp::max();
    Timestamp must_refresh_at_ = Timestamp::max();
    Timestamp usable_until_ = Timestamp::max();
    Timestamp next_attempt_ = Timestamp::min();
    std::shared_ptr<Flight> flight_;  ///< the refresh that is under way
};

}  // namespace sluice::auth
