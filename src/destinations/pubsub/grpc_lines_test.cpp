#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "destinations/pubsub/factory.hpp"

namespace sluice {
namespace {

TEST(GrpcLines, GoWhereTheyAreSentAndNotToStderr) {
    std::vector<std::string> lines;
    report_grpc_lines_to([&lines](std::string_view line) { lines.emplace_back(line); });
    testing::internal::CaptureStderr();
    gpr_log(GPR_ERROR, "a line of %s", "its own");
    report_grpc_lines_to({});
    gpr_log(GPR_ERROR, "nobody wants this");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(lines, std::vector<std::string>{"a line of its own"});
}

}  // namespace
}  // namespace sluice
