#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"

namespace sluice::app {

/// Where a running Sluice is and who asks: `--url`, `--token` or SLUICE_URL, SLUICE_TOKEN, SLUICE_ADMIN_TOKEN.
struct ApiAddress {
    std::string url = "http://127.0.0.1:8080";
    std::string token;
    std::string org;        ///< Sluice-Org, for the operator's token
    std::string ca_file;    ///< for https with a certificate of one's own
    bool insecure = false;  ///< takes any certificate: for a health check of this machine's own
};

/// Calls a running Sluice for the command line. Connections are kept between calls. Thread: one.
class ApiClient {
  public:
    static Result<std::unique_ptr<ApiClient>> make(const ApiAddress& address, boost::asio::io_context& io,
                                                   std::size_t connections = 1);
    ~ApiClient();

    struct Call {
        std::string method = "GET";
        std::string target;
        std::string content_type;  ///< empty: no body
        std::string body;
        std::chrono::seconds timeout{60};
        bool patient = true;  ///< waits and tries again where the server is busy
    };
    /// The answer when it is a 2xx; else an error with what the server said, as people read it. Retries a 429 or 503
    /// after the time it names, and (idempotent by its key) a POST that got no answer, until the call's timeout; the
    /// error is that of the last attempt. Errc::timeout: one of them may have been done all the same.
    boost::asio::awaitable<Result<http::ClientResponse>> call(Call call);
    /// The same from plain code: runs the io_context until it is answered.
    Result<http::ClientResponse> call_and_wait(Call call);

    const Endpoint& endpoint() const noexcept;
    /// Authorization and Sluice-Org, to be sent with every request.
    http::Headers headers() const;

  private:
    ApiClient(boost::asio::io_context& io, ApiAddress address, http::ClientPool::Options options);

    boost::asio::io_context& io_;
    ApiAddress address_;
    http::ClientPool pool_;
};

/// Runs `task` on `io` until it has completed, and gives its result.
template <class T>
T run_until_done(boost::asio::io_context& io, boost::asio::awaitable<T> task);

/// The problem document of an answer as one line: `title: detail (line 3, offset 17)`.
std::string describe_problem(const http::ClientResponse& response);

}  // namespace sluice::app

#include "app/api_client_impl.hpp"
