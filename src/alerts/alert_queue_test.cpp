#include "alerts/alert_queue.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice {
namespace {

const Timestamp kNow = from_epoch_ms(1'700'000'000'000);

AlertNote note(const std::string& id, std::string type = "integration.failing") {
    AlertNote made;
    made.type = std::move(type);
    made.org = "com.acme";
    made.integration = id;
    made.at = kNow;
    made.data = {{"id", id}, {"org", "com.acme"}, {"destination", "sqs"}, {"state", "failing"}, {"reason", "no"}};
    return made;
}

boost::json::object body_of(AlertQueue& queue) {
    return boost::json::parse(queue.current(kNow).body).as_object();
}

TEST(AlertQueue, SendsFewOneByOneInOrder) {
    AlertQueue queue;
    for (auto id : {"a", "b", "c"}) queue.push(note(id), {});
    for (auto id : {"a", "b", "c"}) {
        EXPECT_EQ(body_of(queue).at("data").at("id"), id);
        queue.settle(true);
    }
    EXPECT_TRUE(queue.empty());
}

TEST(AlertQueue, KeepsIdAndBodyUntilTheMessageIsSettled) {
    AlertQueue queue;
    queue.push(note("a"), {});
    auto first = queue.current(kNow);
    for (int i = 0; i < 50; ++i) queue.push(note("b"), {});
    EXPECT_EQ(queue.current(kNow).id, first.id);
    EXPECT_EQ(queue.current(kNow).body, first.body);
    queue.settle(true);
    EXPECT_NE(queue.current(kNow).id, first.id);
}

TEST(AlertQueue, MakesOneSummaryOfMany) {
    AlertQueue queue;
    for (int i = 0; i < 150; ++i) queue.push(note("i" + std::to_string(i)), {});
    for (int i = 0; i < 50; ++i) queue.push(note("r" + std::to_string(i), "integration.recovered"), {});
    auto body = body_of(queue);
    EXPECT_EQ(body.at("type"), "integrations.summary");
    const auto& data = body.at("data");
    EXPECT_EQ(data.at("total"), 200);
    EXPECT_EQ(data.at("counts").at("integration.failing"), 150);
    EXPECT_EQ(data.at("counts").at("integration.recovered"), 50);
    EXPECT_EQ(data.at("items").as_array().size(), 100u);
    EXPECT_EQ(data.at("items").at(0).at("id"), "i0");
    queue.settle(true);
    EXPECT_TRUE(queue.empty());
}

TEST(AlertQueue, TellsHowManyAReceiverMissed) {
    AlertQueue queue;
    queue.push(note("given up"), {});
    (void)body_of(queue);
    queue.settle(false);
    EXPECT_EQ(queue.dropped(), 1u);
    queue.push(note("b"), {});
    EXPECT_EQ(body_of(queue).at("missed"), 1);
    queue.settle(true);
    queue.push(note("c"), {});
    EXPECT_FALSE(body_of(queue).contains("missed")) << "it was told";
}

TEST(AlertQueue, DropsTheOldestBeyondItsBoundAndSaysThatItIsOverWithThem) {
    AlertQueue queue;
    std::size_t settled = 0;
    for (std::size_t i = 0; i < AlertQueue::kMostWaiting + 3; ++i)
        queue.push(note("i" + std::to_string(i)), [&] { ++settled; });
    EXPECT_EQ(queue.size(), AlertQueue::kMostWaiting);
    EXPECT_EQ(settled, 3u);
    EXPECT_EQ(body_of(queue).at("missed"), 3);
    queue.clear();
    EXPECT_EQ(settled, AlertQueue::kMostWaiting + 3);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace sluice
