#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/aws_credentials.hpp"
#include "auth/aws_error.hpp"
#include "auth/clock_skew.hpp"
#include "auth/sigv4.hpp"
#include "base/clock.hpp"
#include "http/client.hpp"
#include "net/deadline.hpp"
#include "net/endpoint.hpp"

namespace sluice::auth {

/// One call to an AWS service, POST to `/`. The views live until the call completes.
struct AwsCall {
    std::string_view content_type;
    std::string_view target;  ///< X-Amz-Target; empty for query protocols
    std::string_view body;
    std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< further ones, signed too
};

/// What the service answered, whatever it was.
struct AwsReply {
    int status = 0;
    http::Headers headers;
    std::string body;
    AwsError error;  ///< read from the body unless ok()

    bool ok() const noexcept { return status == 200; }
};

/// Why there is no answer.
struct AwsCallError {
    /// True when no credentials could be had: nothing was sent, and `transport` says nothing.
    bool no_credentials = false;
    http::ClientError transport;
    Error error;  ///< in plain words, in both cases
};

using AwsCallResult = boost::system::result<AwsReply, AwsCallError>;

/// Signed calls to one service in one region, over a pool of connections of its own. Sends a call again in two cases
/// only, both refused before the service did anything and each at most once a call: the credentials were refused and
/// can be fetched anew; the clock is off and the answer's Date says by how much. Thread: one shard. No call may be
/// running when it is destroyed.
class AwsClient {
  public:
    struct Options {
        std::string service;  ///< as signed: `kinesis`
        std::string region;
        Endpoint endpoint;
        ConnectOptions connect;
        std::size_t max_connections = 8;
    };
    AwsClient(boost::asio::io_context& io, const Clock& clock, Options options,
              std::unique_ptr<AwsCredentialsProvider> credentials);
    ~AwsClient();

    /// Completes by the deadline. Cancellable (terminal), like http::ClientPool::send.
    boost::asio::awaitable<AwsCallResult> call(AwsCall call, Deadline deadline);
    void close();

    AwsCredentialsProvider& credentials() noexcept { return *credentials_; }
    const ClockSkew& skew() const noexcept { return skew_; }

  private:
    http::ClientRequest signed_request(const AwsCall& call, std::string_view payload_sha256_hex,
                                       const AwsCredentials& credentials);

    const Clock& clock_;
    std::unique_ptr<AwsCredentialsProvider> credentials_;
    SigV4Signer signer_;
    ClockSkew skew_;
    http::ClientPool pool_;
    std::string host_;
};

}  // namespace sluice::auth
