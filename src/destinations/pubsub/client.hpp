#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "auth/google_credentials.hpp"
#include "destinations/pubsub/answer.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice::pubsub {

/// One call of the service.
struct Call {
    std::string_view method;  ///< `/google.pubsub.v1.Publisher/Publish`; a literal
    std::string body;         ///< the serialized request
    std::string routing;      ///< x-goog-request-params: `topic=projects%2FP%2Ftopics%2FT`
};

/// A call under way.
class RunningCall {
  public:
    virtual ~RunningCall() = default;
    /// It is over soon, ambiguous if it was sent. Thread: any.
    virtual void cancel() = 0;
};

/// Calls over a connection that is shared with others of the same owner and let go of when idle: a client holds none.
/// Addresses are resolved and checked here, and gRPC is given the addresses: it never resolves a name on its own, nor
/// looks for proxies in the environment. Thread: one shard. Lifecycle: every call has been over before it is destroyed.
class Client {
  public:
    struct Options {
        Endpoint endpoint;
        ConnectOptions connect;
        std::string owner;  ///< whose calls may share a connection: org and credentials, without a secret
        bool compress = false;
    };
    Client(boost::asio::io_context& io, Options options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Before start(): there are addresses to connect to. The failure when there are none.
    boost::asio::awaitable<std::shared_ptr<const Failure>> prepare(Deadline deadline);
    /// Sends a call; `done` runs on the shard, once, never before this returns, by the deadline. `token` may be null.
    std::shared_ptr<RunningCall> start(Call call, const auth::GoogleToken* token, Deadline deadline,
                                       std::function<void(Answer)> done);

    const Endpoint& endpoint() const noexcept { return options_.endpoint; }

  private:
    struct Impl;

    Options options_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::pubsub
