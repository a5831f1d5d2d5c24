#include "destinations/event_hubs/kafka_destination.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>

#include "destination/test_batch.hpp"
#include "destinations/event_hubs/mock_namespace.hpp"
#include "destinations/event_hubs/sasl_refuser.hpp"
#include "net/run_for_test.hpp"

namespace sluice::event_hubs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kString =
    "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0";

class EventHubsKafka : public testing::Test {
  protected:
    std::unique_ptr<KafkaDestination> make(boost::json::object settings = {}, std::uint16_t port = 0) {
        bool real = port != 0;
        settings["type"] = "event_hubs";
        if (!settings.contains("connection_string")) settings["connection_string"] = kString;
        settings["endpoint"] = fmt::format("http://127.0.0.1:{}", real ? port : service_.port());
        auto config = parse_config(settings, context_).value();
        config.sasl = real;
        return std::make_unique<KafkaDestination>(io_, SystemClock::instance(), std::move(config), pool_);
    }

    std::vector<Verdict> deliver(Destination& destination, TestBatch& batch) {
        batch.aim(destination);
        return run_for_test(io_, destination.deliver(batch.messages(), Deadline::after(std::chrono::seconds(20))));
    }
    std::vector<Verdict> deliver_one(Destination& destination, const std::string& rec_type = "rooms") {
        TestBatch batch;
        batch.rec_type = rec_type;
        batch.add("a");
        return deliver(destination, batch);
    }
    void close(Destination& destination) { run_for_test(io_, destination.close()); }

    static void expect_accepted(const std::vector<Verdict>& verdicts) {
        for (const auto& verdict : verdicts)
            EXPECT_EQ(verdict.kind, Verdict::Kind::accepted) << verdict.failure->code << verdict.failure->message;
    }

    boost::asio::io_context io_{1};
    DestinationContext context_{io_, SystemClock::instance(), "acme"};
    MockNamespace service_;
    ProducerPool pool_;
};

TEST_F(EventHubsKafka, KeyBodyAndMetadataArriveAsTheyAre) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make();
    TestBatch batch;
    batch.rec_type = "rooms";
    batch.add("5f1a", "device-7").add("5f1b", "device-\xc3\xa9");
    expect_accepted(deliver(*destination, batch));
    auto stored = service_.stored();
    ASSERT_EQ(stored.size(), 2u);
    EXPECT_EQ(stored[0].key, "device-7");
    EXPECT_EQ(stored[1].key, "device-\xc3\xa9");
    EXPECT_EQ(stored[0].body, batch.bodies()[0]);
    EXPECT_THAT(stored[0].headers,
                ElementsAre(Pair("event_type", "create"), Pair("id", "5f1a"), Pair("obj_type", "objs"),
                            Pair("recType", "rooms"), Pair("sluice-sequence", "1"),
                            Pair("sluice-time", "2023-11-14T22:13:20.001Z"), Pair("source", "ShareService")));
    close(*destination);
}

TEST_F(EventHubsKafka, CloudEventsSayWhatTheyAre) {
    service_.create("rooms");
    service_.read("rooms");
    context_.content_type = "application/cloudevents+json";
    auto destination = make();
    expect_accepted(deliver_one(*destination));
    EXPECT_THAT(service_.stored()[0].headers.back(), Pair("content-type", "application/cloudevents+json"));
    close(*destination);
}

TEST_F(EventHubsKafka, AMissingHubHoldsItsOwnEventsOnlyAndIsFoundWhenItIsThere) {
    service_.fail_hub("doors", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    service_.create("rooms");
    auto destination = make({{"create_hubs", false}});
    auto verdicts = deliver_one(*destination, "doors");
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "missing_target");
    EXPECT_EQ(verdicts[0].failure->target, "doors");
    EXPECT_THAT(verdicts[0].failure->message, HasSubstr("“doors”"));
    expect_accepted(deliver_one(*destination, "rooms"));
    service_.fail_hub("doors", RD_KAFKA_RESP_ERR_NO_ERROR);
    expect_accepted(deliver_one(*destination, "doors"));
    close(*destination);
}

TEST_F(EventHubsKafka, AHubThatGoesAwayIsLookedUpAgain) {
    service_.create("rooms");
    auto destination = make({{"create_hubs", false}});
    expect_accepted(deliver_one(*destination));
    service_.fail_hub("rooms", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 3);
    auto verdicts = deliver_one(*destination);
    ASSERT_EQ(verdicts[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "missing_target");
    EXPECT_EQ(verdicts[0].failure->target, "rooms");
    EXPECT_FALSE(verdicts[0].ambiguous);
    EXPECT_EQ(to_string(deliver_one(*destination)[0].failure->error_class), "missing_target");
    service_.answer_no_more(MockNamespace::kProduce);
    service_.fail_hub("rooms", RD_KAFKA_RESP_ERR_NO_ERROR);
    expect_accepted(deliver_one(*destination));
    close(*destination);
}

TEST_F(EventHubsKafka, APolicyOfAnotherHubIsACredentialsFailureOfTheTarget) {
    service_.fail_hub("rooms", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    auto destination = make();
    auto verdicts = deliver_one(*destination);
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "credentials");
    EXPECT_EQ(verdicts[0].failure->target, "rooms");
    EXPECT_THAT(verdicts[0].failure->hint, HasSubstr("Send"));
    close(*destination);
}

TEST_F(EventHubsKafka, ARightThatIsTakenAwayAndGivenBackIsNoticedBothTimes) {
    service_.create("rooms");
    auto destination = make();
    expect_accepted(deliver_one(*destination));
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    auto refused = deliver_one(*destination);
    EXPECT_EQ(refused[0].kind, Verdict::Kind::retry);
    EXPECT_EQ(to_string(refused[0].failure->error_class), "credentials");
    expect_accepted(deliver_one(*destination));
    close(*destination);
}

TEST_F(EventHubsKafka, ARefusalOfTheWholeRequestHasOneFailureForAll) {
    service_.create("rooms");
    auto destination = make();
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 5);
    TestBatch batch;
    batch.rec_type = "rooms";
    batch.add("a").add("b").add("c");
    auto verdicts = deliver(*destination, batch);
    for (const auto& verdict : verdicts) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::rejected);
        EXPECT_EQ(verdict.failure, verdicts[0].failure);
    }
    service_.answer_no_more(MockNamespace::kProduce);
    close(*destination);
}

TEST_F(EventHubsKafka, ARefusalThatMayBeForAnothersEventIsNotBelievedBeforeTheEventWasAloneInItsRecordBatch) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make();
    for (auto error : {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
                       RD_KAFKA_RESP_ERR_INVALID_RECORD}) {
        auto before = service_.end();
        service_.answer(MockNamespace::kProduce, error);
        expect_accepted(deliver_one(*destination));
        EXPECT_EQ(service_.end(), before + 1);
    }
    close(*destination);
    EXPECT_EQ(pool_.producers(), 0u);
}

TEST_F(EventHubsKafka, AnEventThatIsRefusedAloneInItsRecordBatchIsGivenUp) {
    service_.create("rooms");
    auto destination = make();
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_INVALID_RECORD, 2);
    auto verdicts = deliver_one(*destination);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure->code, "INVALID_RECORD");
    expect_accepted(deliver_one(*destination));
    close(*destination);
}

TEST_F(EventHubsKafka, WhatBecameOfAnEventThatWasSentAgainAloneIsNotHidden) {
    service_.create("rooms");
    auto destination = make();
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    auto verdicts = deliver_one(*destination);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdicts[0].ambiguous);
    close(*destination);
}

TEST_F(EventHubsKafka, AnEventThatFillsARecordBatchIsAloneInItAndBelievedAtOnce) {
    service_.create("rooms");
    auto destination = make({{"max_message_bytes", "8MB"}});
    TestBatch batch;
    batch.rec_type = "rooms";
    batch.add("a", "a", 5'000'000);
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    auto verdicts = deliver(*destination, batch);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "too_large");
    expect_accepted(deliver(*destination, batch));
    close(*destination);
}

TEST_F(EventHubsKafka, RecordBatchesStayWithinWhatEveryTierTakesWhateverAnEventMayHave) {
    service_.create("rooms");
    auto destination = make({{"max_message_bytes", "8MB"}});
    EXPECT_EQ(destination->limits().max_message_bytes_safe, 1'000'000u);
    EXPECT_EQ(destination->limits().max_message_bytes_absolute, 8'000'000u);
    TestBatch batch;
    batch.rec_type = "rooms";
    for (const char* id : {"a", "b", "c", "d", "e"}) batch.add(id, id, 400'000);
    constexpr std::size_t kMany = 20;  // answers, to count the requests by
    service_.answer_late(MockNamespace::kProduce, kMany, 0);
    expect_accepted(deliver(*destination, batch));
    EXPECT_GE(kMany - service_.still_to_answer(MockNamespace::kProduce), 3u) << "two of them fit";
    close(*destination);
}

TEST_F(EventHubsKafka, WhatMayBeStoredIsNotSentAgainBehindTheLanesBack) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make();
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    auto verdicts = deliver_one(*destination);
    ASSERT_EQ(verdicts[0].kind, Verdict::Kind::retry);
    EXPECT_TRUE(verdicts[0].ambiguous);
    EXPECT_EQ(service_.end(), 0);
    expect_accepted(deliver_one(*destination));
    close(*destination);
}

TEST_F(EventHubsKafka, WhatAPartitionsMoveLeftUnstoredIsStoredOnce) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make();
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    expect_accepted(deliver_one(*destination));
    EXPECT_EQ(service_.end(), 1);
    close(*destination);
}

TEST_F(EventHubsKafka, WithIdempotenceABrokersFailureIsMadeUpForUnseen) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make({{"idempotence", true}});
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    expect_accepted(deliver_one(*destination));
    EXPECT_EQ(service_.end(), 1);
    close(*destination);
}

TEST_F(EventHubsKafka, AProducerThatTheServiceForgotIsReplaced) {
    service_.create("rooms");
    auto destination = make({{"idempotence", true}});
    expect_accepted(deliver_one(*destination));
    service_.answer(MockNamespace::kProduce, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    auto verdicts = deliver_one(*destination);
    service_.answer_no_more(MockNamespace::kProduce);
    if (verdicts[0].kind != Verdict::Kind::accepted) verdicts = deliver_one(*destination);
    expect_accepted(verdicts);
    close(*destination);
}

TEST_F(EventHubsKafka, ARefusedPasswordIsToldAtOnceAndAgain) {
    SaslRefuser refuser;
    auto destination = make({}, refuser.port());
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto verdicts = deliver_one(*destination);
        EXPECT_EQ(verdicts[0].kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdicts[0].ambiguous);
        EXPECT_EQ(to_string(verdicts[0].failure->error_class), "credentials");
        EXPECT_EQ(verdicts[0].failure->code, "AUTHENTICATION");
        EXPECT_THAT(verdicts[0].failure->message, HasSubstr("Unauthorized access."));
        EXPECT_EQ(verdicts[0].failure->target, "");
    }
    close(*destination);
}

TEST_F(EventHubsKafka, ATenantIsNotConnectedToAnInternalAddress) {
    service_.create("rooms");
    auto config = parse_config({{"type", "event_hubs"},
                                {"connection_string", kString},
                                {"endpoint", fmt::format("http://127.0.0.1:{}", service_.port())}},
                               context_)
                      .value();
    config.sasl = false;
    // The check of what is written passed; what it leads to is looked at when connecting.
    config.connect.allow_loopback = false;
    KafkaDestination destination(io_, SystemClock::instance(), std::move(config), pool_);
    auto verdicts = deliver_one(destination);
    EXPECT_EQ(verdicts[0].failure->code, "address_not_allowed");
    EXPECT_FALSE(verdicts[0].ambiguous);
    close(destination);
}

TEST_F(EventHubsKafka, HubNamesThatClashAreMissingTargetsOfTheirOwn) {
    service_.create("rooms");
    auto destination = make({{"max_targets", 1}});
    expect_accepted(deliver_one(*destination, "rooms"));
    EXPECT_EQ(deliver_one(*destination, "Rooms")[0].failure->code, "hub_name_clash");
    EXPECT_EQ(deliver_one(*destination, "doors")[0].failure->code, "max_targets");
    expect_accepted(deliver_one(*destination, "rooms"));
    close(*destination);
}

TEST_F(EventHubsKafka, HubsThatWereWrittenToBeforeStandAndWhatPassesByTakesNoPlace) {
    service_.create("rooms");
    service_.create("doors");
    auto destination = make({{"max_targets", 2}});
    destination->target_names()->recall({"Desks"});
    EXPECT_EQ(deliver_one(*destination, "desks")[0].failure->code, "hub_name_clash");
    TestBatch batch;
    batch.rec_type = "doors";
    batch.in_passing = true;
    batch.add("a");
    expect_accepted(deliver(*destination, batch));
    expect_accepted(deliver_one(*destination, "rooms"));
    EXPECT_EQ(deliver_one(*destination, "doors")[0].failure->code, "max_targets");
    EXPECT_EQ(make({{"hub", "rooms"}})->target_names(), nullptr) << "one hub for all has nobody to clash with";
    close(*destination);
}

TEST_F(EventHubsKafka, IntegrationsWithTheSameSettingsShareAProducer) {
    service_.create("rooms");
    auto one = make();
    auto two = make();
    auto other = make({{"compression", "gzip"}});
    EXPECT_EQ(pool_.producers(), 0u);
    expect_accepted(deliver_one(*one));
    expect_accepted(deliver_one(*two));
    EXPECT_EQ(pool_.producers(), 1u);
    expect_accepted(deliver_one(*other));
    EXPECT_EQ(pool_.producers(), 2u);
    context_.org = "com.other";
    auto foreign = make();
    expect_accepted(deliver_one(*foreign));
    EXPECT_EQ(pool_.producers(), 3u);
    close(*one);
    EXPECT_EQ(pool_.producers(), 3u);
    close(*two);
    EXPECT_EQ(pool_.producers(), 2u);
    close(*other);
    close(*foreign);
    EXPECT_EQ(pool_.producers(), 0u);
}

TEST_F(EventHubsKafka, ShardsShareAProducerWhileBothDeliver) {
    service_.create("rooms");
    service_.read("rooms");
    constexpr int kBatches = 50;
    auto shard = [this](const std::string& name) {
        boost::asio::io_context io{1};
        DestinationContext context{io, SystemClock::instance(), name};
        auto config = parse_config({{"type", "event_hubs"},
                                    {"connection_string", kString},
                                    {"endpoint", fmt::format("http://127.0.0.1:{}", service_.port())}},
                                   context)
                          .value();
        config.sasl = false;
        KafkaDestination destination(io, SystemClock::instance(), std::move(config), pool_);
        for (int i = 0; i < kBatches; ++i) {
            TestBatch batch;
            batch.rec_type = "rooms";
            batch.add(fmt::format("{}-{}", name, i), name).aim(destination);
            auto deadline = Deadline::after(std::chrono::seconds(20));
            auto verdicts = run_for_test(io, destination.deliver(batch.messages(), deadline));
            if (verdicts[0].kind != Verdict::Kind::accepted) return false;
        }
        run_for_test(io, destination.close());
        return true;
    };
    auto other = std::async(std::launch::async, shard, "b");
    EXPECT_TRUE(shard("a"));
    EXPECT_TRUE(other.get());
    std::vector<std::string> of_a;
    std::vector<std::string> expected;
    for (const auto& each : service_.stored())
        if (each.key == "a") of_a.push_back(each.headers[1].second);
    for (int i = 0; i < kBatches; ++i) expected.push_back(fmt::format("a-{}", i));
    EXPECT_EQ(of_a, expected);
}

TEST_F(EventHubsKafka, AnIdleProducerIsClosedAndMadeAgainWhenNeeded) {
    service_.create("rooms");
    // Long enough that it is not closed between being asked for and being used.
    ProducerPool pool(std::chrono::milliseconds(150));
    auto config = parse_config({{"type", "event_hubs"},
                                {"connection_string", kString},
                                {"endpoint", fmt::format("http://127.0.0.1:{}", service_.port())}},
                               context_)
                      .value();
    config.sasl = false;
    KafkaDestination destination(io_, SystemClock::instance(), std::move(config), pool);
    expect_accepted(deliver_one(destination));
    while (pool.producers() > 0) std::this_thread::yield();
    expect_accepted(deliver_one(destination));
    close(destination);
}

TEST_F(EventHubsKafka, SizeCountsKeyAndMetadata) {
    auto destination = make();
    TestBatch batch;
    batch.add("id", std::string(500, 'k'));
    const auto& message = batch.messages()[0];
    EXPECT_GT(destination->size_of(message), message.body.size() + 500 + 100);
    EXPECT_EQ(destination->limits().max_message_bytes_absolute, 1'000'000u);
    EXPECT_EQ(make({{"max_message_bytes", "256KiB"}})->limits().max_message_bytes_absolute, 256u << 10);
}

TEST_F(EventHubsKafka, WhatIsAsLargeAsMayBeIsSent) {
    service_.create("rooms");
    service_.read("rooms");
    auto destination = make();
    TestBatch probe;
    probe.rec_type = "rooms";
    probe.add("a");
    auto room = destination->limits().max_message_bytes_absolute - destination->size_of(probe.messages()[0]);
    TestBatch batch;
    batch.rec_type = "rooms";
    batch.add("a", "a", room);
    EXPECT_EQ(destination->size_of(batch.messages()[0]), destination->limits().max_message_bytes_absolute);
    expect_accepted(deliver(*destination, batch));
    EXPECT_EQ(service_.bodies(), batch.bodies());
    close(*destination);
}

}  // namespace
}  // namespace sluice::event_hubs
