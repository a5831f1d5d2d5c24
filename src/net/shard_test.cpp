#include "net/shard.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>
#include <set>

namespace sluice {
namespace {

TEST(ShardSet, RunsWhatIsPostedOnTheShardsOwnThread) {
    ShardSet shards(3);
    shards.start();
    std::set<std::thread::id> threads;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        EXPECT_FALSE(shards[i].is_current());
        std::promise<std::thread::id> ran;
        boost::asio::post(shards[i].io(), [&, i] {
            EXPECT_TRUE(shards[i].is_current());
            EXPECT_FALSE(shards[(i + 1) % shards.size()].is_current());
            ran.set_value(std::this_thread::get_id());
        });
        threads.insert(ran.get_future().get());
    }
    EXPECT_EQ(threads.size(), 3u);
}

TEST(ShardSet, FinishesWhatWasPostedBeforeItStops) {
    std::atomic<int> ran = 0;
    {
        ShardSet shards(2);
        shards.start();
        for (int i = 0; i < 1000; ++i) boost::asio::post(shards.for_hash(i).io(), [&ran] { ++ran; });
        shards.stop_and_join();
        EXPECT_EQ(ran, 1000);
        shards.stop_and_join();  // a second time does nothing
    }
    EXPECT_EQ(ran, 1000);
}

TEST(ShardSet, GivesEveryHashOneOfItsShards) {
    ShardSet shards(3);
    EXPECT_EQ(shards.for_hash(0).index(), 0u);
    EXPECT_EQ(shards.for_hash(7).index(), 1u);
    EXPECT_EQ(&shards.for_hash(5), &shards[2]);
}

TEST(ShardSet, CanBeDestroyedWithoutHavingStarted) {
    ShardSet shards(1);
}

}  // namespace
}  // namespace sluice
