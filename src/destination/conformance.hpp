#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "destination/destination.hpp"
#include "destination/test_batch.hpp"
#include "net/run_for_test.hpp"

/// What every destination promises (destination.hpp), as tests. A connector's tests include this once and say:
///
///   INSTANTIATE_TEST_SUITE_P(Kinesis, DestinationConformance, testing::Values(&make_harness));
///
/// where make_harness returns a ConformanceHarness: the connector and a far side that behaves as told.
namespace sluice {

/// How the far side treats what is sent to it next. What a service cannot do is skipped, visibly.
enum class PeerBehaviour {
    accept,               ///< stores everything and says so
    refuse_every_other,   ///< stores the 1st, 3rd… of a batch; the rest is refused this time
    throttle,             ///< refuses everything this time
    refuse_credentials,   ///< does not know the key, or not for this secret
    miss_target,          ///< has no such stream, queue…
    refuse_as_too_large,  ///< refuses for its size what is sent
    fail,                 ///< answers that something went wrong on its side: stored or not, nobody knows
    talk_nonsense,        ///< answers success, with a body that is no answer
    stay_silent,          ///< stores, and never answers
    store_and_hang_up,    ///< stores, then closes the connection instead of answering
    be_unreachable,       ///< nothing listens there
};

constexpr std::array kPeerBehaviours = {
    PeerBehaviour::accept,
    PeerBehaviour::refuse_every_other,
    PeerBehaviour::throttle,
    PeerBehaviour::miss_target,
    PeerBehaviour::refuse_credentials,
    PeerBehaviour::refuse_as_too_large,
    PeerBehaviour::fail,
    PeerBehaviour::talk_nonsense,
    PeerBehaviour::stay_silent,
    PeerBehaviour::store_and_hang_up,
    PeerBehaviour::be_unreachable,
};

/// A connector with its far side. One per test; the far side may run on threads of its own.
class ConformanceHarness {
  public:
    virtual ~ConformanceHarness() = default;

    /// Before make(). False: this far side cannot do that.
    virtual bool peer_shall(PeerBehaviour behaviour) = 0;
    /// While a destination is in use: from its next request on.
    virtual void peer_recovers() = 0;
    /// A destination whose settings contain every secret that the connector knows of.
    virtual std::unique_ptr<Destination> make(boost::asio::io_context& io) = 0;

    /// Bodies that the far side has stored, in order of arrival.
    virtual std::vector<std::string> stored() const = 0;
    /// Requests to deliver that have reached the far side.
    virtual std::size_t requests() const = 0;
    /// What must never be printed.
    virtual std::vector<std::string> secrets() const = 0;
    /// Whether there is anything to ask the far side without writing; if not, the test call ends with the connection.
    virtual bool can_be_asked() const { return true; }
};

class DestinationConformance : public testing::TestWithParam<std::unique_ptr<ConformanceHarness> (*)()> {
  protected:
    using Verdicts = std::vector<Verdict>;

    void SetUp() override { harness_ = GetParam()(); }

    void TearDown() override {
        if (destination_) run(destination_->close());
        destination_.reset();
    }

    /// True when the far side can do it; then there is a destination to deliver to.
    bool given(PeerBehaviour behaviour) {
        if (!harness_->peer_shall(behaviour)) return false;
        destination_ = harness_->make(io_);
        return true;
    }

    /// As many events as a batch may have, up to `at_most`, each with a key of its own.
    void given_batch(std::size_t at_most = 5) {
        auto count = std::min(at_most, destination_->limits().max_events);
        for (std::size_t i = 0; i < count; ++i) batch_.add("object-" + std::to_string(i));
        batch_.aim(*destination_);
    }

    /// The deadline is only there to end what hangs: a sanitizer on a busy machine takes its time.
    Verdicts deliver(Deadline deadline = Deadline::after(std::chrono::minutes(5))) {
        auto verdicts = run(destination_->deliver(batch_.messages(), deadline));
        // Whatever happens: one verdict per message, and a reason for each that is not accepted.
        EXPECT_EQ(verdicts.size(), batch_.size());
        for (const auto& verdict : verdicts) {
            EXPECT_EQ(verdict.failure == nullptr, verdict.kind == Verdict::Kind::accepted);
            if (verdict.failure) {
                EXPECT_FALSE(verdict.failure->code.empty());
                EXPECT_FALSE(verdict.failure->message.empty() && verdict.failure->hint.empty());
            }
        }
        return verdicts;
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return run_for_test(io_, std::move(task));
    }

    /// The far side may be on another thread, so the condition can change without a turn of this io_context.
    template <class Condition>
    void run_until(Condition condition) {
        io_.restart();
        while (!condition()) {
            io_.run_one_for(std::chrono::milliseconds(1));
            if (io_.stopped()) io_.restart();
        }
    }

    static std::string texts_of(const Verdicts& verdicts) {
        std::string all;
        for (const auto& verdict : verdicts) {
            if (!verdict.failure) continue;
            const auto& failure = *verdict.failure;
            all += failure.code + "\n" + failure.message + "\n" + failure.target + "\n" + failure.hint + "\n";
        }
        return all;
    }

    static std::string texts_of(const ProbeReport& report) {
        std::string all;
        for (const auto& step : report.steps) all += step.name + "\n" + step.detail + "\n" + step.hint + "\n";
        return all;
    }

    static const ProbeStep* failed_step(const ProbeReport& report) {
        auto found = std::find_if(report.steps.begin(), report.steps.end(),
                                  [](const ProbeStep& step) { return step.outcome == ProbeStep::Outcome::failed; });
        return found == report.steps.end() ? nullptr : &*found;
    }

    ProbeReport probe() { return run(destination_->probe(Deadline::after(std::chrono::seconds(20)))); }

    /// All of the batch is to be sent again, for this reason.
    static void expect_retry(const Verdicts& verdicts, ErrorClass error_class, bool ambiguous) {
        for (const auto& verdict : verdicts) {
            EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
            EXPECT_EQ(verdict.ambiguous, ambiguous);
            ASSERT_NE(verdict.failure, nullptr);
            EXPECT_EQ(to_string(verdict.failure->error_class), to_string(error_class));
        }
    }

    void expect_no_secret_in(const std::string& text) {
        for (const auto& secret : harness_->secrets()) EXPECT_THAT(text, testing::Not(testing::HasSubstr(secret)));
    }

    boost::asio::io_context io_{1};
    TestBatch batch_;
    std::unique_ptr<ConformanceHarness> harness_;
    std::unique_ptr<Destination> destination_;
};

#define SLUICE_GIVEN(behaviour) \
    if (!given(PeerBehaviour::behaviour)) GTEST_SKIP() << "this far side cannot " #behaviour

TEST_P(DestinationConformance, LimitsAreUsable) {
    SLUICE_GIVEN(accept);
    auto limits = destination_->limits();
    EXPECT_GE(limits.max_events, 1u);
    EXPECT_GE(limits.max_concurrent, 1u);
    EXPECT_GE(limits.max_message_bytes_safe, 1u);
    EXPECT_GE(limits.max_message_bytes_absolute, limits.max_message_bytes_safe);
    EXPECT_GE(limits.max_bytes, limits.max_message_bytes_safe);
    if (limits.same_key == SameKeyInBatch::atomic_run) {
        EXPECT_GE(limits.max_run_bytes, 1u);
    }
}

TEST_P(DestinationConformance, SizeCountsAtLeastTheBody) {
    SLUICE_GIVEN(accept);
    given_batch();
    for (const auto& message : batch_.messages()) EXPECT_GE(destination_->size_of(message), message.body.size());
}

TEST_P(DestinationConformance, AcceptsABatchInTheOrderGiven) {
    SLUICE_GIVEN(accept);
    given_batch();
    auto verdicts = deliver();
    for (const auto& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted) << texts_of(verdicts);
    EXPECT_EQ(harness_->stored(), batch_.bodies());
}

TEST_P(DestinationConformance, AcceptsTheLargestBatchThereMayBe) {
    SLUICE_GIVEN(accept);
    given_batch(10'000);
    auto verdicts = deliver();
    for (const auto& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
    EXPECT_EQ(harness_->stored(), batch_.bodies());
}

TEST_P(DestinationConformance, SaysOfEachMessageWhatBecameOfIt) {
    SLUICE_GIVEN(refuse_every_other);
    given_batch();
    auto verdicts = deliver();
    std::vector<std::string> accepted;
    ASSERT_EQ(verdicts.size(), batch_.size());
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        EXPECT_EQ(verdicts[i].kind, i % 2 == 0 ? Verdict::Kind::accepted : Verdict::Kind::retry) << i;
        EXPECT_FALSE(verdicts[i].ambiguous) << i;
        if (verdicts[i].kind == Verdict::Kind::accepted) accepted.push_back(batch_.bodies()[i]);
    }
    EXPECT_EQ(harness_->stored(), accepted);
}

TEST_P(DestinationConformance, ThrottlingIsNoFailureAndNothingWasStored) {
    SLUICE_GIVEN(throttle);
    given_batch();
    expect_retry(deliver(), ErrorClass::throttled, false);
    EXPECT_TRUE(harness_->stored().empty());
}

TEST_P(DestinationConformance, RefusedCredentialsAreRetriedUnderTheirClassWithAHint) {
    SLUICE_GIVEN(refuse_credentials);
    given_batch();
    auto verdicts = deliver();
    expect_retry(verdicts, ErrorClass::credentials, false);
    for (const auto& verdict : verdicts) EXPECT_NE(verdict.failure->hint, "");
}

TEST_P(DestinationConformance, MissingTargetIsRetriedUnderItsClassAndNamed) {
    SLUICE_GIVEN(miss_target);
    given_batch();
    auto verdicts = deliver();
    expect_retry(verdicts, ErrorClass::missing_target, false);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        EXPECT_EQ(verdicts[i].failure->target, batch_.messages()[i].target);
        EXPECT_NE(verdicts[i].failure->hint, "");
    }
}

TEST_P(DestinationConformance, AMessageRefusedForItsSizeIsRejectedForIt) {
    SLUICE_GIVEN(refuse_as_too_large);
    given_batch(1);
    auto verdicts = deliver();
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0].kind, Verdict::Kind::rejected);
    EXPECT_EQ(to_string(verdicts[0].failure->error_class), "too_large");
}

TEST_P(DestinationConformance, AFailureOfTheServiceIsAmbiguous) {
    SLUICE_GIVEN(fail);
    given_batch();
    expect_retry(deliver(), ErrorClass::transient, true);
}

TEST_P(DestinationConformance, AnAnswerThatIsNoneIsNeverTakenForAcceptance) {
    SLUICE_GIVEN(talk_nonsense);
    given_batch();
    expect_retry(deliver(), ErrorClass::transient, true);
}

TEST_P(DestinationConformance, SilenceEndsAtTheDeadlineAndIsAmbiguous) {
    SLUICE_GIVEN(stay_silent);
    given_batch();
    expect_retry(deliver(Deadline::after(std::chrono::milliseconds(200))), ErrorClass::transient, true);
}

TEST_P(DestinationConformance, AConnectionLostAfterSendingIsAmbiguous) {
    SLUICE_GIVEN(store_and_hang_up);
    given_batch();
    expect_retry(deliver(), ErrorClass::transient, true);
}

TEST_P(DestinationConformance, AnUnreachableServiceIsNotAmbiguous) {
    SLUICE_GIVEN(be_unreachable);
    given_batch();
    expect_retry(deliver(), ErrorClass::transient, false);
}

TEST_P(DestinationConformance, ADeadlineThatHasPassedSendsNothing) {
    SLUICE_GIVEN(accept);
    given_batch();
    auto verdicts = deliver(Deadline(Deadline::Clock::now() - std::chrono::seconds(1)));
    for (const auto& verdict : verdicts) EXPECT_EQ(verdict.kind, Verdict::Kind::retry);
    EXPECT_TRUE(harness_->stored().empty());
}

TEST_P(DestinationConformance, CancellationCompletesEarlyAndIsAmbiguousOnceSent) {
    SLUICE_GIVEN(stay_silent);
    given_batch();
    boost::asio::cancellation_signal cancel;
    std::optional<Verdicts> verdicts;
    std::exception_ptr thrown;
    boost::asio::co_spawn(
        io_, destination_->deliver(batch_.messages(), Deadline::never()),
        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error, Verdicts all) {
            thrown = error;
            verdicts = std::move(all);
        }));
    run_until([&] { return harness_->requests() > 0; });
    cancel.emit(boost::asio::cancellation_type::terminal);
    run_until([&] { return verdicts.has_value(); });
    EXPECT_EQ(thrown, nullptr);
    ASSERT_EQ(verdicts->size(), batch_.size());
    expect_retry(*verdicts, ErrorClass::transient, true);
}

TEST_P(DestinationConformance, GoesOnAfterAFailure) {
    SLUICE_GIVEN(store_and_hang_up);
    given_batch();
    deliver();
    harness_->peer_recovers();
    for (const auto& verdict : deliver()) EXPECT_EQ(verdict.kind, Verdict::Kind::accepted);
}

TEST_P(DestinationConformance, NoSecretIsEverTold) {
    for (auto behaviour : kPeerBehaviours) {
        SCOPED_TRACE(static_cast<int>(behaviour));
        harness_ = GetParam()();
        batch_ = TestBatch();
        if (!given(behaviour)) continue;
        given_batch();
        auto soon = Deadline::after(std::chrono::milliseconds(200));
        expect_no_secret_in(texts_of(deliver(soon)));
        expect_no_secret_in(texts_of(run(destination_->probe(Deadline::after(std::chrono::milliseconds(200))))));
        run(destination_->close());
        destination_.reset();
    }
}

TEST_P(DestinationConformance, ProbeOfWhatWorksIsOkAndWritesNothing) {
    SLUICE_GIVEN(accept);
    auto report = probe();
    EXPECT_TRUE(report.ok()) << texts_of(report);
    EXPECT_FALSE(report.steps.empty());
    EXPECT_TRUE(harness_->stored().empty());
    EXPECT_EQ(harness_->requests(), 0u);
}

TEST_P(DestinationConformance, ProbeStopsAtTheStepThatFailsAndSaysWhatToDo) {
    for (auto behaviour :
         {PeerBehaviour::refuse_credentials, PeerBehaviour::miss_target, PeerBehaviour::be_unreachable}) {
        SCOPED_TRACE(static_cast<int>(behaviour));
        harness_ = GetParam()();
        if (behaviour != PeerBehaviour::be_unreachable && !harness_->can_be_asked()) continue;
        if (!given(behaviour)) continue;
        auto report = probe();
        const auto* failed = failed_step(report);
        ASSERT_NE(failed, nullptr) << texts_of(report);
        EXPECT_NE(failed->detail, "");
        EXPECT_NE(failed->hint, "");
        if (behaviour == PeerBehaviour::refuse_credentials) {
            EXPECT_EQ(failed->name, "credentials");
        } else if (behaviour == PeerBehaviour::miss_target) {
            EXPECT_EQ(failed->name, "target");
        }
        for (const auto* step = failed + 1; step != report.steps.data() + report.steps.size(); ++step) {
            EXPECT_EQ(to_string(step->outcome), "skipped") << step->name;
        }
        EXPECT_TRUE(harness_->stored().empty());
        run(destination_->close());
        destination_.reset();
    }
}

TEST_P(DestinationConformance, ProbeEndsByItsDeadline) {
    if (!harness_->can_be_asked()) GTEST_SKIP() << "this far side answers nothing but deliveries";
    SLUICE_GIVEN(stay_silent);
    auto report = run(destination_->probe(Deadline::after(std::chrono::milliseconds(200))));
    EXPECT_FALSE(report.ok());
}

TEST_P(DestinationConformance, ClosingTwiceIsTheSameAsOnce) {
    SLUICE_GIVEN(accept);
    given_batch(1);
    deliver();
    run(destination_->close());
    run(destination_->close());
}

#undef SLUICE_GIVEN

}  // namespace sluice
