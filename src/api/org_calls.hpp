#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "api/route_table.hpp"
#include "control/access_directory.hpp"
#include "control/integration_directory.hpp"
#include "http/access.hpp"

namespace sluice::api {

/// An org as an answer shows it.
boost::json::object to_json(const AccessDirectory::OrgItem& item);

/// The calls on orgs: `/v1/orgs…`. Everybody sees their own; to make, change and remove them is the operator's. Thread:
/// any. Lifecycle: outlives the server; the directories outlive it.
class OrgCalls {
  public:
    OrgCalls(AccessDirectory& directory, const IntegrationDirectory& integrations)
        : directory_(directory), integrations_(integrations) {}
    std::vector<Route> routes();

  private:
    using Answer = boost::asio::awaitable<http::Response>;
    Answer list(Call call);
    Answer create(Call call);
    Answer get(Call call);
    Answer change(Call call);
    Answer erase(Call call);
    /// The revision that If-Match names; empty: any will do.
    http::OrAnswer<std::string> expected_revision(const Call& call, const AccessDirectory::OrgItem& item) const;

    AccessDirectory& directory_;
    const IntegrationDirectory& integrations_;
};

}  // namespace sluice::api
