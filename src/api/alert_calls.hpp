#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "alerts/alert_directory.hpp"
#include "alerts/alert_sender.hpp"
#include "api/route_table.hpp"
#include "http/access.hpp"

namespace sluice::api {

/// The calls on alerts: `/v1/alerts…`. Thread: any. Lifecycle: outlives the server; directory and sender outlive it.
class AlertCalls {
  public:
    AlertCalls(AlertDirectory& directory, AlertSender& sender) : directory_(directory), sender_(sender) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer create(Call call);
    Answer get(Call call);
    Answer change(Call call);
    Answer erase(Call call);
    Answer test(Call call);
    /// The revision that If-Match names; empty: any will do.
    http::OrAnswer<std::string> expected_revision(const Call& call) const;

    AlertDirectory& directory_;
    AlertSender& sender_;
};

}  // namespace sluice::api
