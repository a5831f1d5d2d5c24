#include "api/integration_calls.hpp"

#include <gtest/gtest.h>

#include "api/answers.hpp"
#include "base/fake_clock.hpp"
#include "control/memory_control_store.hpp"
#include "delivery/delivery_test_kit.hpp"

namespace sluice::api {
namespace {

class IntegrationCallsTest : public testing::Test {
  protected:
    IntegrationCallsTest() {
        DestinationKind kind;
        kind.type = "scripted";
        kind.check = [](const boost::json::object&, const DestinationContext&) -> Result<void> { return {}; };
        kind.make = [](const boost::json::object&, const DestinationContext&) -> Result<std::unique_ptr<Destination>> {
            return make_error(Errc::unsupported, "the engine has a registry of its own");
        };
        registry.add(std::move(kind));
        rig.peer();
        rig.start();
        directory = std::make_unique<IntegrationDirectory>(
            IntegrationDirectory::Parts{rig.engine(), store, *sealed, rig.cursors, registry, blocking, clock}, false);
        calls = std::make_unique<IntegrationCalls>(*directory);
    }
    ~IntegrationCallsTest() override { rig.stop(); }

    http::Response ask(std::string_view method, std::string body = {}, std::string_view if_match = {}) {
        const bool is_one = method != "POST";
        for (const Route& route : calls->routes()) {
            if (route.method != method || route.path != (is_one ? "/v1/integrations/{id}" : "/v1/integrations"))
                continue;
            Call call;
            call.caller.org = "com.acme";
            if (is_one) call.parameters = {"a"};
            call.request.method = method;
            call.request.body = std::move(body);
            if (!if_match.empty()) call.request.headers.add("If-Match", std::string(if_match));
            return rig.run(route.handle(std::move(call)));
        }
        return {};
    }

    DeliveryRig rig;
    FakeClock clock;
    MemoryControlStore store;
    std::unique_ptr<SealedRecords> sealed =
        SealedRecords::open(store, key_of_environment(Secret(std::string(64, 'a')))).value();
    DestinationRegistry registry;
    BlockingPool blocking{"changes", 1};
    std::unique_ptr<IntegrationDirectory> directory;
    std::unique_ptr<IntegrationCalls> calls;
};

constexpr const char* kSettings = R"({"id":"a","destination":{"type":"scripted","peer":"p"}})";

TEST_F(IntegrationCallsTest, DeletesOnlyWhatIfMatchNames) {
    const auto made = ask("POST", kSettings);
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string read(made.headers.get("ETag"));
    const auto changed = ask("PATCH", R"({"payload":"data"})");
    ASSERT_EQ(changed.status, 200) << changed.body;

    for (const std::string& stale : {read, std::string("\"stale\"")}) {
        const auto refused = ask("DELETE", {}, stale);
        EXPECT_EQ(refused.status, 412);
        EXPECT_EQ(problem_code(refused), "changed_meanwhile");
    }
    EXPECT_EQ(ask("GET").status, 200) << "it is there still";
    EXPECT_EQ(ask("DELETE", {}, changed.headers.get("ETag")).status, 204);
    EXPECT_EQ(ask("DELETE", {}, changed.headers.get("ETag")).status, 404) << "what is not there is not changed";
}

TEST_F(IntegrationCallsTest, DeletesWhateverThereIsWithoutIfMatchOrWithAStar) {
    ASSERT_EQ(ask("POST", kSettings).status, 201);
    EXPECT_EQ(ask("DELETE").status, 204);
    ASSERT_EQ(ask("POST", kSettings).status, 201);
    EXPECT_EQ(ask("DELETE", {}, "*").status, 204);
}

}  // namespace
}  // namespace sluice::api
