#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/core/service.hpp"

namespace sluice::sandbox {

/// What is under /_sandbox/: reading back, counting, faults, streams and queues. docs/sandbox.md describes it.
/// Thread: any.
class ControlApi {
  public:
    ControlApi(ReceivedLog& received, FaultInjector& faults, std::vector<Service*> services,
               const std::string& certificate_pem);

    static bool claims(const http::Request& request);
    http::Response handle(const http::Request& request);

  private:
    http::Response received(const http::Request& request);
    http::Response counts();
    http::Response faults(const http::Request& request);
    http::Response targets();
    http::Response listeners();
    http::Response change_target(const http::Request& request, std::string_view service, std::string_view name);

    ReceivedLog& received_;
    FaultInjector& faults_;
    std::vector<Service*> services_;
    const std::string& certificate_pem_;
};

/// One item as the control API shows it.
std::string to_json(const ReceivedItem& item, Keep keep);

}  // namespace sluice::sandbox
