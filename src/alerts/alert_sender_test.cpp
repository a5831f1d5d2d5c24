#include "alerts/alert_sender.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <thread>

#include "alerts/alerts_test_kit.hpp"
#include "base/fake_clock.hpp"
#include "control/record_kinds.hpp"
#include "http/scripted_server.hpp"
#include "net/run_for_test.hpp"

namespace sluice {
namespace {

using http::Behaviour;
using Kind = TransitionFilter::Kind;

class AlertSenderTest : public ::testing::Test {
  protected:
    AlertSenderTest() { make_sender(); }
    ~AlertSenderTest() override {
        if (sender) stop();
    }
    void make_sender() {
        sender = std::make_unique<AlertSender>(AlertSender::Parts{io, directory, store, writes, clock}, pace,
                                               [this](const std::string& text) { warnings.push_back(text); });
    }
    void stop() {
        run_for_test(io, sender->stop());
        sender.reset();
    }
    void add(const std::string& id, const http::ScriptedServer& receiver, const std::string& more = "") {
        std::string text = R"({"id":")" + id + R"(","url":")" + receiver.endpoint().to_url() +
                           R"(/hook","secret":"whsec_c2lnbmluZyBrZXk=")" + more + "}";
        ASSERT_TRUE(run_for_test(io, directory.create(caller, boost::json::parse(text).as_object())));
    }
    /// Receivers are on loopback here, which only the operator's may be.
    static Principal operator_of(const std::string& org) {
        Principal made = operator_for_test();
        made.org = org;
        return made;
    }
    static Transition change(Kind kind, const std::string& id = "acme-sqs") {
        Transition made;
        made.change.id = id;
        made.change.kind = kind;
        made.change.before = kind == Kind::recovered ? Trouble::failing : Trouble::none;
        made.status.id = id;
        made.status.org = "com.acme";
        made.status.destination_type = "sqs";
        return made;
    }
    /// The io_context's work until `done`.
    void run_until(const std::function<bool()>& done) {
        if (io.stopped()) io.restart();
        while (!done()) io.run_one();
    }
    std::string told(const std::string& id) {
        // After what was posted before.
        run_for_test(io, flush());
        return store.get(kAlertToldKind, id)->value_or("");
    }
    boost::asio::awaitable<void> flush() {
        auto nothing = [] { return true; };
        co_await writes.run(std::move(nothing));
    }

    boost::asio::io_context io;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
    FakeClock clock;
    MemoryControlStore store;
    std::unique_ptr<SealedRecords> sealed = sealed_for_test(store);
    DestinationRegistry registry = webhook_registry();
    BlockingPool writes{"writes", 1};
    AlertDirectory directory{AlertDirectory::Parts{*sealed, registry, writes}, true};
    Principal caller = operator_of("com.acme");
    AlertSender::Pace pace{std::chrono::milliseconds(1), std::chrono::milliseconds(2), std::chrono::hours(6),
                           std::chrono::seconds(20)};
    std::vector<std::string> warnings;
    std::unique_ptr<AlertSender> sender;
};

TEST_F(AlertSenderTest, SignsWhatItSends) {
    http::ScriptedServer receiver({Behaviour::respond(204)});
    add("ops", receiver, R"(,"headers":{"X-Routing":"blue"})");
    sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("ops").sent == 1; });
    auto request = receiver.wait_for_requests(1)[0];
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/hook");
    EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
    EXPECT_EQ(request.headers.get("X-Routing"), "blue");
    EXPECT_EQ(request.headers.get("webhook-signature"),
              webhook_signature(Secret("signing key"), request.headers.get("webhook-id"),
                                request.headers.get("webhook-timestamp"), request.body));
    EXPECT_EQ(boost::json::parse(request.body).at("type"), "integration.failing");
}

TEST_F(AlertSenderTest, TriesAgainUnderTheSameIdUntilItIsTakenThenGoesOnInOrder) {
    http::ScriptedServer receiver({Behaviour::respond(500), Behaviour::reset_after_reading(), Behaviour::respond(200)});
    add("ops", receiver);
    sender->tell(change(Kind::failing));
    sender->tell(change(Kind::recovered));
    run_until([&] { return sender->statistics("ops").sent == 2; });
    auto requests = receiver.wait_for_requests(4);
    EXPECT_EQ(requests[0].headers.get("webhook-id"), requests[2].headers.get("webhook-id"));
    EXPECT_EQ(requests[0].body, requests[2].body);
    EXPECT_EQ(boost::json::parse(requests[3].body).at("type"), "integration.recovered");
    EXPECT_FALSE(sender->statistics("ops").last_error);
}

TEST_F(AlertSenderTest, IsTakenWhateverTheLengthOfTheAnswer) {
    http::ScriptedServer receiver({Behaviour::respond(200, std::string(300 << 10, 'p'))});
    add("ops", receiver);
    sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("ops").sent == 1; });
    EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST_F(AlertSenderTest, GivesUpAfterAWhileSaysSoAndTellsTheReceiverWhatItMissed) {
    http::ScriptedServer receiver({Behaviour::respond(500), Behaviour::respond(404)});
    add("ops", receiver);
    sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("ops").last_error.has_value(); });
    clock.advance(std::chrono::hours(7));
    run_until([&] { return sender->statistics("ops").dropped == 1; });
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find("answered 404"), std::string::npos) << warnings[0];
    EXPECT_EQ(sender->statistics("ops").last_error->code, "http_404");
    sender->tell(change(Kind::recovered));
    run_until([&] { return sender->statistics("ops").sent == 1; });
    EXPECT_EQ(boost::json::parse(receiver.wait_for_requests(3)[2].body).at("missed"), 1);
}

TEST_F(AlertSenderTest, KeepsNobodyWaitingForASlowReceiver) {
    auto gate = std::make_shared<http::Gate>();
    http::ScriptedServer slow({Behaviour::respond(200).after(gate)});
    http::ScriptedServer quick;
    add("slow", slow);
    add("quick", quick);
    for (int i = 0; i < 3; ++i) sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("quick").sent == 3; });
    EXPECT_EQ(sender->statistics("slow").sent, 0u);
    gate->open();
    run_until([&] { return sender->statistics("slow").sent == 3; });
}

TEST_F(AlertSenderTest, RemembersWhatWasToldOnceEveryoneHasIt) {
    auto gate = std::make_shared<http::Gate>();
    http::ScriptedServer slow({Behaviour::respond(200).after(gate)});
    http::ScriptedServer quick;
    add("slow", slow);
    add("quick", quick);
    sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("quick").sent == 1; });
    EXPECT_EQ(told("acme-sqs"), "");
    gate->open();
    run_until([&] { return sender->statistics("slow").sent == 1; });
    EXPECT_EQ(told("acme-sqs"), "failing");
    EXPECT_EQ(AlertSender::told_before(store)->at("acme-sqs"), Trouble::failing);
    sender->tell(change(Kind::recovered));
    run_until([&] { return sender->statistics("slow").sent + sender->statistics("quick").sent == 4; });
    EXPECT_EQ(told("acme-sqs"), "");
}

TEST_F(AlertSenderTest, ForgetsNothingThatAReceiverHasNotGotWhenItStops) {
    auto gate = std::make_shared<http::Gate>();
    http::ScriptedServer receiver({Behaviour::respond(200).after(gate)});
    add("ops", receiver);
    sender->tell(change(Kind::failing));
    run_until([&] { return receiver.requests().size() == 1; });
    stop();
    EXPECT_EQ(told("acme-sqs"), "") << "it is told again after the restart";
    gate->open();
}

TEST_F(AlertSenderTest, LetsGoOfWhatWaitsForAnAlertThatWasDeleted) {
    http::ScriptedServer receiver({Behaviour::respond(500)});
    add("ops", receiver);
    sender->tell(change(Kind::failing));
    run_until([&] { return sender->statistics("ops").last_error.has_value(); });
    ASSERT_TRUE(run_for_test(io, directory.erase(caller, "ops")));
    run_until([&] { return !sender->statistics("ops").last_error; });
    EXPECT_LE(receiver.requests().size(), 2u);
}

TEST_F(AlertSenderTest, TestsAnAlertAndSaysWhatToDoWhenItsReceiverRefuses) {
    http::ScriptedServer receiver({Behaviour::respond(200), Behaviour::respond(401)});
    add("ops", receiver);
    EXPECT_FALSE(run_for_test(io, sender->test(directory.find("ops"))));
    EXPECT_EQ(boost::json::parse(receiver.wait_for_requests(1)[0].body).at("type"), "alert.test");
    auto failure = run_for_test(io, sender->test(directory.find("ops")));
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, "http_401");
    EXPECT_FALSE(failure->hint.empty());
}

}  // namespace
}  // namespace sluice
