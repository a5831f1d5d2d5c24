#include <grpc/support/log.h>

#include <atomic>
#include <memory>
#include <utility>

#include "destinations/pubsub/factory.hpp"

namespace sluice {
namespace {

using Report = std::function<void(std::string_view)>;

/// gRPC takes a plain function: what it reports to has to be somewhere that outlives its threads.
std::atomic<std::shared_ptr<const Report>>& receiver() {
    static auto* const report = new std::atomic<std::shared_ptr<const Report>>();
    return *report;
}

}  // namespace

void report_grpc_lines_to(std::function<void(std::string_view)> report) {
    receiver().store(report ? std::make_shared<const Report>(std::move(report)) : nullptr);
    gpr_set_log_function([](gpr_log_func_args* line) {
        if (auto to = receiver().load()) (*to)(line->message);
    });
}

}  // namespace sluice
