#include "destination/destination.hpp"

#include <gtest/gtest.h>

#include "destination/registry.hpp"

namespace sluice {
namespace {

TEST(ErrorClass, HasTheSixNamesOfTheContract) {
    EXPECT_EQ(to_string(ErrorClass::transient), "transient");
    EXPECT_EQ(to_string(ErrorClass::throttled), "throttled");
    EXPECT_EQ(to_string(ErrorClass::credentials), "credentials");
    EXPECT_EQ(to_string(ErrorClass::missing_target), "missing_target");
    EXPECT_EQ(to_string(ErrorClass::too_large), "too_large");
    EXPECT_EQ(to_string(ErrorClass::rejected), "rejected");
}

TEST(ProbeReport, IsOkUnlessAStepFailed) {
    ProbeReport report;
    EXPECT_TRUE(report.ok());
    report.steps.push_back({"target", ProbeStep::Outcome::ok, "", ""});
    report.steps.push_back({"right to write", ProbeStep::Outcome::warning, "not verified", ""});
    report.steps.push_back({"TLS", ProbeStep::Outcome::skipped, "", ""});
    EXPECT_TRUE(report.ok());
    report.steps.push_back({"credentials", ProbeStep::Outcome::failed, "", ""});
    EXPECT_FALSE(report.ok());
}

DestinationKind kind_named(std::string_view type) {
    DestinationKind kind;
    kind.type = type;
    kind.check = [](const boost::json::object&, const DestinationContext&) { return Result<void>(); };
    kind.make = [](const boost::json::object&, const DestinationContext&) {
        return Result<std::unique_ptr<Destination>>(make_error(Errc::unsupported, "never made"));
    };
    return kind;
}

TEST(DestinationRegistry, FindsWhatWasAddedAndListsItInOrder) {
    DestinationRegistry registry;
    EXPECT_EQ(registry.known_types(), "");
    registry.add(kind_named("sqs"));
    registry.add(kind_named("kinesis"));
    ASSERT_NE(registry.find("kinesis"), nullptr);
    EXPECT_EQ(registry.find("kinesis")->type, "kinesis");
    EXPECT_EQ(registry.find("pubsub"), nullptr);
    EXPECT_EQ(registry.known_types(), "kinesis, sqs");
}

TEST(DestinationRegistryDeathTest, RefusesAKindTwice) {
    DestinationRegistry registry;
    registry.add(kind_named("sqs"));
    EXPECT_DEATH(registry.add(kind_named("sqs")), "registered once");
}

}  // namespace
}  // namespace sluice
