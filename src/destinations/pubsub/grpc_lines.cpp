#include <grpc/support/log.h>

#include <utility>

#include "destinations/pubsub/factory.hpp"

namespace sluice {
namespace {

/// gRPC takes a plain function: what it reports to has to be somewhere that outlives its threads.
std::function<void(std::string_view)>& receiver() {
    static auto* const report = new std::function<void(std::string_view)>();
    return *report;
}

}  // namespace

void report_grpc_lines_to(std::function<void(std::string_view)> report) {
    receiver() = std::move(report);
    gpr_set_log_function([](gpr_log_func_args* line) {
        if (receiver()) receiver()(line->message);
    });
}

}  // namespace sluice
