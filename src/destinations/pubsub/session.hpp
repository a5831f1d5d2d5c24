#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "auth/google_credentials.hpp"
#include "destinations/pubsub/call_runner.hpp"
#include "destinations/pubsub/client.hpp"

namespace sluice::pubsub {

/// The calls of one destination, each with a token. Thread: one shard. Lifecycle: as Client.
class Session {
  public:
    /// `tokens` is null before an emulator, which asks for none.
    Session(boost::asio::io_context& io, Client::Options options, std::unique_ptr<auth::GoogleTokenProvider> tokens,
            std::size_t most_calls = CallRunner::kMostCalls);

    /// What calls need: a token and addresses to connect to.
    struct Ready {
        std::shared_ptr<const Failure> failure;  ///< set: there can be no call
        std::optional<auth::GoogleToken> token;
    };
    boost::asio::awaitable<Ready> ready(Deadline deadline);
    /// The service refused the token, at this time of its own. True when there may be another.
    bool replace_token(const std::string& date);

    /// One call. When the service refuses the token, it is sent once more with another: nothing was done then.
    boost::asio::awaitable<Answer> call(Call call, Deadline deadline);

    CallRunner& runner() noexcept { return runner_; }
    const Endpoint& endpoint() const noexcept { return client_.endpoint(); }
    /// Where the credentials come from, for people.
    std::string describe_credentials() const;

  private:
    std::unique_ptr<auth::GoogleTokenProvider> tokens_;
    Client client_;
    CallRunner runner_;
};

}  // namespace sluice::pubsub
