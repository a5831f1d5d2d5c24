#include "api/alert_calls.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>

#include "alerts/alerts_test_kit.hpp"
#include "api/answers.hpp"
#include "base/fake_clock.hpp"
#include "net/run_for_test.hpp"

namespace sluice::api {
namespace {

class AlertCallsTest : public testing::Test {
  protected:
    ~AlertCallsTest() override { run_for_test(io, sender.stop()); }

    http::Response ask(std::string_view method, std::string body = {}, std::string_view if_match = {}) {
        const bool is_one = method != "POST";
        for (const Route& route : calls.routes()) {
            if (route.method != method || route.path != (is_one ? "/v1/alerts/{id}" : "/v1/alerts")) continue;
            Call call;
            call.caller = tenant_for_test();
            if (is_one) call.parameters = {"ops"};
            call.request.method = method;
            call.request.body = std::move(body);
            if (!if_match.empty()) call.request.headers.add("If-Match", std::string(if_match));
            return run_for_test(io, route.handle(std::move(call)));
        }
        return {};
    }

    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
    FakeClock clock;
    MemoryControlStore store;
    std::unique_ptr<SealedRecords> sealed = sealed_for_test(store);
    DestinationRegistry registry = webhook_registry();
    BlockingPool changes{"changes", 1};
    AlertDirectory directory{{*sealed, registry, changes}, false};
    AlertSender sender{{io, directory, store, changes, clock}, {}, [](const std::string&) {}};
    AlertCalls calls{directory, sender};
};

constexpr const char* kHook = R"({"id":"ops","url":"https://hooks.acme.com/x"})";

TEST_F(AlertCallsTest, DeletesOnlyWhatIfMatchNames) {
    const std::string read(ask("POST", kHook).headers.get("ETag"));
    ASSERT_FALSE(read.empty());
    const auto changed = ask("PATCH", R"({"types":["integration.failing"]})");
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

TEST_F(AlertCallsTest, DeletesWhateverThereIsWithoutIfMatchOrWithAStar) {
    ASSERT_EQ(ask("POST", kHook).status, 201);
    EXPECT_EQ(ask("DELETE").status, 204);
    ASSERT_EQ(ask("POST", kHook).status, 201);
    EXPECT_EQ(ask("DELETE", {}, "*").status, 204);
}

}  // namespace
}  // namespace sluice::api
