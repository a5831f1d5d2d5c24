#include "delivery/lane_fixture_for_test.hpp"

// The lane's rules one by one, on a clock that stands still. Each rival's mistake (rivals.md) is a test here by name.
namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Order per key.

TEST_F(LaneTest, KeepsAKeyOutOfABatchTwiceWhereRecordsFailOneByOne) {
    feed(1, 7), feed(2, 8), feed(3, 7);
    EXPECT_THAT(send(), ElementsAre(1, 2));
    EXPECT_THAT(send(), IsEmpty()) << "3 waits for the verdict of 1";
    answer({ok(), ok()});
    EXPECT_THAT(send(), ElementsAre(3));
}

TEST_F(LaneTest, FailedRecordIsNotOvertakenBySameKeySuccess) {
    feed(1, 7), feed(2, 8), feed(3, 7), feed(4, 8);
    EXPECT_THAT(send(), ElementsAre(1, 2));
    answer({retry(ErrorClass::throttled), ok()});
    EXPECT_THAT(send(), ElementsAre(4)) << "3 stays behind the failed 1; the other key goes on";
    answer({ok()});
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(1));
    answer({ok()});
    EXPECT_THAT(send(), ElementsAre(3));
}

TEST_F(LaneTest, PartialFailureIsNeverTakenForSuccess) {
    feed(1, 1), feed(2, 2), feed(3, 3);
    send();
    answer({ok(), retry(), ok()});
    EXPECT_EQ(lane().cursor().position.sequence, 1u);
    EXPECT_THAT(lane().cursor().settled_beyond, ElementsAre(SequenceRange{3, 3}));
    EXPECT_EQ(lane().ledger().delivered, 2u);
    EXPECT_EQ(lane().pending(), 1u);
}

TEST_F(LaneTest, PartialFailureResendsOnlyWhatFailed) {
    feed(1, 1), feed(2, 2), feed(3, 3);
    send();
    answer({ok(), retry(), ok()});
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(2));
    EXPECT_EQ(lane().ledger().retries, 1u);
    EXPECT_EQ(lane().ledger().duplicates_possible, 0u);
}

TEST_F(LaneTest, EachRetryResendsExactlyWhatFailedTheTimeBefore) {
    for (Sequence i = 1; i <= 6; ++i) feed(i, i);
    EXPECT_THAT(send(), ElementsAre(1, 2, 3, 4, 5, 6));
    answer({ok(), retry(), ok(), retry(), retry(), ok()});
    pass(1s);
    EXPECT_THAT(send(), testing::UnorderedElementsAre(2, 4, 5));
    std::vector<Verdict> verdicts;
    for (SlotIndex slot : lane().batch(in_flight.front())) verdicts.push_back(sequence_of(slot) == 4 ? ok() : retry());
    answer(verdicts);
    pass(1s);
    EXPECT_THAT(send(), testing::UnorderedElementsAre(2, 5)) << "not by their places in the first batch";
    answer_all(ok());
    EXPECT_EQ(lane().ledger().delivered, 6u);
    EXPECT_EQ(lane().position(), 6u);
}

TEST_F(LaneTest, AFailedKeyDoesNotWedge) {
    feed(1, 7), feed(2, 8);
    send();
    answer({retry(), ok()});
    for (int i = 0; i < 5; ++i) {
        pass(1s);
        EXPECT_THAT(send(), ElementsAre(1));
        answer({retry()});
    }
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(1));
    answer({ok()});
    EXPECT_EQ(lane().cursor().position.sequence, 2u);
}

TEST_F(LaneTest, RunsTravelTogetherWhereTheyAreAtomic) {
    options.limits.same_key = SameKeyInBatch::atomic_run;
    options.limits.max_run_bytes = 250;
    options.batch.max_wait = 10ms;
    feed(1, 7), feed(2, 8), feed(3, 7), feed(4, 7), feed(5, 8);
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(1, 3, 2, 5)) << "4 does not fit into the run of its key";
    EXPECT_THAT(send(), IsEmpty());
    answer({ok(), ok(), retry(), retry()});
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(4));
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(2, 5));
}

TEST_F(LaneTest, ABatchAcceptedInOrderCarriesAKeyManyTimesInTheLogsOrder) {
    options.limits.same_key = SameKeyInBatch::in_order;
    options.batch.max_wait = 10ms;
    feed(1, 7), feed(2, 8), feed(3, 7), feed(4, 8);
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(1, 2, 3, 4));
    answer({ok(), retry(), retry(), retry()});
    EXPECT_THAT(send(), ElementsAre(3)) << "2 failed and holds 4 back; 3 was only behind it";
    EXPECT_EQ(lane().ledger().retries, 1u) << "what was not tried is not retried";
}

TEST_F(LaneTest, WithoutOrderingEventsOfOneKeyShareABatch) {
    options.keyed = false;
    options.batch.max_wait = 10ms;
    feed(1, 7), feed(2, 7), feed(3, 7);
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(1, 2, 3));
}

TEST_F(LaneTest, TheSameKeyInTwoTargetsIsTwoKeys) {
    feed(1, 7, 0), feed(2, 7, 1);
    EXPECT_THAT(send(), ElementsAre(1));
    EXPECT_THAT(send(), ElementsAre(2));
}

// Size.

TEST_F(LaneTest, OneOversizedRecordDoesNotFailItsBatch) {
    options.batch.max_wait = 10ms;
    feed(1, 1), feed(2, 2, 0, 2001), feed(3, 3);
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(1, 3));
    EXPECT_THAT(dead_sequences(), ElementsAre(2));
    EXPECT_EQ(dead_letters[0].failure->error_class, ErrorClass::too_large);
    EXPECT_EQ(dead_letters[0].attempts, 0u) << "it is not even tried";
}

TEST_F(LaneTest, BetweenSafeAndAbsoluteAnEventIsSentAlone) {
    options.batch.max_wait = 10ms;
    feed(1, 1), feed(2, 2, 0, 1500), feed(3, 3);
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(1));
    EXPECT_THAT(send(), ElementsAre(2));
    EXPECT_THAT(send(), ElementsAre(3));
}

TEST_F(LaneTest, ABatchHoldsNoMoreBytesThanTheServiceTakes) {
    options.limits.max_bytes = 250;
    options.batch.max_wait = 10ms;
    for (Sequence i = 1; i <= 5; ++i) feed(i, i);
    EXPECT_THAT(send(), ElementsAre(1, 2)) << "full at once, without waiting";
    pass(10ms);
    EXPECT_THAT(send(), ElementsAre(3, 4));
    EXPECT_THAT(send(), ElementsAre(5));
}

TEST_F(LaneTest, OnePoisonedRecordDoesNotDeadLetterItsBatch) {
    options.batch.max_wait = 10ms;
    for (Sequence i = 1; i <= 8; ++i) feed(i, i);
    pass(10ms);
    ASSERT_EQ(send().size(), 8u);
    std::vector<Sequence> delivered;
    for (int requests = 0; dead_sequences().empty() && requests < 10; ++requests) {
        if (requests == 0) {
            answer_all(rejected());
            continue;
        }
        auto sent = next();
        ASSERT_TRUE(sent);
        in_flight.push_back(sent->index);
        bool spoilt = std::find(sent->events.begin(), sent->events.end(), 6) != sent->events.end();
        answer_all(spoilt ? rejected() : ok());
    }
    EXPECT_THAT(dead_sequences(), ElementsAre(6)) << "halving finds the one that spoils the request";
    EXPECT_GE(lane().ledger().delivered, 5u);
}

TEST_F(LaneTest, OneOfSeveralRequestsOfABatchIsHalvedByItself) {
    options.batch.max_wait = 10ms;
    for (Sequence i = 1; i <= 6; ++i) feed(i, i);
    pass(10ms);
    ASSERT_EQ(send().size(), 6u);
    Verdict spoilt = rejected();
    answer({spoilt, spoilt, spoilt, spoilt, ok(), ok()});
    EXPECT_THAT(dead_sequences(), IsEmpty()) << "three of the four may be good";
    EXPECT_EQ(lane().ledger().delivered, 2u);
    std::size_t largest = 0;
    for (int requests = 0; lane().pending() > 0 && requests < 10; ++requests) {
        auto sent = next();
        ASSERT_TRUE(sent);
        in_flight.push_back(sent->index);
        largest = std::max(largest, sent->events.size());
        bool has_culprit = std::find(sent->events.begin(), sent->events.end(), 3) != sent->events.end();
        answer_all(has_culprit ? rejected() : ok());
    }
    EXPECT_LE(largest, 2u);
    EXPECT_THAT(dead_sequences(), ElementsAre(3));
    EXPECT_EQ(lane().ledger().delivered, 5u);
}

TEST_F(LaneTest, EventsRefusedEachForItsOwnReasonAreGivenUpAtOnce) {
    for (Sequence i = 1; i <= 3; ++i) feed(i, i);
    send();
    answer({rejected(), rejected(), ok()});
    EXPECT_THAT(dead_sequences(), ElementsAre(1, 2));
}

TEST_F(LaneTest, ADeadLetterCountsAsTheBytesThatAreKeptOfIt) {
    options.max_dead_letter_bytes = 1000;
    lane().feed_undeliverable({1, 1, 0, 0, 0, 1500}, failure(ErrorClass::rejected, ""), now);
    lane().feed_undeliverable({2, 2, 0, 0, 0, 1500}, failure(ErrorClass::rejected, ""), now);
    EXPECT_THAT(dead_sequences(), ElementsAre(1)) << "nothing would be delivered of it, all of it is stored";
    EXPECT_EQ(lane().state(now), IntegrationState::blocked);
}

TEST_F(LaneTest, WhatIsGivenUpUntriedIsTheLatestFailure) {
    lane().feed_undeliverable({1, 7, 0, 100, 100}, failure(ErrorClass::rejected, ""), now);
    EXPECT_THAT(dead_sequences(), ElementsAre(1));
    ASSERT_TRUE(lane().last_failure());
    EXPECT_EQ(lane().last_failure()->failure->message, "message");
}

TEST_F(LaneTest, WhatIsHeldCountsWithAllOfItsBytes) {
    options.memory_bytes = 3 * (1000 + kEventOverhead);
    for (Sequence i = 1; i <= 3; ++i) lane().feed({i, i, 0, 10, 10, 1000}, now);
    EXPECT_EQ(lane().resident_bytes(), 3 * (1000 + kEventOverhead));
    EXPECT_FALSE(lane().wants_more(now));
}

TEST_F(LaneTest, ATargetWithAHeldKeyIsNotForgotten) {
    options.on_dead_letter = OnDeadLetter::hold_key;
    feed(1, 7, 0), feed(2, 8, 1);
    while (!send().empty()) {
    }
    answer({rejected()});
    answer({ok()});
    EXPECT_EQ(lane().pending(), 0u);
    EXPECT_FALSE(lane().target_is_idle(0)) << "its name would come back as another, whose key is not held";
    EXPECT_TRUE(lane().target_is_idle(1));
    lane().release_keys(lane().held_keys(), now);
    EXPECT_TRUE(lane().target_is_idle(0));
}

// Failures by what they concern.

TEST_F(LaneTest, AMissingTargetHoldsOnlyItsOwnEvents) {
    feed(1, 1, 0), feed(2, 2, 1);
    EXPECT_THAT(send(), ElementsAre(1));
    EXPECT_THAT(send(), ElementsAre(2));
    answer({retry(ErrorClass::missing_target, "topic-0")});
    answer({ok()});
    feed(3, 3, 0), feed(4, 4, 1);
    EXPECT_THAT(send(), ElementsAre(4));
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().state(now), IntegrationState::failing);
    ASSERT_EQ(lane().refusing_targets(9).size(), 1u);
    EXPECT_EQ(lane().refusing_targets(9)[0].pending, 2u);
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(1)) << "one event tries";
    answer({ok()});
    answer({ok()});
    EXPECT_THAT(send(), ElementsAre(3));
}

TEST_F(LaneTest, OfManyTargetsThatRefuseThoseAreToldForWhichMostWaits) {
    for (TargetIndex target = 0; target < 5; ++target) {
        for (Sequence i = 0; i <= target % 3; ++i) feed(target * 10 + i + 1, target, target);
        send();
        answer({retry(ErrorClass::missing_target, "topic")});
        pass(1ms);
    }
    EXPECT_EQ(lane().refusing_count(), 5u);
    std::vector<TargetIndex> told;
    for (const auto& each : lane().refusing_targets(4)) told.push_back(each.target);
    EXPECT_THAT(told, ElementsAre(2, 1, 4, 0)) << "of as many, those that have refused longest";
}

TEST_F(LaneTest, ATargetThatComesBackGoesOnInOrder) {
    feed(1, 1), feed(2, 1);
    send();
    answer({retry(ErrorClass::missing_target)});
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(1));
    answer({ok()});
    EXPECT_THAT(send(), ElementsAre(2));
    answer({ok()});
    EXPECT_EQ(lane().state(now), IntegrationState::running);
}

TEST_F(LaneTest, ARefusingTargetIsTriedWithOneBatchAtATime) {
    options.limits.max_events = 1;
    for (Sequence i = 1; i <= 4; ++i) feed(i, i);
    send();
    answer({retry(ErrorClass::missing_target)});
    EXPECT_THAT(send(), IsEmpty());
    pass(1s);
    EXPECT_EQ(send().size(), 1u);
    EXPECT_THAT(send(), IsEmpty());
    answer({ok()});
    EXPECT_EQ(send().size(), 1u);
    EXPECT_EQ(send().size(), 1u);
}

TEST_F(LaneTest, RevokedCredentialsBackTheWholeLaneOff) {
    feed(1, 1, 0), feed(2, 2, 1);
    EXPECT_THAT(send(), ElementsAre(1));
    answer({retry(ErrorClass::credentials, "")});
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().state(now), IntegrationState::failing);
    EXPECT_GT(lane().wake_at(), now);
    pass(1s);
    EXPECT_EQ(send().size(), 1u);
    EXPECT_THAT(send(), IsEmpty()) << "one batch tries, the rest waits for what becomes of it";
    answer({ok()});
    EXPECT_EQ(send().size(), 1u);
}

TEST_F(LaneTest, ARequestLevelErrorIsNotRetriedInAHotLoop) {
    options.limits.max_concurrent = 1;
    options.batch.max_wait = 10ms;
    feed(1, 1), feed(2, 2);
    pass(10ms);
    send();
    answer_all(retry(ErrorClass::transient, ""));
    SteadyTime first = lane().wake_at();
    EXPECT_GE(first - now, 50ms);
    EXPECT_LE(first - now, 100ms);
    now = first;
    send();
    answer_all(retry(ErrorClass::transient, ""));
    EXPECT_GE(lane().wake_at() - now, 100ms) << "each failure doubles the wait";
}

TEST_F(LaneTest, WaitsAsLongAsTheServiceAsks) {
    feed(1, 1);
    send();
    auto why = failure(ErrorClass::throttled, "");
    why->retry_after = 20s;
    answer({Verdict::retry(why)});
    EXPECT_GE(lane().wake_at() - now, 20s);
    EXPECT_EQ(lane().state(now), IntegrationState::throttled);
}

TEST_F(LaneTest, BackOffIsBoundedAndNeverGivesUp) {
    feed(1, 1);
    for (int i = 0; i < 200; ++i) {
        ASSERT_THAT(send(), ElementsAre(1));
        answer({retry()});
        ASSERT_LE(lane().wake_at() - now, 1s);
        now = lane().wake_at();
    }
    EXPECT_THAT(dead_sequences(), IsEmpty());
    EXPECT_EQ(lane().ledger().retries, 200u);
}

TEST_F(LaneTest, AKeyThatAlwaysFailsDoesNotStarveTheOthersOfAOneEventDestination) {
    options.limits.max_events = 1;
    options.limits.max_concurrent = 1;
    feed(1, 1);
    for (Sequence i = 2; i <= 20; ++i) feed(i, i);
    std::size_t delivered = 0;
    for (int i = 0; i < 200 && delivered < 19; ++i) {
        auto sent = send();
        if (sent.empty()) {
            now = lane().wake_at();
            continue;
        }
        bool bad = sent[0] == 1;
        delivered += !bad;
        answer({bad ? retry(ErrorClass::transient, "") : ok()});
    }
    EXPECT_EQ(delivered, 19u);
}

TEST_F(LaneTest, AmbiguousAnswersAreCountedAndSentAgain) {
    feed(1, 1);
    send();
    answer({retry(ErrorClass::transient, "stream", true)});
    EXPECT_EQ(lane().ledger().duplicates_possible, 1u);
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(1));
}

TEST_F(LaneTest, ThrottlingLowersHowMuchIsInFlight) {
    options.limits.max_events = 1;
    for (Sequence i = 1; i <= 20; ++i) feed(i, i);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(send().size(), 1u);
    EXPECT_THAT(send(), IsEmpty());
    answer({retry(ErrorClass::throttled)});
    EXPECT_THAT(send(), IsEmpty());
    answer({ok()});
    EXPECT_EQ(send().size(), 1u) << "two were in flight, three are allowed again";
    EXPECT_THAT(send(), IsEmpty());
}

TEST_F(LaneTest, AfterAnAnswerThatIsNotClearLessIsOnItsWayAtOnce) {
    for (Sequence i = 1; i <= 200; ++i) feed(i, i);
    Verdict unclear = retry(ErrorClass::transient, "stream", true);
    std::vector<std::size_t> sizes;
    for (int lost = 0; lost < 4; ++lost) {
        sizes.push_back(send().size());
        std::vector<Verdict> verdicts(sizes.back(), unclear);
        verdicts.front() = ok();
        answer(verdicts);
    }
    EXPECT_THAT(sizes, ElementsAre(10, 5, 2, 1));
    EXPECT_EQ(lane().ledger().duplicates_possible, 9u + 4 + 1) << "and less is in doubt each time";
    sizes.clear();
    for (int clear = 0; clear < 4; ++clear) {
        sizes.push_back(send().size());
        answer_all(ok());
    }
    EXPECT_THAT(sizes, ElementsAre(2, 4, 8, 10));
}

// Dead letters.

TEST_F(LaneTest, APoisonedRecordIsADeadLetterWithTheReasonAndTheNextOneGoesOn) {
    feed(1, 7), feed(2, 7);
    send();
    answer({rejected()});
    EXPECT_THAT(dead_sequences(), ElementsAre(1));
    EXPECT_EQ(dead_letters[0].attempts, 1u);
    EXPECT_EQ(dead_letters[0].failure->message, "message");
    EXPECT_THAT(send(), ElementsAre(2));
    EXPECT_EQ(lane().ledger().dead_lettered, 1u);
    EXPECT_EQ(lane().cursor().position.sequence, 1u);
}

TEST_F(LaneTest, HoldKeyKeepsWhatFollowsADeadLetterUntilItIsDealtWith) {
    options.on_dead_letter = OnDeadLetter::hold_key;
    feed(1, 7), feed(2, 7), feed(3, 8);
    EXPECT_THAT(send(), ElementsAre(1, 3));
    answer({rejected(), ok()});
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().pending(), 1u);
    EXPECT_EQ(lane().state(now), IntegrationState::running);
    EXPECT_THAT(lane().state_reason(now), testing::HasSubstr("behind a dead letter"));
    lane().release_keys(lane().held_keys(), now);
    EXPECT_EQ(lane().state_reason(now), "");
    EXPECT_THAT(send(), ElementsAre(2));
}

TEST_F(LaneTest, AHeldKeyIsHeldAgainAfterARestart) {
    options.on_dead_letter = OnDeadLetter::hold_key;
    lane().hold_key(7, 0);
    feed(2, 7), feed(3, 8);
    EXPECT_THAT(send(), ElementsAre(3));
    lane().release_keys(lane().held_keys(), now);
    EXPECT_THAT(send(), ElementsAre(2));
}

TEST_F(LaneTest, PauseOnDeadLetterStopsEverythingAndSaysWhy) {
    options.on_dead_letter = OnDeadLetter::pause;
    options.limits.max_events = 1;
    feed(1, 1), feed(2, 2);
    send();
    answer({rejected()});
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_TRUE(lane().paused());
    EXPECT_TRUE(lane().take_paused_by_dead_letter());
    EXPECT_EQ(lane().state(now), IntegrationState::paused);
    EXPECT_THAT(lane().state_reason(now), testing::HasSubstr("message"));
    lane().resume();
    EXPECT_THAT(send(), ElementsAre(2));
}

TEST_F(LaneTest, AFullDeadLetterStoreBlocksAndDropsNothing) {
    options.max_dead_letters = 1;
    feed(1, 1), feed(2, 2), feed(3, 3);
    send();
    answer({rejected(), ok(), ok()});
    feed(4, 4), feed(5, 5);
    send();
    answer({rejected(), rejected()});
    EXPECT_THAT(dead_sequences(), ElementsAre(1));
    EXPECT_EQ(lane().state(now), IntegrationState::blocked);
    EXPECT_FALSE(lane().wants_more(now));
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().pending(), 2u);
    lane().dead_letters_removed(1, {}, false, now);
    EXPECT_EQ(lane().ledger().discarded, 1u);
}

TEST_F(LaneTest, AnEventOlderThanMaxAgeBecomesADeadLetterWithItsLastFailure) {
    options.retry.max_age = 5s;
    feed(1, 1);
    send();
    answer({retry()});
    pass(6s);
    EXPECT_THAT(send(), ElementsAre(1)) << "it is always tried once more before it is given up";
    answer({retry()});
    EXPECT_THAT(dead_sequences(), ElementsAre(1));
    EXPECT_EQ(dead_letters[0].failure->error_class, ErrorClass::transient);
    EXPECT_EQ(dead_letters[0].attempts, 2u);
}

TEST_F(LaneTest, AnUndeliverableEventWaitsForItsTurn) {
    options.on_dead_letter = OnDeadLetter::hold_key;
    feed(1, 7);
    lane().feed_undeliverable({2, 7, 0, 100, 100}, failure(ErrorClass::rejected, ""), now);
    feed(3, 7);
    EXPECT_THAT(dead_sequences(), IsEmpty());
    EXPECT_THAT(send(), ElementsAre(1));
    answer({ok()});
    EXPECT_THAT(dead_sequences(), ElementsAre(2));
    EXPECT_THAT(send(), IsEmpty()) << "3 is held behind the dead letter";
}

// Time and rate.

TEST_F(LaneTest, GathersAtMostMaxWaitFromTheOldestEvent) {
    options.batch.max_wait = 10ms;
    feed(1, 1);
    EXPECT_THAT(send(), IsEmpty());
    EXPECT_EQ(lane().wake_at(), now + 10ms);
    pass(6ms);
    feed(2, 2);
    EXPECT_EQ(lane().wake_at(), now + 4ms);
    pass(4ms);
    EXPECT_THAT(send(), ElementsAre(1, 2));
}

TEST_F(LaneTest, AFullBatchIsSentAtOnce) {
    options.batch.max_wait = 10ms;
    for (Sequence i = 1; i <= 10; ++i) feed(i, i);
    EXPECT_EQ(send().size(), 10u);
}

TEST_F(LaneTest, AnIdleLaneAsksForNoTimer) {
    feed(1, 1);
    send();
    EXPECT_EQ(lane().wake_at(), SteadyTime::max());
    answer({ok()});
    EXPECT_EQ(lane().wake_at(), SteadyTime::max());
}

// Bounds and memory.

TEST_F(LaneTest, WantsNoMoreThanItsMemoryAllows) {
    options.memory_bytes = 3 * (100 + kEventOverhead);
    feed(1, 1), feed(2, 2);
    EXPECT_TRUE(lane().wants_more(now));
    feed(3, 3);
    EXPECT_FALSE(lane().wants_more(now));
    send();
    answer({ok(), ok(), ok()});
    EXPECT_TRUE(lane().wants_more(now));
    EXPECT_EQ(lane().resident_bytes(), 0u);
}

TEST_F(LaneTest, EventsOfAMissingTargetGiveTheirMemoryToTheOthers) {
    options.memory_bytes = 10 * (100 + kEventOverhead);
    for (Sequence i = 1; i <= 10; ++i) feed(i, i, 0);
    send();
    answer_all(retry(ErrorClass::missing_target));
    EXPECT_FALSE(lane().wants_more(now));
    EXPECT_TRUE(lane().make_room(now));
    drain();
    feed(11, 11, 1);
    EXPECT_THAT(send(), ElementsAre(11)) << "the other target goes on";
    answer({ok()});

    pass(1s);
    EXPECT_THAT(send(), IsEmpty()) << "the bytes are fetched first";
    std::vector<SlotIndex> wanted;
    lane().drain_wanted([&](SlotIndex slot, Sequence) { wanted.push_back(slot); });
    ASSERT_FALSE(wanted.empty());
    for (SlotIndex slot : wanted) lane().loaded(slot, now);
    EXPECT_EQ(send()[0], 1u);
}

TEST_F(LaneTest, TooManyAcknowledgedRangesBlockReading) {
    options.max_ranges = 3;
    for (Sequence i = 1; i <= 8; ++i) feed(i, i);
    send();
    answer({retry(), ok(), retry(), ok(), retry(), ok(), retry(), ok()});
    EXPECT_FALSE(lane().wants_more(now));
    EXPECT_EQ(lane().state(now), IntegrationState::blocked);
    pass(1s);
    EXPECT_THAT(send(), testing::UnorderedElementsAre(1, 3, 5, 7)) << "what holds it back is still tried";
    answer_all(ok());
    EXPECT_TRUE(lane().wants_more(now));
}

// The budget of its shard is shared with others: what it has come to hold may be more than its share is now.
TEST_F(LaneTest, AnOutageIsTheOutageItIsHoweverMuchIsHeldOrMayBe) {
    for (Sequence i = 1; i <= 8; ++i) feed(i, i);
    send();
    lane().set_bounds(options.memory_bytes, 5);
    EXPECT_EQ(lane().state(now), IntegrationState::running);
    answer_all(retry(ErrorClass::credentials, ""));
    EXPECT_EQ(lane().state(now), IntegrationState::failing);
    EXPECT_EQ(lane().state_reason(now), "the destination does not accept anything");
    pass(1s);
    send();
    answer_all(retry(ErrorClass::throttled, ""));
    EXPECT_EQ(lane().state(now), IntegrationState::throttled);
}

TEST_F(LaneTest, AnOutageThatReachesTheConfiguredBoundsIsNoLessAnOutage) {
    options.max_unsettled = 5;
    options.limits.fixed_target = true;
    for (Sequence i = 1; i <= 8; ++i) feed(i, i);
    send();
    EXPECT_EQ(lane().state(now), IntegrationState::blocked)
        << "more than it may hold, and nothing is known to be wrong";
    answer_all(retry(ErrorClass::missing_target));
    EXPECT_EQ(lane().state(now), IntegrationState::failing);
}

TEST_F(LaneTest, OvertakenEventsAreLostByNameAndCountedOnce) {
    feed(1, 1), feed(2, 1), feed(3, 2), feed(9, 3);
    EXPECT_EQ(send(), (std::vector<Sequence>{1, 3, 9}));
    lane().overtake(8, 0, now);
    EXPECT_EQ(lane().ledger().lost, 3u);
    EXPECT_THAT(lane().cursor().lost, ElementsAre(SequenceRange{1, 7}));
    EXPECT_EQ(lane().cursor().position.sequence, 8u);
    answer({ok(), ok(), ok()});
    EXPECT_EQ(lane().ledger().delivered, 1u) << "what is lost stays lost, whatever its verdict";
    EXPECT_EQ(lane().cursor().position.sequence, 9u);
}

TEST_F(LaneTest, ARestartSkipsWhatWasSettledBeyondTheCursor) {
    cursor.position.sequence = 10;
    cursor.settled_beyond = {{12, 14}, {20, 21}};
    cursor.ledger.delivered = 15;
    feed(11, 1);
    EXPECT_EQ(lane().feed({13, 1, 0, 10, 10}, now), kNoSlot);
    feed(15, 2);
    EXPECT_THAT(lane().cursor().settled_beyond, ElementsAre(SequenceRange{12, 14}, SequenceRange{20, 21}));
    EXPECT_EQ(send(), (std::vector<Sequence>{11, 15}));
    answer({ok(), ok()});
    EXPECT_EQ(lane().cursor().position.sequence, 15u);
    lane().advance(19);
    EXPECT_EQ(lane().cursor().position.sequence, 21u);
    EXPECT_THAT(lane().cursor().settled_beyond, IsEmpty());
}

TEST_F(LaneTest, MemoryForWhatItOnceHeldIsGivenBackWhenNothingIsHeld) {
    options.limits.max_events = 500;
    options.limits.max_bytes = 1 << 20;
    for (Sequence i = 1; i <= 400; ++i) feed(i, i);
    send();
    EXPECT_FALSE(lane().give_back_memory()) << "they are on their way";
    std::vector<Verdict> verdicts(400, ok());
    verdicts[399] = retry();
    answer(verdicts);
    EXPECT_FALSE(lane().give_back_memory()) << "one is left";
    EXPECT_EQ(lane().slot_count(), 400u);
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(400));
    answer({ok()});
    EXPECT_TRUE(lane().give_back_memory());
    EXPECT_EQ(lane().slot_count(), 0u);
    EXPECT_EQ(lane().cursor().position.sequence, 400u);
    EXPECT_EQ(lane().ledger().delivered, 400u);

    for (Sequence i = 401; i <= 403; ++i) feed(i, 1);
    EXPECT_THAT(send(), ElementsAre(401));
    answer({retry()});
    pass(1s);
    EXPECT_THAT(send(), ElementsAre(401)) << "and it goes on as before";
    answer({ok()});
    EXPECT_THAT(send(), ElementsAre(402));
}

TEST_F(LaneTest, MemoryIsNotGivenBackWhileAKeyIsHeldBehindADeadLetter) {
    options.on_dead_letter = OnDeadLetter::hold_key;
    feed(1, 1);
    send();
    answer({rejected()});
    drain();
    EXPECT_FALSE(lane().give_back_memory());
    EXPECT_EQ(lane().held_keys().size(), 1u);
}

TEST_F(LaneTest, TheLedgerIsTrueAtEveryStep) {
    auto holds = [&] { return lane().matched_read() == lane().ledger().settled() + lane().pending(); };
    for (Sequence i = 1; i <= 6; ++i) {
        feed(i, i);
        EXPECT_TRUE(holds());
    }
    send();
    EXPECT_TRUE(holds());
    answer({ok(), rejected(), retry(), ok(), retry(), ok()});
    EXPECT_TRUE(holds());
    lane().overtake(4, 0, now);
    EXPECT_TRUE(holds());
}

}  // namespace
}  // namespace sluice
