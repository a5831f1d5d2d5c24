#include "destination/conformance.hpp"

#include "destinations/event_hubs/https_harness.hpp"
#include "destinations/event_hubs/kafka_harness.hpp"

namespace sluice {
namespace {

template <class Harness>
std::unique_ptr<ConformanceHarness> make_harness() {
    return std::make_unique<Harness>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(EventHubsKafka, DestinationConformance,
                         testing::Values(&make_harness<event_hubs::KafkaHarness>));
INSTANTIATE_TEST_SUITE_P(EventHubsHttps, DestinationConformance,
                         testing::Values(&make_harness<event_hubs::HttpsHarness>));

}  // namespace sluice
