#include "destinations/iot_hub/mqtt_destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "base/encoding.hpp"
#include "base/fake_clock.hpp"
#include "destination/test_batch.hpp"
#include "destinations/iot_hub/request.hpp"
#include "http/scripted_server.hpp"
#include "mqtt/scripted_broker.hpp"
#include "net/run_for_test.hpp"

namespace sluice::iot_hub {
namespace {

using mqtt::ScriptedBroker;
using OnConnect = ScriptedBroker::OnConnect;
using OnPublish = ScriptedBroker::OnPublish;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// When a token in a CONNECT ends, by itself.
std::chrono::seconds expiry_of(const mqtt::Connect& connect) {
    const auto& token = connect.password->reveal();
    return std::chrono::seconds(std::stoll(token.substr(token.find("&se=") + 4)));
}

class MqttDestinationTest : public testing::Test {
  protected:
    MqttDestinationTest() {
        config_.content_type = "application/json";
        config_.endpoint = broker_.endpoint();
        given_device("room", "**");
    }
    void TearDown() override {
        if (destination_) run(destination_->close());
    }

    void given_device(std::string id, std::string pattern) {
        Device device;
        device.host = "hub.azure-devices.net";
        device.id = id;
        device.key = Secret("key of " + id);
        config_.devices.push_back(device);
        config_.device_names.push_back(device.name());
        config_.routes.push_back({std::move(pattern), config_.devices.size() - 1});
    }
    MqttDestination& destination() {
        if (!destination_)
            destination_ = std::make_unique<MqttDestination>(io_, clock_, config_, nullptr, date_endpoint_);
        return *destination_;
    }
    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io_, std::move(task));
    }
    std::vector<Verdict> deliver(TestBatch& batch) {
        batch.aim(destination());
        return run(destination().deliver(batch.messages(), Deadline::after(20s)));
    }
    std::vector<Verdict> deliver(std::vector<std::string> ids) {
        TestBatch batch;
        for (const auto& id : ids) batch.add(id);
        return deliver(batch);
    }
    /// Starts delivering; `batch` and `verdicts` outlive it.
    void start(TestBatch& batch, std::optional<std::vector<Verdict>>& verdicts) {
        batch.aim(destination());
        boost::asio::co_spawn(io_, destination().deliver(batch.messages(), Deadline::after(20s)),
                              [&](std::exception_ptr, std::vector<Verdict> all) { verdicts = std::move(all); });
    }
    template <class Condition>
    void run_until(Condition condition) {
        io_.restart();
        while (!condition()) {
            io_.run_one_for(1ms);
            if (io_.stopped()) io_.restart();
        }
    }
    /// The ids of the objects, in the order in which they arrived.
    std::vector<std::string> arrived() const {
        std::vector<std::string> ids;
        for (const auto& each : broker_.published()) {
            auto topic = each.message.topic;
            auto at = topic.find("&id=") + 4;
            ids.push_back(topic.substr(at, topic.find('&', at) - at));
        }
        return ids;
    }
    static void expect_accepted(const std::vector<Verdict>& verdicts) {
        for (const auto& verdict : verdicts)
            EXPECT_EQ(verdict.kind, Verdict::Kind::accepted) << (verdict.failure ? verdict.failure->message : "");
    }

    boost::asio::io_context io_{1};
    FakeClock clock_;
    ScriptedBroker broker_;
    http::ScriptedServer hub_https_;
    Config config_;
    std::optional<Endpoint> date_endpoint_;
    std::unique_ptr<MqttDestination> destination_;
};

TEST_F(MqttDestinationTest, SendsAsTheDeviceWithATokenOfItsOwn) {
    expect_accepted(deliver({"a", "b"}));
    ASSERT_EQ(broker_.connects().size(), 1u);
    auto connect = broker_.connects()[0];
    EXPECT_EQ(connect.client_id, "room");
    EXPECT_THAT(connect.password->reveal(),
                HasSubstr("SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Froom&sig="));
    EXPECT_EQ(expiry_of(connect), std::chrono::seconds(to_epoch_ms(clock_.now()) / 1000) + 1h);
    auto published = broker_.published();
    EXPECT_THAT(published[0].message.topic, HasSubstr("devices/room/messages/events/%24.mid=1&"));
    EXPECT_EQ(published[0].message.qos, mqtt::Qos::at_least_once);
}

TEST_F(MqttDestinationTest, OneConnectionServesManyBatches) {
    for (int i = 0; i < 5; ++i) expect_accepted(deliver({"a"}));
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(destination().open_connections(), 1u);
}

TEST_F(MqttDestinationTest, EachDeviceHasAConnectionOfItsOwn) {
    config_.routes[0].pattern = "io.acme.room";
    given_device("desk", "io.acme.desk");
    TestBatch rooms;
    rooms.add("r");
    TestBatch desks;
    desks.rec_type = "io.acme.desk";
    desks.add("d");
    expect_accepted(deliver(rooms));
    expect_accepted(deliver(desks));
    ASSERT_EQ(broker_.connects().size(), 2u);
    EXPECT_EQ(broker_.connects()[1].client_id, "desk");
    EXPECT_THAT(broker_.published()[1].message.topic, testing::StartsWith("devices/desk/"));
}

TEST_F(MqttDestinationTest, ARecTypeWithoutADeviceHasNoTarget) {
    config_.routes[0].pattern = "com.other.**";
    TestBatch batch;
    batch.add("a");
    std::string target;
    auto named = destination().target_of(batch.messages()[0].event, target);
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().message, HasSubstr("io.acme.room"));
    EXPECT_THAT(named.error().hint, HasSubstr("devices"));
}

TEST_F(MqttDestinationTest, WhatWasNotAcknowledgedIsSentAgainInOrder) {
    broker_.on_publish([](const mqtt::Publish&, std::size_t index) {
        return index == 2 ? OnPublish::record_and_close : OnPublish::acknowledge;
    });
    auto verdicts = deliver({"a", "b", "c", "d"});
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::accepted);
    EXPECT_EQ(verdicts[2].kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdicts[2].ambiguous && verdicts[3].ambiguous);
    EXPECT_EQ(verdicts[2].failure->target, "room");
    expect_accepted(deliver({"c", "d"}));
    auto ids = arrived();
    // What follows the lost one may not have arrived before it: its first appearance is behind it.
    auto first = [&](const char* id) { return std::find(ids.begin(), ids.end(), id) - ids.begin(); };
    EXPECT_LT(first("a"), first("b"));
    EXPECT_LT(first("b"), first("c"));
    EXPECT_LT(first("c"), first("d"));
}

TEST_F(MqttDestinationTest, ATokenIsRenewedBeforeItEndsByConnectingAnew) {
    expect_accepted(deliver({"a"}));
    clock_.advance(44min);
    expect_accepted(deliver({"b"}));
    EXPECT_EQ(broker_.connects().size(), 1u);
    clock_.advance(8min);
    expect_accepted(deliver({"c"}));
    ASSERT_EQ(broker_.connects().size(), 2u);
    EXPECT_EQ(broker_.disconnects(), 1u) << "the old connection is ended in an orderly way";
    EXPECT_EQ(expiry_of(broker_.connects()[1]) - expiry_of(broker_.connects()[0]), 52min);
    EXPECT_EQ(arrived(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(MqttDestinationTest, RenewalWaitsForWhatIsUnderWayAndNothingOvertakesIt) {
    broker_.on_publish([](const mqtt::Publish&, std::size_t index) {
        return index == 0 ? OnPublish::stay_silent : OnPublish::acknowledge;
    });
    TestBatch first;
    first.add("a");
    TestBatch second;
    second.add("b");
    TestBatch third;
    third.add("c");
    std::optional<std::vector<Verdict>> of_first, of_second, of_third;
    start(first, of_first);
    run_until([&] { return broker_.published().size() == 1; });
    clock_.advance(55min);
    start(second, of_second);
    start(third, of_third);
    for (int i = 0; i < 50; ++i) io_.poll_one();
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(broker_.published().size(), 1u);
    broker_.send(mqtt::PubAck{1});
    run_until([&] { return of_first && of_second && of_third; });
    for (const auto& verdicts : {of_first, of_second, of_third}) expect_accepted(*verdicts);
    EXPECT_EQ(broker_.connects().size(), 2u) << "once for both";
    EXPECT_EQ(arrived(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(MqttDestinationTest, AGivenTokenIsNeverRenewed) {
    config_.devices[0].key = Secret();
    config_.devices[0].token = Secret("SharedAccessSignature sr=x&sig=y&se=1");
    expect_accepted(deliver({"a"}));
    clock_.advance(100h);
    expect_accepted(deliver({"b"}));
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(broker_.connects()[0].password->reveal(), "SharedAccessSignature sr=x&sig=y&se=1");
}

TEST_F(MqttDestinationTest, AClockThatIsOffIsMadeUpForOnce) {
    // The hub's clock is two hours ahead of ours, which stands at 2023-11-14T22:13:20Z: a token of ours has ended
    // there.
    auto hub_now = std::chrono::seconds(to_epoch_ms(clock_.now()) / 1000) + 2h;
    broker_.on_connect([=](const mqtt::Connect& connect) {
        bool valid = expiry_of(connect) > hub_now;
        return OnConnect{OnConnect::Kind::answer,
                         valid ? mqtt::ConnectCode::accepted : mqtt::ConnectCode::not_authorized};
    });
    hub_https_.then(http::Behaviour::respond(404, "", {{"Date", "Wed, 15 Nov 2023 00:13:20 GMT"}}));
    date_endpoint_ = hub_https_.endpoint();
    expect_accepted(deliver({"a"}));
    EXPECT_EQ(broker_.connects().size(), 2u);
    EXPECT_EQ(hub_https_.requests().size(), 1u);
    EXPECT_FALSE(hub_https_.requests()[0].headers.has("Authorization"));

    auto report = run(destination().probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(std::any_of(report.steps.begin(), report.steps.end(), [](const ProbeStep& step) {
        return step.name == "credentials" && step.outcome == ProbeStep::Outcome::warning &&
               step.detail.find("7200 s off") != std::string::npos;
    }));
}

TEST_F(MqttDestinationTest, WrongCredentialsUnderARightClockAreToldAsSuch) {
    broker_.on_connect([](const mqtt::Connect&) {
        return OnConnect{OnConnect::Kind::answer, mqtt::ConnectCode::not_authorized};
    });
    hub_https_.then(http::Behaviour::respond(404, "", {{"Date", "Tue, 14 Nov 2023 22:13:40 GMT"}}));
    date_endpoint_ = hub_https_.endpoint();
    auto verdicts = deliver({"a"});
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "credentials");
    EXPECT_EQ(verdicts[0].failure->code, "not_authorized");
    EXPECT_THAT(verdicts[0].failure->hint, HasSubstr("clock agrees"));
    deliver({"a"});
    EXPECT_EQ(broker_.connects().size(), 2u);
    EXPECT_EQ(hub_https_.requests().size(), 1u) << "the hub is not asked for its time at every attempt";
}

TEST_F(MqttDestinationTest, AnotherSenderWithTheSameDeviceIsRecognised) {
    // Each time it connects, a message is taken, and then the other one connects again.
    broker_.on_publish([](const mqtt::Publish&, std::size_t) { return OnPublish::acknowledge_then_close; });
    for (const char* code : {"connection", "connection", "connection_taken_over"}) {
        auto verdicts = deliver({"a", "b"});
        EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);
        ASSERT_EQ(verdicts[1].kind, Verdict::Kind::retry);
        EXPECT_THAT(verdicts[1].failure->code, testing::StartsWith(code));
        EXPECT_EQ(to_string(verdicts[1].failure->error_class), "transient");
        bool named = verdicts[1].failure->hint.find("Two senders use this device") != std::string::npos;
        EXPECT_EQ(named, std::string_view(code) == "connection_taken_over");
    }
}

TEST_F(MqttDestinationTest, AUsedUpQuotaIsRecognised) {
    broker_.on_publish([](const mqtt::Publish&, std::size_t) { return OnPublish::close; });
    EXPECT_EQ(to_string(deliver({"a"})[0].failure->error_class), "transient");
    EXPECT_EQ(to_string(deliver({"a"})[0].failure->error_class), "transient");
    auto third = deliver({"a"});
    EXPECT_EQ(to_string(third[0].failure->error_class), "throttled");
    EXPECT_EQ(third[0].failure->code, "closed_without_acknowledgement");
    EXPECT_TRUE(third[0].ambiguous);
}

TEST_F(MqttDestinationTest, ATestDoesNotEndAConnectionOfThisIntegration) {
    expect_accepted(deliver({"a"}));
    auto report = run(destination().probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(destination().open_connections(), 1u);
    EXPECT_THAT(report.steps[2].detail, HasSubstr("connected by this integration right now"));
}

TEST_F(MqttDestinationTest, ATestSaysThatItEndsOtherConnections) {
    auto report = run(destination().probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    ASSERT_EQ(report.steps.size(), 5u);
    EXPECT_EQ(report.steps[2].name, "credentials");
    EXPECT_THAT(report.steps[2].detail, HasSubstr("would have ended that connection"));
    EXPECT_EQ(report.steps[3].name, "target");
    EXPECT_EQ(report.steps[4].name, "right to write");
    EXPECT_EQ(broker_.connects().at(0).keep_alive_seconds, kTestKeepAliveSeconds);
    broker_.wait_for_closed(2);  // the other one only showed that there is a connection
    EXPECT_EQ(broker_.disconnects(), 1u);
    EXPECT_EQ(destination().open_connections(), 0u);
}

TEST_F(MqttDestinationTest, ATestTriesEachDeviceAndNamesTheOneThatFails) {
    config_.routes[0].pattern = "io.acme.room";
    given_device("desk", "io.acme.desk");
    broker_.on_connect([](const mqtt::Connect& connect) {
        return OnConnect{OnConnect::Kind::answer,
                         connect.client_id == "desk" ? mqtt::ConnectCode::not_authorized : mqtt::ConnectCode::accepted};
    });
    auto report = run(destination().probe(Deadline::after(20s)));
    EXPECT_FALSE(report.ok());
    EXPECT_EQ(report.steps[2].outcome, ProbeStep::Outcome::failed);
    EXPECT_THAT(report.steps[2].detail, testing::AllOf(HasSubstr("desk"), HasSubstr("1 of 2 devices")));
    EXPECT_EQ(report.steps[3].outcome, ProbeStep::Outcome::skipped);
}

TEST_F(MqttDestinationTest, ATestWarnsOfATokenThatEnds) {
    config_.devices[0].key = Secret();
    config_.devices[0].token = Secret("SharedAccessSignature sr=x&sig=y&se=1700086400");
    config_.devices[0].token_expires = Timestamp(1'700'086'400s);
    auto report = run(destination().probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.steps[2].outcome, ProbeStep::Outcome::warning);
    EXPECT_THAT(report.steps[2].detail, HasSubstr("expires at 2023-11-15T22:13:20"));
}

/// Two integrations with one device.
class MqttTwinsTest : public MqttDestinationTest {
  protected:
    MqttTwinsTest() { config_.integration = "com.acme/one"; }
    void TearDown() override {
        if (twin_) run(twin_->close());
        MqttDestinationTest::TearDown();
    }
    MqttDestination& twin() {
        if (!twin_) {
            Config config = config_;
            config.integration = twin_name_;
            if (!twin_key_.empty()) config.devices[0].key = Secret(twin_key_);
            twin_ = std::make_unique<MqttDestination>(io_, clock_, config, nullptr, date_endpoint_);
        }
        return *twin_;
    }
    Verdict deliver_by_twin() {
        TestBatch batch;
        batch.add("b").aim(twin());
        return run(twin().deliver(batch.messages(), Deadline::after(20s)))[0];
    }

    std::string twin_name_ = "org.other/two";
    std::string twin_key_;
    std::unique_ptr<MqttDestination> twin_;
};

TEST_F(MqttTwinsTest, AnotherIntegrationsConnectionIsLeftAloneAndToldOf) {
    expect_accepted(deliver({"a"}));
    auto verdict = deliver_by_twin();
    ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_FALSE(verdict.ambiguous);
    EXPECT_EQ(to_string(verdict.failure->error_class), "transient");
    EXPECT_EQ(verdict.failure->code, "device_in_use");
    EXPECT_EQ(verdict.failure->target, "room");
    EXPECT_THAT(verdict.failure->message, testing::AllOf(HasSubstr("room"), HasSubstr("another integration")));
    EXPECT_THAT(verdict.failure->message + verdict.failure->hint,
                testing::Not(testing::AnyOf(HasSubstr("com.acme"), HasSubstr("one/"))));
    EXPECT_THAT(verdict.failure->hint, HasSubstr("device of its own"));
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(destination().open_connections(), 1u);
    expect_accepted(deliver({"c"}));
}

TEST_F(MqttTwinsTest, ItGoesOnWhenTheOtherLetsGo) {
    expect_accepted(deliver({"a"}));
    EXPECT_EQ(deliver_by_twin().kind, Verdict::Kind::retry);
    run(destination().close());
    EXPECT_EQ(deliver_by_twin().kind, Verdict::Kind::accepted);
    EXPECT_EQ(broker_.connects().size(), 2u);
}

TEST_F(MqttTwinsTest, RenewingATokenLetsNobodyIn) {
    expect_accepted(deliver({"a"}));
    clock_.advance(52min);
    expect_accepted(deliver({"c"}));
    EXPECT_EQ(broker_.connects().size(), 2u);
    auto verdict = deliver_by_twin();
    ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(verdict.failure->code, "device_in_use");
}

TEST_F(MqttTwinsTest, ARefusedAttemptKeepsNobodyOut) {
    broker_.on_connect([](const mqtt::Connect&) {
        return OnConnect{OnConnect::Kind::answer, mqtt::ConnectCode::not_authorized};
    });
    EXPECT_EQ(deliver({"a"})[0].failure->code, "not_authorized");
    broker_.on_connect([](const mqtt::Connect&) {
        return OnConnect{OnConnect::Kind::answer, mqtt::ConnectCode::accepted};
    });
    EXPECT_EQ(deliver_by_twin().kind, Verdict::Kind::accepted);
}

TEST_F(MqttTwinsTest, ATestDoesNotEndAnotherIntegrationsConnection) {
    expect_accepted(deliver({"a"}));
    auto report = run(twin().probe(Deadline::after(20s)));
    EXPECT_FALSE(report.ok());
    EXPECT_EQ(report.steps[2].name, "credentials");
    EXPECT_EQ(report.steps[2].outcome, ProbeStep::Outcome::failed);
    EXPECT_THAT(report.steps[2].detail, HasSubstr("another integration"));
    EXPECT_THAT(report.steps[2].hint, HasSubstr("device of its own"));
    EXPECT_EQ(broker_.connects().size(), 1u);
    EXPECT_EQ(destination().open_connections(), 1u);
}

TEST_F(MqttTwinsTest, ChangedSettingsOfTheSameIntegrationTakeItsOwnConnectionForTheProof) {
    twin_name_ = config_.integration;
    expect_accepted(deliver({"a"}));
    auto report = run(twin().probe(Deadline::after(20s)));
    EXPECT_TRUE(report.ok());
    EXPECT_THAT(report.steps[2].detail, HasSubstr("connected by this integration right now"));
    EXPECT_EQ(broker_.connects().size(), 1u);
}

TEST_F(MqttTwinsTest, ANewKeyOfTheSameIntegrationIsTriedAtTheHub) {
    twin_name_ = config_.integration;
    twin_key_ = "another key";
    expect_accepted(deliver({"a"}));
    EXPECT_TRUE(run(twin().probe(Deadline::after(20s))).ok());
    EXPECT_EQ(broker_.connects().size(), 2u);
}

TEST_F(MqttTwinsTest, WhatTakesAnIntegrationsPlaceWaitsForItToLetGo) {
    twin_name_ = config_.integration;
    expect_accepted(deliver({"a"}));
    auto verdict = deliver_by_twin();
    ASSERT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(verdict.failure->code, "device_in_use");
    EXPECT_THAT(verdict.failure->message, testing::Not(HasSubstr("another integration")));
    run(destination().close());
    EXPECT_EQ(deliver_by_twin().kind, Verdict::Kind::accepted);
}

TEST_F(MqttTwinsTest, ATestOfAnIntegrationWhoseConnectionWasLostIsItsOwn) {
    expect_accepted(deliver({"a"}));
    broker_.close_connections();
    run_until([&] { return destination().open_connections() == 0; });
    EXPECT_TRUE(run(destination().probe(Deadline::after(20s))).ok());
    EXPECT_EQ(broker_.connects().size(), 2u);
}

TEST_F(MqttDestinationTest, AMessageWhosePropertyHasNoValueIsRejectedAndTheRestGoes) {
    TestBatch batch;
    batch.add("a", {}, 1).add("b", {}, 0).add("c", {}, 1);
    batch.aim(destination());
    run(destination_->close());
    destination_.reset();
    config_.properties.emplace_back("pad", TextTemplate::parse("{obj.data.none}").value());
    auto verdicts = run(destination().deliver(batch.messages(), Deadline::after(20s)));
    for (const auto& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::rejected);
    EXPECT_TRUE(broker_.connects().empty()) << "with nothing to send there is no need to connect";
}

TEST_F(MqttDestinationTest, LimitsAreAHubs) {
    auto limits = destination().limits();
    EXPECT_EQ(limits.max_events, 100u);
    EXPECT_EQ(limits.max_message_bytes_absolute, 256u << 10);
    EXPECT_EQ(limits.same_key, SameKeyInBatch::in_order);
    EXPECT_TRUE(limits.one_target_per_batch);
}

TEST_F(MqttDestinationTest, ALostConnectionThatNobodyUsedIsMadeAgainWhenNeeded) {
    expect_accepted(deliver({"a"}));
    broker_.close_connections();
    run_until([&] { return destination().open_connections() == 0; });
    expect_accepted(deliver({"b"}));
    EXPECT_EQ(broker_.connects().size(), 2u);
}

TEST_F(MqttDestinationTest, ManyWhoFindNoHubMakeOneAttempt) {
    broker_.on_connect([](const mqtt::Connect&) {
        return OnConnect{OnConnect::Kind::answer, mqtt::ConnectCode::server_unavailable};
    });
    std::vector<TestBatch> batches(4);
    std::vector<std::optional<std::vector<Verdict>>> verdicts(4);
    for (std::size_t i = 0; i < 4; ++i) {
        batches[i].add("a");
        start(batches[i], verdicts[i]);
    }
    run_until(
        [&] { return std::all_of(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.has_value(); }); });
    EXPECT_EQ(broker_.connects().size(), 1u);
    for (const auto& each : verdicts) {
        EXPECT_EQ((*each)[0].failure->code, "server_unavailable");
        EXPECT_EQ(to_string((*each)[0].failure->error_class), "transient");
        EXPECT_FALSE((*each)[0].ambiguous);
    }
}

}  // namespace
}  // namespace sluice::iot_hub
