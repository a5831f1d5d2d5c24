#pragma once

#include <functional>
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
    /// `show_certificate`: what `PUT certificate` asks for: `good`, `expired` or `wrong_host`.
    ControlApi(ReceivedLog& received, FaultInjector& faults, std::vector<Service*> services,
               const std::string& certificate_pem, std::function<Result<void>(std::string_view)> show_certificate);

    static bool claims(const http::Request& request);
    http::Response handle(const http::Request& request);

  private:
    http::Response received(const http::Request& request);
    http::Response counts();
    http::Response faults(const http::Request& request);
    http::Response targets();
    http::Response listeners();
    http::Response certificate(const http::Request& request);
    http::Response credentials(std::string_view name);
    http::Response change_target(const http::Request& request, std::string_view service, std::string_view name);

    ReceivedLog& received_;
    FaultInjector& faults_;
    std::vector<Service*> services_;
    const std::string& certificate_pem_;
    std::function<Result<void>(std::string_view)> show_certificate_;
};

/// One item as the control API shows it.
std::string to_json(const ReceivedItem& item, Keep keep);

}  // namespace sluice::sandbox
