#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "alerts/alert_directory.hpp"
#include "api/route_table.hpp"
#include "control/access_directory.hpp"
#include "control/audit_log.hpp"
#include "control/integration_directory.hpp"

namespace sluice::api {

/// An entry of the audit log as an answer shows it. To a tenant the operator is the operator: neither its tokens' names
/// nor its addresses are a customer's business.
boost::json::object to_json(const AuditEntry& entry, bool to_operator);

/// Writes down each change through the management API, and each that was refused, whatever the call: the management API
/// asks for it around every call that is one. Also answers `GET /v1/audit`. Thread: any. Lifecycle: outlives the
/// server; what it is given outlives it.
class AuditTrail {
  public:
    struct Parts {
        AuditLog& log;
        const AccessDirectory& access;
        const IntegrationDirectory& integrations;
        const AlertDirectory& alerts;
        /// Told of each entry; `error` says why it could not be kept, and is empty when it was. For the process's log.
        std::function<void(const AuditEntry& entry, const std::string& error)> tell;
    };
    explicit AuditTrail(Parts parts) : parts_(std::move(parts)) {}
    std::vector<Route> routes();

    /// What is known before the call is carried out: who, what, and whose it is, which a deletion forgets.
    AuditEntry begin(const Route& route, const Call& call) const;
    /// With what became of it; durable when it completes. When it cannot be kept, the change stands all the same: that
    /// is told to `tell`.
    boost::asio::awaitable<void> end(AuditEntry entry, int status, std::string code);

  private:
    boost::asio::awaitable<http::Response> list(Call call);
    std::string target_of(const Route& route, const Call& call) const;
    std::string org_of(const Route& route, const Call& call, const boost::json::object* body) const;

    Parts parts_;
};

}  // namespace sluice::api
