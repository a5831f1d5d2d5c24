#include "net/heartbeat.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

namespace sluice {
namespace {

TEST(Heartbeat, IsSilentWhileAShardHangsAndGoesOnAfterwards) {
    ShardSet shards(3);
    std::atomic<int> beats{0};
    Heartbeat heartbeat(shards, std::chrono::microseconds(100), [&] {
        ++beats;
        beats.notify_all();
    });
    shards.start();
    boost::asio::post(shards[0].io(), [&] { heartbeat.start(); });
    beats.wait(0);

    std::promise<void> hanging, go_on;
    boost::asio::post(shards[2].io(), [&] {
        hanging.set_value();
        go_on.get_future().wait();
    });
    hanging.get_future().wait();
    // Whatever was on its way has passed both of the other shards once they have answered twice.
    int before = 0;
    for (int i = 0; i < 100; ++i) {
        std::promise<void> turn;
        boost::asio::post(shards[0].io(), [&] { turn.set_value(); });
        turn.get_future().wait();
        if (i == 0) before = beats;
    }
    EXPECT_LE(beats, before + 1) << "one may have been answered before it hung";
    int silent = beats;
    go_on.set_value();
    beats.wait(silent);
    EXPECT_GT(beats, silent);

    boost::asio::co_spawn(shards[0].io(), heartbeat.stop(), boost::asio::use_future).get();
    shards.stop_and_join();
}

}  // namespace
}  // namespace sluice
