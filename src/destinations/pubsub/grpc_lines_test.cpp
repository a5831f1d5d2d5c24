#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <atomic>

#include "destinations/pubsub/factory.hpp"

namespace sluice {
namespace {

TEST(GrpcLines, GoWhereTheyAreSentAndNotToStderr) {
    grpc_init();  // which lines it writes at all is known from then on
    // gRPC's threads may have something to say as well.
    std::atomic<int> seen{0};
    report_grpc_lines_to([&seen](std::string_view line) { seen += line == "a line of its own"; });
    testing::internal::CaptureStderr();
    gpr_log(GPR_ERROR, "a line of %s", "its own");
    report_grpc_lines_to({});
    gpr_log(GPR_ERROR, "nobody wants this");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(seen, 1);
    grpc_shutdown();
}

}  // namespace
}  // namespace sluice
