#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/deadline.hpp"

namespace sluice::http {

using Header = std::pair<std::string, std::string>;

/// Header fields in order; look-up ignores case.
class Headers {
  public:
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    void reserve(std::size_t fields) { fields_.reserve(fields); }
    void set(std::string_view name, std::string value);
    /// The first with that name; empty when absent.
    std::string_view get(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;
    const std::vector<Header>& all() const noexcept { return fields_; }

  private:
    std::vector<Header> fields_;
};

/// A request as the server hands it to a handler: head checked, body complete, decoded (chunked, gzip) and within
/// limits.
struct Request {
    std::string method;  ///< upper case
    std::string target;  ///< as sent: path and query
    std::string path;    ///< the part before `?`, still percent-encoded
    std::string query;   ///< the part after `?`
    Headers headers;
    std::string body;
    std::string remote_address;  ///< without port
    bool secure = false;         ///< came over TLS
    std::size_t shard = 0;       ///< index of the shard that serves the connection
    /// What the server's HeadCheck has worked out, so that its handler need not do it again: theirs alone.
    std::shared_ptr<void> checked;

    /// `a%20b/c` split at `/` and decoded; nullopt for a broken escape or an encoded `/` or NUL.
    std::optional<std::vector<std::string>> path_segments() const;
    /// The first query parameter of that name, decoded.
    std::optional<std::string> query_parameter(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> query_parameters() const;
};

/// Writes a response's body piece by piece (server-sent events). Errors mean the client is gone.
class BodyWriter {
  public:
    virtual ~BodyWriter() = default;
    virtual boost::asio::awaitable<Result<void>> write(std::string_view bytes) = 0;
};

struct Response {
    int status = 200;
    Headers headers;
    std::string body;
    /// Shared bytes instead of `body`, for what is served often.
    std::shared_ptr<const std::string> shared_body;
    /// Kept until the answer is written, or its connection is gone: what its bytes take up is accounted for by it.
    std::shared_ptr<void> held;
    /// A streamed body instead: chunked, the connection is closed after it.
    std::function<boost::asio::awaitable<void>(BodyWriter&)> stream;
    bool close = false;
    /// No answer at all: the connection is closed as a broken network would. For stand-ins that inject faults.
    bool abort = false;

    static Response json(int status, std::string body);
    static Response text(int status, std::string body);
};

/// RFC 9457. `code` is ours, stable, snake_case. Extra members are appended as given (already JSON): `"line":3`.
Response problem(int status, std::string_view code, std::string_view title, std::string_view detail,
                 const std::vector<std::pair<std::string, std::string>>& extra_json = {});
std::string_view reason_phrase(int status) noexcept;

}  // namespace sluice::http
