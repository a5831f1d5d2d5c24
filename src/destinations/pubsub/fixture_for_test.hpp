#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "auth/google_key_for_test.hpp"
#include "base/clock.hpp"
#include "destination/test_batch.hpp"
#include "destinations/pubsub/factory.hpp"
#include "destinations/pubsub/fake_service.hpp"
#include "net/run_for_test.hpp"

namespace sluice::pubsub {

/// A destination before a fake of the service, for tests.
class PubSubFixture : public testing::Test {
  protected:
    PubSubFixture()
        : settings_{{"type", "pubsub"},
                    {"endpoint", fmt::format("http://127.0.0.1:{}", service_.port())},
                    {"credentials", auth::service_account_for_test()}} {}

    ~PubSubFixture() override {
        if (destination_) run(destination_->close());
    }

    Destination& destination() {
        if (!destination_) destination_ = pubsub_kind().make(settings_, context_).value();
        return *destination_;
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io_, std::move(task));
    }

    std::vector<Verdict> deliver(TestBatch& batch, Deadline deadline = Deadline::after(std::chrono::seconds(20))) {
        batch.aim(destination());
        return run(destination().deliver(batch.messages(), deadline));
    }
    /// Makes the topic one that took messages.
    void warm_up() {
        TestBatch batch;
        batch.add("first");
        ASSERT_EQ(deliver(batch)[0].kind, Verdict::Kind::accepted);
    }

    static void expect_accepted(const std::vector<Verdict>& verdicts) {
        for (const auto& verdict : verdicts) {
            EXPECT_EQ(verdict.kind, Verdict::Kind::accepted) << (verdict.failure ? verdict.failure->message : "");
        }
    }
    static FakeService::Reaction refuse(Status status, std::string message) {
        FakeService::Reaction reaction;
        reaction.status = status;
        reaction.message = std::move(message);
        return reaction;
    }

    boost::asio::io_context io_{1};
    FakeService service_;
    DestinationContext context_{io_, SystemClock::instance(), "acme"};
    boost::json::object settings_;
    std::unique_ptr<Destination> destination_;
};

}  // namespace sluice::pubsub
