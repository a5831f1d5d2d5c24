#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>

#include "http/message.hpp"
#include "ingest/ingest.hpp"
#include "ingest/keyed_mutex.hpp"
#include "net/shared_room.hpp"
#include "net/shared_turn.hpp"
#include "sources/share_api/access.hpp"
#include "sources/share_api/content_type.hpp"
#include "sources/share_api/list_parameters.hpp"
#include "sources/share_api/route.hpp"

namespace sluice::share_api {

struct RouteLimits {
    std::size_t max_per_page = 10'000;
    /// A sort that the index does not keep reads every object that matches: no more than these.
    std::size_t max_sorted_objects = 10'000;
    std::uint64_t max_read_bytes = 64 << 20;  ///< of objects, for one answer
    /// Each holds max_read_bytes and a thread of the reads' while it lasts; the rest waits in turn.
    std::size_t max_sorts_at_once = 1;
    std::size_t max_sorts_waiting = 100;
    std::size_t max_lists_waiting = 100;  ///< of one org, whose lists are read one at a time
    /// Bytes of lists that wait to be taken by those who asked.
    std::size_t max_bytes_of_answers = 512 << 20;
    std::size_t max_bytes_of_answers_of_an_org = 128 << 20;
};

/// The Share API over HTTP: /share, /device, /device-health and /events (docs/share-api.md).
/// Thread: any. Lifecycle: outlives the server that it is given to; `ingest` outlives it.
class Routes {
  public:
    Routes(Ingest& ingest, Authenticate authenticate, RouteLimits limits = {});

    /// What is refused before the body is read: unknown paths, callers, methods, scopes, names and content types. For
    /// the server's HeadCheck; what it finds out stays with the request.
    std::optional<http::Response> check_head(http::Request& request) const;
    /// Answers one request, whether or not its head was checked before. For the server's Handler.
    boost::asio::awaitable<http::Response> handle(http::Request request);

  private:
    /// A request that may go ahead.
    struct Call {
        Route route;
        Principal principal;
        BodyForm form = BodyForm::json;
        ListParameters parameters;
    };
    OrAnswer<Call> prepare(const http::Request& request) const;

    boost::asio::awaitable<http::Response> create(Call call, http::Request request);
    boost::asio::awaitable<http::Response> append_envelopes(Call call, http::Request request);
    boost::asio::awaitable<http::Response> update(Call call, http::Request request);
    boost::asio::awaitable<http::Response> remove(Call call);
    boost::asio::awaitable<http::Response> get(Call call);
    boost::asio::awaitable<http::Response> latest(Call call);
    boost::asio::awaitable<http::Response> list(Call call);
    boost::asio::awaitable<http::Response> list_sorted(Call call);
    http::Response within_room(const std::string& org, http::Response answer);

    Ingest& ingest_;
    const Authenticate authenticate_;
    const RouteLimits limits_;
    /// Orgs whose list is being read: one at a time each, so that no org takes every thread that reads lists.
    KeyedMutex listing_;
    SharedTurn sorting_;
    SharedRoom answers_;
};

}  // namespace sluice::share_api
