#include "destinations/pubsub/destination.hpp"

#include <google/pubsub/v1/pubsub.pb.h>

#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <thread>

#include "base/encoding.hpp"
#include "base/fake_clock.hpp"
#include "destinations/pubsub/fixture_for_test.hpp"

namespace sluice::pubsub {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class PubSubDestinationTest : public PubSubFixture {
  protected:
    static TestBatch keys(std::size_t count) {
        TestBatch batch;
        for (std::size_t i = 0; i < count; ++i) batch.add("object-" + std::to_string(i));
        return batch;
    }
    static std::string value(const FakeService::Request& request, const std::string& name) {
        auto found = request.metadata.find(name);
        return found == request.metadata.end() ? "" : found->second;
    }
};

TEST_F(PubSubDestinationTest, SendsOneRequestForEachKeyWithItsMessagesInOrder) {
    TestBatch batch;
    batch.add("1", "a").add("2", "a").add("3", "b");
    expect_accepted(deliver(batch));
    auto requests = service_.requests("Publish");
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(requests[0].target, "projects/demo-project/topics/io.acme.room");
    ASSERT_EQ(requests[0].messages.size(), 2u);
    EXPECT_EQ(requests[0].messages[0].data, batch.bodies()[0]);
    EXPECT_EQ(requests[0].messages[1].data, batch.bodies()[1]);
    EXPECT_EQ(requests[0].messages[1].ordering_key, "a");
    EXPECT_EQ(requests[1].messages[0].ordering_key, "b");
    EXPECT_EQ(requests[1].messages[0].attributes.at("id"), "3");
}

TEST_F(PubSubDestinationTest, SaysToWhomItGoesAndWhoSendsIt) {
    auto batch = keys(1);
    expect_accepted(deliver(batch));
    auto request = service_.requests("Publish").at(0);
    EXPECT_EQ(value(request, "x-goog-request-params"), "topic=projects%2Fdemo-project%2Ftopics%2Fio.acme.room");
    EXPECT_THAT(value(request, "authorization"), StartsWith("Bearer eyJhbGciOiJSUzI1NiIs"));
    EXPECT_THAT(value(request, "user-agent"), StartsWith("sluice"));
    EXPECT_EQ(request.authority, fmt::format("127.0.0.1:{}", service_.port()));
}

TEST_F(PubSubDestinationTest, AnEmulatorGetsNoToken) {
    settings_.erase("credentials");
    settings_["project"] = "demo";
    auto batch = keys(1);
    expect_accepted(deliver(batch));
    auto request = service_.requests("Publish").at(0);
    EXPECT_EQ(value(request, "authorization"), "");
    EXPECT_EQ(request.target, "projects/demo/topics/io.acme.room");
}

TEST_F(PubSubDestinationTest, WithoutOrderingKeysABatchIsOneRequest) {
    settings_["ordering_keys"] = false;
    auto batch = keys(1000);
    expect_accepted(deliver(batch));
    ASSERT_EQ(service_.requests("Publish").size(), 1u);
    EXPECT_EQ(service_.stored()[999].data, batch.bodies()[999]);
    EXPECT_EQ(service_.stored()[0].ordering_key, "");
}

TEST_F(PubSubDestinationTest, TheLargestMessageFitsIntoARequestOfTenMillionBytes) {
    TestBatch probe;
    probe.add("big");
    probe.aim(destination());
    const auto most = destination().limits().max_message_bytes_absolute;
    auto padding = most - destination().size_of(probe.messages()[0]);
    std::optional<TestBatch> batch;
    for (;; --padding) {  // the lengths in front of it take a few bytes of it
        batch.emplace();
        batch->add("big", {}, padding);
        batch->aim(destination());
        if (destination().size_of(batch->messages()[0]) <= most) break;
    }
    EXPECT_EQ(destination().size_of(batch->messages()[0]), most);
    expect_accepted(deliver(*batch));
    EXPECT_LE(service_.requests("Publish").at(0).bytes.size(), 10'000'000u);
    EXPECT_GE(service_.requests("Publish").at(0).bytes.size(), 9'999'000u);
}

TEST_F(PubSubDestinationTest, KeysTravelSideBySideWithinABound) {
    warm_up();
    while (service_.under_way() > 0) std::this_thread::yield();  // it counts a call until it has seen the end of it
    service_.react([](const auto&) {
        FakeService::Reaction reaction;
        reaction.is_silent = true;
        return reaction;
    });
    auto batch = keys(250);
    auto verdicts = deliver(batch, Deadline::after(300ms));
    EXPECT_EQ(service_.most_at_a_time(), CallRunner::kMostCalls);
    std::size_t ambiguous = 0;
    for (const auto& verdict : verdicts) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        ambiguous += verdict.ambiguous;
    }
    // What had not been sent when time was over is known not to be stored.
    EXPECT_EQ(ambiguous, CallRunner::kMostCalls);
}

TEST_F(PubSubDestinationTest, WhatWaitsForItsTurnEndsByItsOwnDeadline) {
    warm_up();
    service_.react([](const auto&) {
        FakeService::Reaction reaction;
        reaction.is_silent = true;
        return reaction;
    });
    auto busy = keys(CallRunner::kMostCalls);
    auto waiting = keys(3);
    busy.aim(destination());
    waiting.aim(destination());
    std::vector<std::string> order;
    auto keep = [&order](std::string name) {
        return [&order, name](std::exception_ptr, std::vector<Verdict> verdicts) {
            order.push_back(name + (verdicts[0].ambiguous ? ", ambiguous" : ""));
        };
    };
    boost::asio::co_spawn(io_, destination().deliver(busy.messages(), Deadline::after(1s)), keep("busy"));
    boost::asio::co_spawn(io_, destination().deliver(waiting.messages(), Deadline::after(100ms)), keep("waiting"));
    io_.restart();
    io_.run();
    EXPECT_THAT(order, ElementsAre("waiting", "busy, ambiguous"));
}

TEST_F(PubSubDestinationTest, WhatWaitsWhenAConnectionIsLostWasNotSent) {
    Relay relay(service_.port());
    settings_["endpoint"] = fmt::format("http://127.0.0.1:{}", relay.port());
    service_.react([&relay](const auto&) {
        relay.cut();
        FakeService::Reaction reaction;
        reaction.is_silent = true;
        return reaction;
    });
    auto batch = keys(5);
    auto verdicts = deliver(batch);
    EXPECT_TRUE(verdicts[0].ambiguous);
    for (std::size_t i = 1; i < verdicts.size(); ++i) {
        EXPECT_EQ(verdicts[i].kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdicts[i].ambiguous) << i;
    }
    EXPECT_EQ(service_.requests("Publish").size(), 1u);
    service_.react({});
    expect_accepted(deliver(batch));
}

TEST_F(PubSubDestinationTest, AFailedKeyDoesNotHoldTheOthers) {
    warm_up();
    service_.react([](const auto& request) {
        bool hit = request.messages.at(0).ordering_key == "object-1";
        return hit ? refuse(Status::aborted, "try again") : FakeService::Reaction();
    });
    auto batch = keys(3);
    auto verdicts = deliver(batch);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::accepted);
    EXPECT_EQ(verdicts[1].kind, Verdict::Kind::retry);
    EXPECT_EQ(verdicts[2].kind, Verdict::Kind::accepted);
}

TEST_F(PubSubDestinationTest, ARefusedRequestsMessagesShareTheReasonAndOtherRequestsHaveTheirOwn) {
    service_.react([](const auto&) { return refuse(Status::invalid_argument, "does not match the schema"); });
    TestBatch batch;
    batch.add("1", "a").add("2", "a").add("3", "b");
    auto verdicts = deliver(batch);
    for (const auto& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::rejected);
    EXPECT_EQ(verdicts[0].failure, verdicts[1].failure);
    EXPECT_NE(verdicts[0].failure, verdicts[2].failure);
}

TEST_F(PubSubDestinationTest, WhatConcernsTheTopicStopsTheRestOfTheBatch) {
    warm_up();
    service_.react([](const auto&) { return refuse(Status::resource_exhausted, "Quota exceeded"); });
    auto batch = keys(800);
    for (const auto& verdict : deliver(batch)) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_EQ(to_string(verdict.failure->error_class), "throttled");
        EXPECT_EQ(verdict.failure->target, "io.acme.room");
    }
    EXPECT_LT(service_.requests("Publish").size(), 400u);
}

// Topics.

/// A service without topics until one is created.
class MissingTopic {
  public:
    explicit MissingTopic(FakeService::Reaction on_create = {}) : on_create_(std::move(on_create)) {}
    FakeService::Reaction operator()(const FakeService::Request& request) {
        if (request.method == "CreateTopic") {
            if (on_create_.status == Status::ok || on_create_.status == Status::already_exists) *there_ = true;
            return on_create_;
        }
        FakeService::Reaction missing;
        missing.status = Status::not_found;
        missing.message = "Resource not found (resource=io.acme.room).";
        return *there_ ? FakeService::Reaction() : missing;
    }

  private:
    FakeService::Reaction on_create_;
    std::shared_ptr<std::atomic<bool>> there_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(PubSubDestinationTest, AMissingTopicIsMadeAndItsMessagesAreKeptForSevenDays) {
    service_.react(MissingTopic());
    auto batch = keys(20);
    expect_accepted(deliver(batch));
    auto created = service_.requests("CreateTopic");
    ASSERT_EQ(created.size(), 1u);
    google::pubsub::v1::Topic topic;
    ASSERT_TRUE(topic.ParseFromString(created[0].bytes));
    EXPECT_EQ(topic.name(), "projects/demo-project/topics/io.acme.room");
    EXPECT_EQ(topic.message_retention_duration().seconds(), 7 * 24 * 3600);
    EXPECT_EQ(value(created[0], "x-goog-request-params"), "name=projects%2Fdemo-project%2Ftopics%2Fio.acme.room");
    // The first message found out; the others were not sent in vain.
    EXPECT_EQ(service_.requests("Publish").size(), 21u);
    EXPECT_EQ(service_.stored().size(), 20u);
}

TEST_F(PubSubDestinationTest, ATopicThatSomebodyElseMadeMeanwhileIsFine) {
    service_.react(MissingTopic(refuse(Status::already_exists, "Resource already exists")));
    auto batch = keys(3);
    expect_accepted(deliver(batch));
}

TEST_F(PubSubDestinationTest, HoweverManyNeedATopicItIsMadeOnce) {
    service_.react(MissingTopic());
    TestBatch one, two;
    one.add("1").aim(destination());
    two.add("2").aim(destination());
    std::vector<std::vector<Verdict>> all;
    auto keep = [&all](std::exception_ptr, std::vector<Verdict> verdicts) { all.push_back(std::move(verdicts)); };
    boost::asio::co_spawn(io_, destination().deliver(one.messages(), Deadline::after(20s)), keep);
    boost::asio::co_spawn(io_, destination().deliver(two.messages(), Deadline::after(20s)), keep);
    io_.run();
    ASSERT_EQ(all.size(), 2u);
    for (const auto& verdicts : all) expect_accepted(verdicts);
    EXPECT_EQ(service_.requests("CreateTopic").size(), 1u);
}

TEST_F(PubSubDestinationTest, WithoutTheRightToMakeATopicItIsMissingAndThePermissionIsNamed) {
    service_.react(MissingTopic(refuse(Status::permission_denied, "User not authorized to perform this action.")));
    auto batch = keys(50);
    for (const auto& verdict : deliver(batch)) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdict.ambiguous);
        EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target");
        EXPECT_EQ(verdict.failure->target, "io.acme.room");
        EXPECT_THAT(verdict.failure->message, HasSubstr("projects/demo-project/topics/io.acme.room does not exist"));
        EXPECT_THAT(verdict.failure->hint, HasSubstr("pubsub.topics.create"));
    }
    EXPECT_EQ(service_.requests("Publish").size(), 1u);
}

TEST_F(PubSubDestinationTest, SaysWhyATopicCouldNotBeMade) {
    const std::pair<Status, const char*> cases[] = {{Status::not_found, "demo-project"},
                                                    {Status::resource_exhausted, "quota"},
                                                    {Status::failed_precondition, "policy"},
                                                    {Status::invalid_argument, "policy"}};
    for (const auto& [status, hint] : cases) {
        service_.react(MissingTopic(refuse(status, "no")));
        auto batch = keys(1);
        auto verdict = deliver(batch)[0];
        EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target") << name_of(status);
        EXPECT_THAT(verdict.failure->hint, HasSubstr(hint)) << name_of(status);
    }
    service_.react(MissingTopic(refuse(Status::unavailable, "down")));
    auto batch = keys(1);
    EXPECT_EQ(to_string(deliver(batch)[0].failure->error_class), "transient");
}

TEST_F(PubSubDestinationTest, ATopicIsNotMadeUnlessThatIsWanted) {
    settings_["create_topics"] = false;
    service_.react(MissingTopic());
    auto batch = keys(2);
    for (const auto& verdict : deliver(batch)) {
        EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target");
    }
    EXPECT_TRUE(service_.requests("CreateTopic").empty());
}

TEST_F(PubSubDestinationTest, ATopicThatIsDeletedLaterIsMadeAgain) {
    warm_up();
    service_.react(MissingTopic());
    auto batch = keys(3);
    expect_accepted(deliver(batch));
}

TEST_F(PubSubDestinationTest, ARecTypeThatCannotBeATopicIsMissingForItselfAlone) {
    TestBatch batch;
    batch.rec_type = "io";
    batch.add("1");
    auto verdict = deliver(batch)[0];
    EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target");
    EXPECT_EQ(verdict.failure->code, "invalid_topic_name");
    EXPECT_EQ(verdict.failure->target, "io");
    EXPECT_THAT(verdict.failure->message, HasSubstr("2 characters"));
    EXPECT_TRUE(service_.requests().empty());
    warm_up();
}

TEST_F(PubSubDestinationTest, MoreTopicsThanAllowedAreMissingAndTheOthersGoOn) {
    settings_["max_targets"] = 2;
    for (auto rec_type : {"io.one", "io.two", "io.three", "io.one"}) {
        TestBatch batch;
        batch.rec_type = rec_type;
        batch.add("1");
        auto verdict = deliver(batch)[0];
        if (std::string(rec_type) != "io.three") {
            EXPECT_EQ(verdict.kind, Verdict::Kind::accepted) << rec_type;
            continue;
        }
        EXPECT_EQ(to_string(verdict.failure->error_class), "missing_target");
        EXPECT_EQ(verdict.failure->code, "too_many_targets");
        EXPECT_THAT(verdict.failure->hint, HasSubstr("max_targets"));
    }
}

TEST_F(PubSubDestinationTest, TopicsThatWereUsedBeforeStandAndWhatPassesByTakesNoPlace) {
    settings_["max_targets"] = 2;
    destination().target_names()->recall({"io.one"});
    auto deliver_to = [&](std::string rec_type, bool in_passing) {
        TestBatch batch;
        batch.rec_type = std::move(rec_type);
        batch.in_passing = in_passing;
        batch.add("1");
        auto verdict = deliver(batch)[0];
        return verdict.failure ? verdict.failure->code : std::string();
    };
    EXPECT_EQ(deliver_to("io.three", true), "");
    EXPECT_EQ(deliver_to("io.two", false), "");
    EXPECT_EQ(deliver_to("io.three", false), "too_many_targets");
    EXPECT_EQ(deliver_to("io.one", false), "");
}

TEST_F(PubSubDestinationTest, OneTopicForAllHasNothingToRemember) {
    settings_["topic"] = "events";
    EXPECT_EQ(destination().target_names(), nullptr);
}

TEST_F(PubSubDestinationTest, TopicsThatDifferInCaseAreTwo) {
    for (auto rec_type : {"io.room", "io.Room"}) {
        TestBatch batch;
        batch.rec_type = rec_type;
        batch.add("1");
        expect_accepted(deliver(batch));
    }
    EXPECT_EQ(service_.stored()[0].topic, "projects/demo-project/topics/io.room");
    EXPECT_EQ(service_.stored()[1].topic, "projects/demo-project/topics/io.Room");
}

// Tokens.

TEST_F(PubSubDestinationTest, AClockThatIsOffIsMeasuredAndMadeUpFor) {
    FakeClock clock(parse_rfc3339("2026-11-26T10:00:00.000Z").value());
    DestinationContext context{io_, clock, "acme"};
    destination_ = pubsub_kind().make(settings_, context).value();
    // An hour ahead: what is signed by this machine's clock has ended already.
    service_.react([first = std::make_shared<std::string>()](const FakeService::Request& request) {
        auto token = request.metadata.find("authorization")->second;
        if (first->empty()) *first = token;
        if (token != *first) return FakeService::Reaction();
        auto refused = refuse(Status::unauthenticated, "Request had invalid authentication credentials.");
        refused.date = "Thu, 26 Nov 2026 11:00:00 GMT";
        return refused;
    });
    auto batch = keys(3);
    expect_accepted(deliver(batch));
    auto used = value(service_.requests("Publish").back(), "authorization");
    auto payload = used.substr(used.find('.') + 1);
    payload = payload.substr(0, payload.find('.'));
    while (payload.size() % 4 != 0) payload += '=';
    EXPECT_THAT(base64_decode(payload).value_or(""), HasSubstr("\"iat\":1795690800,")) << "11:00, not 10:00";
    EXPECT_EQ(service_.requests("Publish").size(), 4u);
    EXPECT_THAT(run(destination().probe(Deadline::after(20s))).steps[2].detail, HasSubstr("off by 3600 s"));
}

/// Numbered tokens, or none.
class CountingTokens final : public auth::GoogleTokenProvider {
  public:
    explicit CountingTokens(std::shared_ptr<std::size_t> made) : made_(std::move(made)) {}
    boost::asio::awaitable<Result<auth::GoogleToken>> get(Deadline) override {
        if (none) co_return *none;
        if (fresh_) ++*made_;
        fresh_ = false;
        auth::GoogleToken token;
        token.bearer = Secret("token-" + std::to_string(*made_));
        token.quota_project = "billed";
        co_return token;
    }
    void invalidate() override { fresh_ = true; }
    bool learn_clock(std::string_view) override { return false; }
    std::chrono::milliseconds clock_offset() const override { return {}; }
    std::string describe() const override { return "a test"; }

    std::optional<Error> none;

  private:
    std::shared_ptr<std::size_t> made_;
    bool fresh_ = true;
};

class PubSubTokens : public PubSubDestinationTest {
  protected:
    CountingTokens& given_tokens() {
        auto tokens = std::make_unique<CountingTokens>(made_);
        auto* kept = tokens.get();
        destination_ = std::make_unique<PubSubDestination>(io_, parse_config(settings_, context_).value(),
                                                           std::move(tokens), PubSubDestination::Options());
        return *kept;
    }
    std::shared_ptr<std::size_t> made_ = std::make_shared<std::size_t>(0);
};

TEST_F(PubSubTokens, ARefusedTokenIsReplacedOnceAndWhatItSentIsSentAgain) {
    given_tokens();
    service_.react([](const auto& request) {
        bool old = request.metadata.find("authorization")->second == "Bearer token-1";
        return old ? refuse(Status::unauthenticated, "expired") : FakeService::Reaction();
    });
    auto batch = keys(4);
    expect_accepted(deliver(batch));
    EXPECT_EQ(*made_, 2u);
    EXPECT_EQ(service_.stored().size(), 4u);
    EXPECT_EQ(value(service_.requests("Publish").back(), "x-goog-user-project"), "billed");
}

TEST_F(PubSubTokens, ATokenThatStaysRefusedIsToldAfterTheSecondTry) {
    given_tokens();
    service_.react([](const auto&) { return refuse(Status::unauthenticated, "no such key"); });
    auto batch = keys(4);
    for (const auto& verdict : deliver(batch)) {
        EXPECT_EQ(to_string(verdict.failure->error_class), "credentials");
        EXPECT_EQ(verdict.failure->target, "");
    }
    EXPECT_EQ(*made_, 2u);
    EXPECT_EQ(service_.requests("Publish").size(), 2u);
}

TEST_F(PubSubTokens, WithoutATokenNothingIsSent) {
    auto& tokens = given_tokens();
    tokens.none = make_error(Errc::unauthenticated, "invalid_grant", "log in again");
    auto batch = keys(2);
    for (const auto& verdict : deliver(batch)) {
        EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
        EXPECT_FALSE(verdict.ambiguous);
        EXPECT_EQ(to_string(verdict.failure->error_class), "credentials");
        EXPECT_EQ(verdict.failure->hint, "log in again");
    }
    tokens.none = make_error(Errc::unavailable, "the token endpoint is down");
    EXPECT_EQ(to_string(deliver(batch)[0].failure->error_class), "transient");
    EXPECT_TRUE(service_.requests().empty());
}

}  // namespace
}  // namespace sluice::pubsub
