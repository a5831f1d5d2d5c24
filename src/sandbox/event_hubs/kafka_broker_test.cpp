#include "sandbox/event_hubs/kafka_broker.hpp"

#include <gmock/gmock.h>

#include "sandbox/event_hubs/event_hubs_fixture_for_test.hpp"

namespace sluice::sandbox {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kHub = kSandboxHub;

class KafkaBrokerTest : public EventHubsFixture {
  protected:
    struct Topic {
        KafkaError error;
        std::string name;
        std::int32_t partitions;
        friend bool operator==(const Topic&, const Topic&) = default;
    };
    std::vector<Topic> metadata(std::optional<std::vector<std::string>> names) {
        KafkaWriter body;
        if (names)
            body.array(names->size());
        else
            body.int32(-1);
        for (const auto& name : names.value_or(std::vector<std::string>())) body.string(name);
        body.boolean(true);  // create: not here
        body.boolean(false);
        body.boolean(false);
        auto answer = ask(KafkaApi::metadata, 8, body);
        KafkaReader in(answer);
        throttle_ms_ = in.int32();
        EXPECT_EQ(in.array(1), 1);
        EXPECT_EQ(in.int32(), 0);
        EXPECT_EQ(in.string(), "127.0.0.1");
        EXPECT_EQ(in.int32(), 4581);
        EXPECT_EQ(in.nullable_string(), std::nullopt);
        EXPECT_EQ(in.string(), kSandboxNamespace);
        EXPECT_EQ(in.int32(), 0);
        std::vector<Topic> topics;
        for (auto left = in.array(1); left > 0; left--) {
            auto error = static_cast<KafkaError>(in.int16());
            auto name = std::string(in.string());
            in.boolean();
            auto partitions = in.array(1);
            for (std::int32_t i = 0; i < partitions; i++) {
                EXPECT_EQ(in.int16(), 0);
                EXPECT_EQ(in.int32(), i);
                in.take(8);   // leader and its epoch
                in.take(20);  // replicas, those in sync, those offline
            }
            in.int32();
            topics.push_back({error, name, partitions});
        }
        in.int32();
        EXPECT_TRUE(in.at_end());
        return topics;
    }

    std::pair<KafkaError, std::string> create(std::string_view name, std::int32_t partitions, bool validate = false) {
        KafkaWriter body;
        body.array(1);
        body.string(name);
        body.int32(partitions);
        body.int16(1);
        body.array(0);
        body.array(1);
        body.string("retention.ms");
        body.string("3600000");
        body.int32(1000);
        body.boolean(validate);
        auto answer = ask(KafkaApi::create_topics, 4, body);
        KafkaReader in(answer);
        in.int32();
        EXPECT_EQ(in.array(1), 1);
        EXPECT_EQ(in.string(), name);
        auto error = static_cast<KafkaError>(in.int16());
        auto message = std::string(in.nullable_string().value_or(""));
        EXPECT_TRUE(in.at_end());
        return {error, message};
    }

    struct Fetched {
        KafkaError error;
        std::int64_t next;
        std::string batches;
    };
    Fetched fetch(std::string_view topic, std::int64_t offset, std::int32_t max_bytes = 1 << 20,
                  std::int32_t wait_ms = 0) {
        KafkaWriter body;
        body.int32(-1);
        body.int32(wait_ms);
        body.int32(1);
        body.int32(1 << 20);
        body.int8(0);
        body.int32(0);  // session
        body.int32(-1);
        body.array(1);
        body.string(topic);
        body.array(1);
        body.int32(0);
        body.int32(-1);
        body.int64(offset);
        body.int64(-1);
        body.int32(max_bytes);
        body.array(0);
        body.string("");
        auto answer = ask(KafkaApi::fetch, 11, body);
        KafkaReader in(answer);
        in.int32();
        EXPECT_EQ(in.int16(), 0);
        EXPECT_EQ(in.int32(), 0);
        EXPECT_EQ(in.array(1), 1);
        in.string();
        EXPECT_EQ(in.array(1), 1);
        in.int32();
        Fetched got{};
        got.error = static_cast<KafkaError>(in.int16());
        got.next = in.int64();
        in.int64();
        in.int64();
        in.int32();
        in.int32();
        got.batches = std::string(in.bytes());
        EXPECT_TRUE(in.at_end());
        return got;
    }

    std::int32_t throttle_ms_ = 0;
};

TEST_F(KafkaBrokerTest, TellsItsVersionsToAnybodyAndFallsBackForATooNewQuestion) {
    KafkaWriter body;
    body.raw(
        "\x05name\x04"
        "1.2\x00"sv);
    auto flexible = ask(KafkaApi::api_versions, 3, body);
    KafkaReader in(flexible);
    EXPECT_EQ(in.int16(), 0);
    auto count = in.unsigned_varint(32) - 1;
    EXPECT_EQ(count, kafka_versions().size());
    std::int16_t previous = -1;
    for (std::uint64_t i = 0; i < count; i++) {
        auto api = in.int16();
        EXPECT_GT(api, previous);
        previous = api;
        in.int32();
        in.tagged_fields();
    }
    in.int32();
    in.tagged_fields();
    EXPECT_TRUE(in.at_end());

    auto old = ask(KafkaApi::api_versions, 9, {});
    KafkaReader fallback(old);
    EXPECT_EQ(static_cast<KafkaError>(fallback.int16()), KafkaError::unsupported_version);
    EXPECT_EQ(fallback.array(6), static_cast<std::int32_t>(count));
}

TEST_F(KafkaBrokerTest, EndsTheConnectionOverWhatItDoesNotExpect) {
    KafkaWriter nothing;
    auto ends = [&](KafkaApi api, std::int16_t version, const KafkaWriter& body) {
        return send(api, version, body).ending == KafkaReply::Ending::close;
    };
    EXPECT_TRUE(ends(KafkaApi::produce, 7, produce_body(kHub, 0, batch_of({{"k", "v"}})))) << "not authenticated";
    log_in();
    EXPECT_FALSE(ends(KafkaApi::produce, 7, produce_body(kHub, 0, batch_of({{"k", "v"}}))));
    EXPECT_TRUE(ends(KafkaApi::produce, 2, nothing)) << "version not supported";
    EXPECT_TRUE(ends(KafkaApi::produce, 9, nothing)) << "version not supported";
    EXPECT_TRUE(ends(static_cast<KafkaApi>(11), 0, nothing)) << "no such request";
    EXPECT_TRUE(ends(KafkaApi::metadata, 8, nothing)) << "cut short";
    auto longer = produce_body(kHub, 0, batch_of({{"k", "v"}}));
    longer.int8(0);
    EXPECT_TRUE(ends(KafkaApi::produce, 7, longer)) << "something after it";
    EXPECT_EQ(send_raw("").ending, KafkaReply::Ending::close);
}

TEST_F(KafkaBrokerTest, LetsInWhoShowsAConnectionString) {
    for (std::size_t policy : {0, 1, 2}) {
        auto got = authenticate("PLAIN", plain(connection_string(policy)));
        EXPECT_EQ(got.error, KafkaError::none) << got.message;
        EXPECT_EQ(got.lifetime_ms, 0);
        EXPECT_FALSE(got.closed);
    }
}

TEST_F(KafkaBrokerTest, SaysWhyItLetsNobodyElseIn) {
    auto good = connection_string(0);
    auto with = [&](std::string_view what, std::string_view instead) {
        auto text = good;
        text.replace(text.find(what), what.size(), instead);
        return plain(text);
    };
    struct Case {
        std::string response;
        std::string message;
    };
    for (const auto& [response, message] : std::vector<Case>{
             {with(kSandboxManageKey, kSandboxSendKey), "InvalidSignature"},
             {with("RootManageSharedAccessKey", "Nobody"), "InvalidSignature"},
             {with("sluice-sandbox", "other"), "InvalidAudience"},
             {with("SharedAccessKey=", "SharedAccessSignature="), "shared access signature"},
             {"\0user\0"s.append(good), "$ConnectionString"},
             {plain("s3cr3t"), "no connection string"},
             {"nonsense", "SASL PLAIN"},
             {plain(connection_string(2).substr(0, connection_string(2).find(";EntityPath"))), "InvalidSignature"},
         }) {
        auto got = authenticate("PLAIN", response);
        EXPECT_EQ(got.error, KafkaError::sasl_authentication_failed) << message;
        EXPECT_THAT(got.message, HasSubstr(message));
        EXPECT_THAT(got.message, testing::Not(HasSubstr("s3cr3t")));
        EXPECT_TRUE(got.closed);
        EXPECT_EQ(send(KafkaApi::metadata, 0, {}).ending, KafkaReply::Ending::close);
    }
}

TEST_F(KafkaBrokerTest, SaslBeginsWithAHandshake) {
    KafkaWriter body;
    body.bytes(plain(connection_string(0)));
    auto answer = ask(KafkaApi::sasl_authenticate, 0, body);
    EXPECT_EQ(static_cast<KafkaError>(KafkaReader(answer).int16()), KafkaError::illegal_sasl_state);
    KafkaWriter unknown;
    unknown.string("SCRAM-SHA-256");
    auto reply = send(KafkaApi::sasl_handshake, 1, unknown);
    EXPECT_TRUE(reply.close_after);
    EXPECT_EQ(static_cast<KafkaError>(KafkaReader(std::string_view(reply.frame).substr(8)).int16()),
              KafkaError::unsupported_sasl_mechanism);
}

TEST_F(KafkaBrokerTest, AfterTheOldestHandshakeTheMechanismsBytesComeAlone) {
    KafkaWriter handshake;
    handshake.string("PLAIN");
    ask(KafkaApi::sasl_handshake, 0, handshake);
    EXPECT_EQ(send_raw(plain("wrong")).ending, KafkaReply::Ending::close);
    ask(KafkaApi::sasl_handshake, 0, handshake);
    EXPECT_EQ(send_raw(plain(connection_string(0))).frame, "\0\0\0\0"sv);
    EXPECT_EQ(produce(kHub, {{"k", "v"}}).error, KafkaError::none);
}

TEST_F(KafkaBrokerTest, LetsInWhoShowsATokenUntilItEnds) {
    auto token = entra_token(kSandboxSenderId, kSandboxSenderSecret);
    auto got = authenticate("OAUTHBEARER",
                            "n,,\x01"
                            "auth=Bearer " +
                                token + "\x01\x01");
    EXPECT_EQ(got.error, KafkaError::none) << got.message;
    EXPECT_EQ(got.lifetime_ms, 3'599'000);
    EXPECT_EQ(produce(kHub, {{"k", "v"}}).error, KafkaError::none);
    EXPECT_EQ(create("made", 1).first, KafkaError::topic_authorization_failed);
    clock_.advance(std::chrono::seconds(3600));
    EXPECT_EQ(send(KafkaApi::metadata, 0, {}).ending, KafkaReply::Ending::close);
    EXPECT_THAT(authenticate("OAUTHBEARER",
                             "n,,\x01"
                             "auth=Bearer " +
                                 token + "\x01\x01")
                    .message,
                HasSubstr("ExpiredToken"));
    EXPECT_THAT(authenticate("OAUTHBEARER",
                             "n,,\x01"
                             "auth=Bearer x" +
                                 token + "\x01\x01")
                    .message,
                HasSubstr("InvalidToken"));
    EXPECT_THAT(authenticate("OAUTHBEARER", token).message, HasSubstr("MalformedToken"));
}

TEST_F(KafkaBrokerTest, StoresABatchAndTellsItsFirstOffset) {
    log_in();
    EXPECT_EQ(produce(kHub, {{"a", "1"}, {"b", "2"}}, 3).offset, 0);
    EXPECT_EQ(produce(kHub, {{"c", "3"}}, 3).offset, 2);
    EXPECT_EQ(produce(kHub, {{"d", "4"}}, 0).offset, 0);
    auto items = received_.read(1, 10);
    ASSERT_EQ(items.size(), 4u);
    const auto& second = items[1];
    EXPECT_EQ(second.service, "event_hubs");
    EXPECT_EQ(*second.target, kHub);
    EXPECT_EQ(second.place, "3");
    EXPECT_EQ(second.key, "b");
    EXPECT_EQ(second.sequence, "1");
    EXPECT_EQ(second.attributes, R"({"h":"v"})");
    EXPECT_EQ(second.body.view(), "2");
    EXPECT_EQ(items[2].sequence, "2");
    EXPECT_EQ(items[3].place, "0");
}

TEST_F(KafkaBrokerTest, ShowsHeadersThatAreNoText) {
    log_in();
    NewBatch batch;
    batch.records.push_back({"k", "v", {{"n\"", std::nullopt}, {"b", "\xff"}, {"b", "2"}}});
    EXPECT_EQ(produce_batch(kHub, 0, write_record_batch(batch)).error, KafkaError::none);
    EXPECT_EQ(received_.read(1, 1).front().attributes, R"({"n\"":null,"b":{"base64":"/w=="},"b":"2"})");
}

TEST_F(KafkaBrokerTest, AnswersNothingToWhoWantsNoAnswer) {
    log_in();
    auto reply = send(KafkaApi::produce, 7, produce_body(kHub, 0, batch_of({{"k", "v"}}), 0));
    EXPECT_EQ(reply.ending, KafkaReply::Ending::answer);
    EXPECT_TRUE(reply.frame.empty());
    EXPECT_EQ(received_.total().items, 1u);
}

TEST_F(KafkaBrokerTest, RefusesWhatItCannotStore) {
    log_in();
    EXPECT_EQ(produce("missing", {{"k", "v"}}).error, KafkaError::unknown_topic_or_partition);
    EXPECT_EQ(produce(kHub, {{"k", "v"}}, 4).error, KafkaError::unknown_topic_or_partition);
    EXPECT_EQ(produce(kHub, {{"k", "v"}}, -1).error, KafkaError::unknown_topic_or_partition);
    EXPECT_EQ(produce_batch(kHub, 0, "nonsense").error, KafkaError::corrupt_message);
    EXPECT_EQ(produce(kHub, {{"k", "v"}, {"k", std::string((1 << 20) + 1, 'x')}}).error, KafkaError::message_too_large);
    EXPECT_EQ(received_.total().items, 0u);
}

TEST_F(KafkaBrokerTest, ABatchThatIsSentAgainIsStoredOnce) {
    log_in();
    KafkaWriter init;
    init.null_string();
    init.int32(60'000);
    auto answer = ask(KafkaApi::init_producer_id, 1, init);
    KafkaReader in(answer);
    in.int32();
    ASSERT_EQ(in.int16(), 0);
    NewBatch batch;
    batch.producer_id = in.int64();
    batch.producer_epoch = in.int16();
    batch.base_sequence = 0;
    batch.records = {{"k", "first", {}}, {"k", "second", {}}};
    auto first = write_record_batch(batch);
    EXPECT_EQ(produce_batch(kHub, 0, first).offset, 0);
    EXPECT_EQ(produce_batch(kHub, 0, first).offset, 0);
    batch.base_sequence = 4;
    EXPECT_EQ(produce_batch(kHub, 0, write_record_batch(batch)).error, KafkaError::out_of_order_sequence_number);
    batch.base_sequence = 2;
    EXPECT_EQ(produce_batch(kHub, 0, write_record_batch(batch)).offset, 2);
    EXPECT_EQ(received_.total().items, 4u);
    KafkaWriter transactional;
    transactional.string("t");
    transactional.int32(60'000);
    auto refused = ask(KafkaApi::init_producer_id, 1, transactional);
    EXPECT_EQ(static_cast<KafkaError>(KafkaReader(std::string_view(refused).substr(4)).int16()),
              KafkaError::transactional_id_authorization_failed);
}

TEST_F(KafkaBrokerTest, MetadataMakesNothing) {
    log_in();
    EXPECT_THAT(
        metadata(std::vector<std::string>{"missing", std::string(kHub), "-"}),
        ElementsAre(Topic{KafkaError::unknown_topic_or_partition, "missing", 0},
                    Topic{KafkaError::none, std::string(kHub), 4}, Topic{KafkaError::invalid_topic_exception, "-", 0}));
    EXPECT_THAT(metadata(std::nullopt), ElementsAre(Topic{KafkaError::none, std::string(kHub), 4}));
    EXPECT_THAT(metadata(std::vector<std::string>()), ElementsAre());
}

TEST_F(KafkaBrokerTest, CreatesForWhoMayManageTheNamespaceOnly) {
    log_in(1);
    EXPECT_EQ(create("made", 2).first, KafkaError::topic_authorization_failed);
    log_in();
    EXPECT_EQ(create("made", 2, true).first, KafkaError::none);
    EXPECT_EQ(hubs_.find("made"), std::nullopt);
    EXPECT_EQ(create("made", 2).first, KafkaError::none);
    EXPECT_EQ(hubs_.find("MADE")->partitions, 2);
    EXPECT_EQ(create("Made", 2).first, KafkaError::topic_already_exists);
    EXPECT_EQ(create("default", -1).first, KafkaError::none);
    EXPECT_EQ(create("x", 0).first, KafkaError::invalid_partitions);
    EXPECT_EQ(create("x", 33).first, KafkaError::invalid_partitions);
    EXPECT_EQ(create("x/y", 1).first, KafkaError::invalid_topic_exception);
    EXPECT_EQ(produce("made", {{"k", "v"}}, 1).error, KafkaError::none);
}

TEST_F(KafkaBrokerTest, APolicyOfAnEventHubReachesNoOther) {
    ASSERT_TRUE(hubs_.create("other", 1));
    log_in(2);
    EXPECT_EQ(produce(kHub, {{"k", "v"}}).error, KafkaError::none);
    EXPECT_EQ(produce("other", {{"k", "v"}}).error, KafkaError::topic_authorization_failed);
    EXPECT_THAT(metadata(std::nullopt), ElementsAre(Topic{KafkaError::none, std::string(kHub), 4}));
    EXPECT_THAT(metadata(std::vector<std::string>{"other"}),
                ElementsAre(Topic{KafkaError::topic_authorization_failed, "other", 0}));
    EXPECT_EQ(fetch(kHub, 0).error, KafkaError::topic_authorization_failed) << "Send is not Listen";
}

TEST_F(KafkaBrokerTest, GivesBackWhatItTook) {
    log_in();
    produce(kHub, {{"a", "1"}, {"b", "2"}});
    auto first_size = fetch(kHub, 0).batches.size();
    produce(kHub, {{"c", "3"}});
    auto all = fetch(kHub, 0);
    EXPECT_EQ(all.next, 3);
    auto from_middle = fetch(kHub, 1);
    EXPECT_EQ(from_middle.batches, all.batches) << "whole batches";
    auto second = fetch(kHub, 2).batches;
    EXPECT_EQ(all.batches.substr(first_size), second);
    EXPECT_EQ(KafkaReader(second).int64(), 2) << "base offset";
    auto batch = read_record_batch(second, 1 << 20);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->records.front().value, "3");
    EXPECT_EQ(fetch(kHub, 0, 1).batches.size(), first_size) << "one batch, though it is larger";
    EXPECT_EQ(fetch(kHub, 3).batches, "");
    EXPECT_EQ(fetch(kHub, 4).error, KafkaError::offset_out_of_range);
    EXPECT_EQ(fetch("missing", 0).error, KafkaError::unknown_topic_or_partition);
    received_.clear();
    EXPECT_EQ(fetch(kHub, 0).error, KafkaError::offset_out_of_range);
    EXPECT_EQ(fetch(kHub, 3).error, KafkaError::none);
}

TEST_F(KafkaBrokerTest, TellsOffsetsByTime) {
    log_in();
    NewBatch batch;
    for (auto time : {1000, 2000, 3000}) {
        batch.timestamp = time;
        batch.records = {{"k", std::to_string(time), {}}};
        produce_batch(kHub, 0, write_record_batch(batch));
    }
    auto offset_at = [&](std::int64_t timestamp) {
        KafkaWriter body;
        body.int32(-1);
        body.int8(0);
        body.array(1);
        body.string(kHub);
        body.array(1);
        body.int32(0);
        body.int32(-1);
        body.int64(timestamp);
        auto answer = ask(KafkaApi::list_offsets, 5, body);
        KafkaReader in(answer);
        in.int32();
        in.array(1);
        in.string();
        in.array(1);
        in.int32();
        EXPECT_EQ(in.int16(), 0);
        in.int64();
        auto offset = in.int64();
        in.int32();
        EXPECT_TRUE(in.at_end());
        return offset;
    };
    EXPECT_EQ(offset_at(ListOffsetsRequest::kEarliest), 0);
    EXPECT_EQ(offset_at(ListOffsetsRequest::kLatest), 3);
    EXPECT_EQ(offset_at(1500), 1);
    EXPECT_EQ(offset_at(3000), 2);
    EXPECT_EQ(offset_at(3001), -1);
}

class KafkaFaultsTest : public KafkaBrokerTest {
  protected:
    void set(std::string_view rules) {
        auto set = faults_.set_json(rules);
        ASSERT_TRUE(set) << set.error().message;
    }
    KafkaReply::Ending ending_of_produce() {
        return send(KafkaApi::produce, 7, produce_body(kHub, 0, batch_of({{"k", "v"}}))).ending;
    }
};

TEST_F(KafkaFaultsTest, ARecordThatIsStruckTakesItsBatchWithIt) {
    log_in();
    set(R"([{"operation":"Produce","action":"fail_record","key":"^bad$","count":1},{"action":"throttle","record":1}])");
    EXPECT_EQ(produce(kHub, {{"good", "1"}, {"bad", "2"}, {"good", "3"}}).error, KafkaError::unknown_server_error);
    EXPECT_EQ(received_.total().items, 0u);
    auto throttled = produce(kHub, {{"a", "1"}, {"b", "2"}});
    EXPECT_EQ(throttled.error, KafkaError::policy_violation);
    EXPECT_EQ(throttled.throttle_ms, 1000);
    EXPECT_EQ(produce(kHub, {{"a", "1"}}).error, KafkaError::none);
}

TEST_F(KafkaFaultsTest, SpeaksOfEachFaultInKafkasTerms) {
    log_in();
    struct Case {
        std::string rule;
        KafkaError error;
    };
    for (const auto& [rule, error] : std::vector<Case>{
             {R"({"action":"http_500"})", KafkaError::unknown_server_error},
             {R"({"action":"http_500","status":503})", KafkaError::request_timed_out},
             {R"({"action":"http_500","code":"NOT_LEADER_OR_FOLLOWER"})", KafkaError::not_leader_or_follower},
             {R"({"action":"http_500","code":"OfAnotherService"})", KafkaError::unknown_server_error},
             {R"({"action":"throttle_request"})", KafkaError::policy_violation},
             {R"({"action":"missing_target"})", KafkaError::unknown_topic_or_partition},
             {R"({"action":"access_denied"})", KafkaError::topic_authorization_failed},
         }) {
        set("[" + rule + "]");
        EXPECT_EQ(produce(kHub, {{"k", "v"}}).error, error) << rule;
        EXPECT_EQ(metadata(std::vector<std::string>{std::string(kHub)}).front().error, error) << rule;
        EXPECT_EQ(create("made", 1).first, error) << rule;
    }
    EXPECT_EQ(received_.total().items, 0u);
    EXPECT_EQ(hubs_.find("made"), std::nullopt);
}

TEST_F(KafkaFaultsTest, BefallsTheTopicThatTheRuleNames) {
    ASSERT_TRUE(hubs_.create("other", 1));
    log_in();
    set(R"([{"target":"other","action":"missing_target"}])");
    EXPECT_EQ(produce(kHub, {{"k", "v"}}).error, KafkaError::none);
    EXPECT_EQ(produce("other", {{"k", "v"}}).error, KafkaError::unknown_topic_or_partition);
    EXPECT_THAT(metadata(std::vector<std::string>{"other", std::string(kHub)}),
                ElementsAre(Topic{KafkaError::unknown_topic_or_partition, "other", 0},
                            Topic{KafkaError::none, std::string(kHub), 4}));
}

TEST_F(KafkaFaultsTest, LosesRequestsBeforeAndAfterTheyWereStored) {
    log_in();
    set(R"([{"action":"reset_before","nth":1},{"action":"reset_after","nth":2},
            {"action":"hang","nth":3},{"action":"hang_after","nth":4},{"action":"expired_token","nth":5}])");
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::close);
    EXPECT_EQ(received_.total().items, 0u);
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::close);
    EXPECT_EQ(received_.total().items, 1u);
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::hang);
    EXPECT_EQ(received_.total().items, 1u);
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::hang);
    EXPECT_EQ(received_.total().items, 2u);
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::close);
    EXPECT_EQ(ending_of_produce(), KafkaReply::Ending::answer);
    EXPECT_EQ(received_.total().items, 3u);
}

TEST_F(KafkaFaultsTest, TellsAClientThatItWasSlowedDown) {
    log_in();
    set(R"([{"operation":"Produce","action":"delay","delay":"3ms"}])");
    auto slow = produce(kHub, {{"k", "v"}});
    EXPECT_EQ(slow.error, KafkaError::none);
    EXPECT_EQ(slow.throttle_ms, 3);
    set(R"([{"operation":"Metadata","action":"throttle_request"}])");
    metadata(std::vector<std::string>{std::string(kHub)});
    EXPECT_EQ(throttle_ms_, 1000);
}

TEST_F(KafkaFaultsTest, RefusesAuthenticationOnlyForWhatSaysSo) {
    auto with = [&](std::string_view rule) {
        set(rule);
        return authenticate("PLAIN", plain(connection_string(0)));
    };
    EXPECT_EQ(with(R"([{"action":"expired_token"}])").error, KafkaError::sasl_authentication_failed);
    EXPECT_EQ(with(R"([{"action":"access_denied"}])").error, KafkaError::sasl_authentication_failed);
    EXPECT_EQ(with(R"([{"action":"http_500"}])").error, KafkaError::network_exception) << "closed, not refused";
    EXPECT_EQ(with(R"([{"operation":"SaslAuthenticate","action":"reset_before"}])").error,
              KafkaError::network_exception);
    EXPECT_EQ(with(R"([{"operation":"Produce","action":"expired_token"}])").error, KafkaError::none);
}

}  // namespace
}  // namespace sluice::sandbox
