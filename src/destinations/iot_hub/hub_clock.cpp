#include "destinations/iot_hub/hub_clock.hpp"

#include "auth/clock_skew.hpp"
#include "http/client.hpp"

namespace sluice::iot_hub {

bool HubClock::learn(std::string_view date) {
    auto hub_time = auth::parse_http_date(date);
    if (!hub_time || std::chrono::abs(*hub_time - now()) < kLeast) return false;
    offset_ = *hub_time - clock_.now();
    return true;
}

boost::asio::awaitable<HubClock::Comparison> HubClock::compare(boost::asio::io_context& io, Endpoint hub,
                                                               ConnectOptions connect, Deadline deadline) {
    auto steady = clock_.steady_now();
    if (asked_at_ && steady - *asked_at_ < kPause) co_return Comparison::not_made;
    asked_at_ = steady;
    http::ClientPool::Options options;
    options.endpoint = std::move(hub);
    options.connect = std::move(connect);
    options.max_connections = 1;
    http::ClientPool pool(io, std::move(options));
    // Any answer will do, and this one needs no credentials and says nothing of them.
    http::ClientRequest request;
    request.method = "GET";
    request.max_response_bytes = 64 << 10;
    request.truncate_response = true;
    http::ClientResult answer = co_await pool.send(std::move(request), deadline.earlier(std::chrono::seconds(10)));
    pool.close();
    if (!answer || !auth::parse_http_date(answer->headers.get("Date"))) co_return Comparison::not_made;
    co_return learn(answer->headers.get("Date")) ? Comparison::was_off : Comparison::agrees;
}

}  // namespace sluice::iot_hub
