#include "mqtt/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <deque>

#include "mqtt/scripted_broker.hpp"
#include "net/run_for_test.hpp"

namespace sluice::mqtt {
namespace {

using OnConnect = ScriptedBroker::OnConnect;
using OnPublish = ScriptedBroker::OnPublish;

class ConnectionTest : public testing::Test {
  protected:
    ~ConnectionTest() override {
        if (connection_) run_for_test(io_, connection_->close(soon()));
    }
    static Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

    static Connect hello() {
        Connect hello;
        hello.client_id = "device";
        hello.username = "hub/device";
        hello.password = Secret("sas");
        hello.keep_alive_seconds = 240;
        return hello;
    }
    Connection::Opened try_open(Deadline deadline = soon(), Connect with = hello()) {
        return run_for_test(
            io_, Connection::open(io_, broker_.endpoint(), ConnectOptions(), nullptr, std::move(with), deadline));
    }
    void open(Connect with = hello()) {
        auto opened = try_open(soon(), std::move(with));
        if (!opened) throw std::runtime_error(opened.error().error.message);
        connection_ = std::move(*opened);
    }
    /// `count` messages on topics t/0, t/1…
    std::span<const Outgoing> messages(std::size_t count, std::size_t from = 0) {
        outgoing_.clear();
        for (std::size_t i = from; i < from + count; ++i) {
            texts_.push_back("t/" + std::to_string(i));
            texts_.push_back("payload " + std::to_string(i));
        }
        auto text = texts_.end() - static_cast<std::ptrdiff_t>(2 * count);
        for (; text != texts_.end(); text += 2) outgoing_.push_back({text[0], text[1]});
        return outgoing_;
    }
    Published publish(std::size_t count, Deadline deadline = soon()) {
        return run_for_test(io_, connection_->publish(messages(count), deadline));
    }
    std::vector<std::string> topics() const {
        std::vector<std::string> topics;
        for (const auto& each : broker_.published()) topics.push_back(each.message.topic);
        return topics;
    }
    /// Turns io_ until the condition holds; the broker is on threads of its own.
    template <class Condition>
    void run_until(Condition condition) {
        io_.restart();
        while (!condition()) {
            io_.run_one_for(std::chrono::milliseconds(1));
            if (io_.stopped()) io_.restart();
        }
    }

    boost::asio::io_context io_{1};
    ScriptedBroker broker_;
    std::unique_ptr<Connection> connection_;
    std::deque<std::string> texts_;
    std::vector<Outgoing> outgoing_;
};

TEST_F(ConnectionTest, SaysWhatItWasToldToSay) {
    open();
    ASSERT_EQ(broker_.connects().size(), 1u);
    EXPECT_TRUE(broker_.connects()[0] == hello());
    EXPECT_TRUE(connection_->is_open());
}

TEST_F(ConnectionTest, PublishesInOrderWithQualityOfServiceOne) {
    open();
    auto outcome = publish(5);
    EXPECT_EQ(outcome.acknowledged, 5u);
    EXPECT_FALSE(outcome.lost);
    EXPECT_EQ(topics(), (std::vector<std::string>{"t/0", "t/1", "t/2", "t/3", "t/4"}));
    for (std::size_t i = 0; i < 5; ++i) {
        const auto message = broker_.published()[i].message;
        EXPECT_EQ(message.payload, "payload " + std::to_string(i));
        EXPECT_EQ(message.qos, Qos::at_least_once);
        EXPECT_FALSE(message.retain || message.duplicate);
        EXPECT_EQ(message.packet_id, i + 1);
    }
    EXPECT_EQ(connection_->in_flight(), 0u);
}

TEST_F(ConnectionTest, PacketIdsGoRoundWithoutZero) {
    open();
    for (int i = 0; i < 70; ++i) ASSERT_EQ(publish(1000).acknowledged, 1000u);
    const auto all = broker_.published();
    EXPECT_EQ(all[65'534].message.packet_id, 65'535);
    EXPECT_EQ(all[65'535].message.packet_id, 1);
}

TEST_F(ConnectionTest, SeveralPublishersKeepTheirMessagesTogether) {
    open();
    std::vector<Published> outcomes;
    std::vector<std::vector<Outgoing>> batches;
    for (std::size_t i = 0; i < 4; ++i) {
        auto span = messages(10, 10 * i);
        batches.emplace_back(span.begin(), span.end());
    }
    for (const auto& batch : batches) {
        boost::asio::co_spawn(io_, connection_->publish(batch, soon()),
                              [&](std::exception_ptr, Published outcome) { outcomes.push_back(std::move(outcome)); });
    }
    run_until([&] { return outcomes.size() == 4; });
    for (const auto& outcome : outcomes) EXPECT_EQ(outcome.acknowledged, 10u);
    auto all = topics();
    ASSERT_EQ(all.size(), 40u);
    for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(all[i], "t/" + std::to_string(i));
}

TEST_F(ConnectionTest, WhatWasAcknowledgedBeforeTheConnectionWasLostIsKnown) {
    broker_.on_publish([](const Publish&, std::size_t index) {
        return index < 3 ? OnPublish::acknowledge : OnPublish::record_and_close;
    });
    open();
    auto outcome = publish(6);
    EXPECT_EQ(outcome.acknowledged, 3u);
    EXPECT_TRUE(outcome.maybe_sent);
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->cause, Lost::Cause::closed_by_server);
    EXPECT_FALSE(connection_->is_open());
}

TEST_F(ConnectionTest, AcknowledgementsMayComeInAnotherOrder) {
    broker_.on_publish(
        [](const Publish&, std::size_t index) { return index < 2 ? OnPublish::keep : OnPublish::acknowledge; });
    open();
    auto outcome = publish(3);
    EXPECT_EQ(outcome.acknowledged, 3u);
    EXPECT_FALSE(outcome.lost);
    EXPECT_EQ(publish(2).acknowledged, 2u);
}

TEST_F(ConnectionTest, WhatFollowsAnUnacknowledgedMessageCountsAsUnacknowledged) {
    broker_.on_publish([](const Publish&, std::size_t index) {
        return index == 1 ? OnPublish::stay_silent : index == 3 ? OnPublish::record_and_close : OnPublish::acknowledge;
    });
    open();
    auto outcome = publish(4);
    EXPECT_EQ(outcome.acknowledged, 1u);
    EXPECT_TRUE(outcome.lost);
}

TEST_F(ConnectionTest, AfterTheLossNothingIsSent) {
    open();
    broker_.close_connections();
    run_until([&] { return !connection_->is_open(); });
    auto outcome = publish(2);
    EXPECT_EQ(outcome.acknowledged, 0u);
    EXPECT_FALSE(outcome.maybe_sent);
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->code, "connection_closed");
}

TEST_F(ConnectionTest, SilenceEndsAtTheDeadlineAndWithItTheConnection) {
    broker_.on_publish(
        [](const Publish&, std::size_t index) { return index == 0 ? OnPublish::acknowledge : OnPublish::stay_silent; });
    open();
    auto outcome = publish(2, Deadline::after(std::chrono::milliseconds(100)));
    EXPECT_EQ(outcome.acknowledged, 1u);
    EXPECT_TRUE(outcome.maybe_sent);
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->cause, Lost::Cause::deadline);
    EXPECT_GE(outcome.slowest, std::chrono::milliseconds(50));
    EXPECT_FALSE(connection_->is_open());
}

TEST_F(ConnectionTest, ADeadlineThatHasPassedSendsNothingAndKeepsTheConnection) {
    open();
    auto outcome = publish(1, Deadline(Deadline::Clock::now() - std::chrono::seconds(1)));
    EXPECT_FALSE(outcome.maybe_sent);
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->code, "timeout");
    EXPECT_TRUE(connection_->is_open());
    EXPECT_EQ(publish(1).acknowledged, 1u);
}

TEST_F(ConnectionTest, CancellationGivesTheConnectionUp) {
    broker_.on_publish([](const Publish&, std::size_t) { return OnPublish::stay_silent; });
    open();
    boost::asio::cancellation_signal cancel;
    std::optional<Published> outcome;
    auto without_throwing = [](Connection* connection,
                               std::span<const Outgoing> all) -> boost::asio::awaitable<Published> {
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        co_return co_await connection->publish(all, Deadline::never());
    };
    boost::asio::co_spawn(io_, without_throwing(connection_.get(), messages(1)),
                          boost::asio::bind_cancellation_slot(
                              cancel.slot(), [&](std::exception_ptr, Published all) { outcome = std::move(all); }));
    run_until([&] { return !broker_.published().empty(); });
    cancel.emit(boost::asio::cancellation_type::terminal);
    run_until([&] { return outcome.has_value(); });
    EXPECT_TRUE(outcome->maybe_sent);
    EXPECT_EQ(outcome->lost->cause, Lost::Cause::cancelled);
    EXPECT_FALSE(connection_->is_open());
}

TEST_F(ConnectionTest, AnswersThatAreNoneAreNeverTakenForAcknowledgements) {
    for (auto nonsense : {OnPublish::talk_nonsense, OnPublish::acknowledge_another}) {
        broker_.on_publish([=](const Publish&, std::size_t) { return nonsense; });
        open();
        auto outcome = publish(1);
        EXPECT_EQ(outcome.acknowledged, 0u);
        ASSERT_TRUE(outcome.lost);
        EXPECT_EQ(outcome.lost->code, "not_mqtt");
        run_for_test(io_, connection_->close(soon()));
        connection_.reset();
    }
}

TEST_F(ConnectionTest, WhatNobodyAskedForEndsTheConnection) {
    open();
    broker_.send(SubAck{1, {0}});
    run_until([&] { return !connection_->is_open(); });
    EXPECT_EQ(connection_->lost()->code, "not_mqtt");
}

TEST_F(ConnectionTest, MessagesToUsArePassedOver) {
    open();
    broker_.send(Publish{"devices/d/messages/devicebound/", "for the device", Qos::at_least_once, false, false, 7});
    EXPECT_EQ(publish(1).acknowledged, 1u);
}

TEST_F(ConnectionTest, ARefusalTellsItsCode) {
    broker_.on_connect([](const Connect&) { return OnConnect{OnConnect::Kind::answer, ConnectCode::not_authorized}; });
    auto opened = try_open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().refused, ConnectCode::not_authorized);
    EXPECT_FALSE(opened.error().network);
    EXPECT_THAT(opened.error().error.message, testing::Not(testing::HasSubstr("sas")));
}

TEST_F(ConnectionTest, AServerThatDoesNotAnswerConnectIsToldByHow) {
    using Kind = OnConnect::Kind;
    for (auto [kind, code] : {std::pair{Kind::stay_silent, "timeout"}, std::pair{Kind::close, "connection_lost"},
                              std::pair{Kind::talk_nonsense, "not_mqtt"}}) {
        broker_.on_connect([kind = kind](const Connect&) { return OnConnect{kind, ConnectCode::accepted}; });
        auto opened = try_open(Deadline::after(std::chrono::milliseconds(kind == Kind::stay_silent ? 100 : 20'000)));
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, code);
        EXPECT_FALSE(opened.error().refused);
    }
}

TEST_F(ConnectionTest, AnUnreachableServerIsTheNetworksError) {
    Endpoint nobody = ScriptedBroker().endpoint();
    auto opened = run_for_test(io_, Connection::open(io_, nobody, ConnectOptions(), nullptr, hello(), soon()));
    ASSERT_FALSE(opened);
    ASSERT_TRUE(opened.error().network);
    EXPECT_EQ(opened.error().code, "connection_refused");
}

TEST_F(ConnectionTest, ATopicThatCannotBeCarriedSendsNothing) {
    open();
    outgoing_ = {{"fine", "x"}, {"not/#/fine", "x"}};
    auto outcome = run_for_test(io_, connection_->publish(outgoing_, soon()));
    EXPECT_FALSE(outcome.maybe_sent);
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->error.code, Errc::invalid_argument);
    EXPECT_TRUE(connection_->is_open());
    EXPECT_EQ(publish(1).acknowledged, 1u);
    EXPECT_EQ(broker_.published().size(), 1u);
}

TEST_F(ConnectionTest, PingsWhenItHasNothingToSay) {
    auto brief = hello();
    brief.keep_alive_seconds = 1;
    open(brief);
    connection_->keep_alive();
    EXPECT_EQ(broker_.pings(), 0u);
    run_until([&] {
        connection_->keep_alive();
        return broker_.pings() >= 2;
    });
    EXPECT_TRUE(connection_->is_open());
}

TEST_F(ConnectionTest, GivesUpAServerThatDoesNotAnswerPings) {
    broker_.answers_pings = false;
    auto brief = hello();
    brief.keep_alive_seconds = 1;
    open(brief);
    run_until([&] {
        connection_->keep_alive();
        return !connection_->is_open();
    });
    EXPECT_EQ(connection_->lost()->cause, Lost::Cause::silence);
    EXPECT_EQ(broker_.pings(), 1u);
}

TEST_F(ConnectionTest, SaysGoodbye) {
    open();
    publish(1);
    run_for_test(io_, connection_->close(soon()));
    run_for_test(io_, connection_->close(soon()));
    broker_.wait_for_closed(1);
    EXPECT_EQ(broker_.disconnects(), 1u);
}

TEST_F(ConnectionTest, LargePayloadsAndWindowsGoThrough) {
    open();
    std::string large(250'000, 'x');
    outgoing_.assign(40, Outgoing{"t", large});
    auto outcome = run_for_test(io_, connection_->publish(outgoing_, soon()));
    EXPECT_EQ(outcome.acknowledged, 40u);
    EXPECT_EQ(broker_.published().size(), 40u);
}

}  // namespace
}  // namespace sluice::mqtt
