#include "delivery/fair_turns.hpp"

#include <gtest/gtest.h>

#include <queue>
#include <random>
#include <set>
#include <vector>

#include "base/fake_clock.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(FairTurns, AsManyAsThereArePlacesNeedNotWait) {
    FairTurns turns(2);
    EXPECT_TRUE(turns.ask("a", 1));
    EXPECT_TRUE(turns.ask("a", 2));
    EXPECT_FALSE(turns.ask("a", 3));
    EXPECT_EQ(turns.release(), 3u);
    EXPECT_EQ(turns.release(), std::nullopt);
    EXPECT_TRUE(turns.ask("b", 4));
}

TEST(FairTurns, OrgsTakeTurnsHoweverManyOfOneWait) {
    FairTurns turns(1);
    turns.ask("big", 100);
    for (std::uint32_t who = 101; who <= 110; ++who) turns.ask("big", who);
    turns.ask("small", 1);
    turns.ask("other", 2);
    EXPECT_EQ(turns.release(), 101u);
    EXPECT_EQ(turns.release(), 1u);
    EXPECT_EQ(turns.release(), 2u);
    EXPECT_EQ(turns.release(), 102u);
    EXPECT_EQ(turns.release(), 103u);
}

TEST(FairTurns, WhoIsForgottenGetsNoTurnAndHoldsNobodyUp) {
    FairTurns turns(1);
    turns.ask("a", 1);
    turns.ask("a", 2);
    turns.ask("b", 3);
    turns.ask("a", 4);
    turns.forget(2);
    EXPECT_EQ(turns.waiting(), 2u);
    EXPECT_EQ(turns.release(), 4u);
    turns.forget(3);
    EXPECT_EQ(turns.release(), std::nullopt);
    EXPECT_TRUE(turns.ask("a", 5));
}

/// Orgs of very different sizes, each with integrations that want to read all the time, each read as long as it likes:
/// nobody waits for more than one turn of each other of its org, and another org has no more turns meanwhile than it
/// had before it.
TEST(FairTurns, NobodyWaitsLongerThanForATurnOfEachWhateverTheReadsTake) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        std::mt19937_64 random(seed);
        std::size_t org_count = 2 + random() % 6;
        std::size_t places = 1 + random() % 3;
        FairTurns turns(places);
        FakeClock clock;
        std::map<std::uint32_t, std::size_t> org_of;
        for (std::size_t org = 0; org < org_count; ++org)
            for (std::size_t size = places + 1 + random() % 30; size > 0; --size)
                org_of.emplace(static_cast<std::uint32_t>(org_of.size() + 1), org);
        struct Read {
            SteadyTime ends;
            std::uint32_t who;
            bool operator>(const Read& other) const { return ends > other.ends; }
        };
        std::priority_queue<Read, std::vector<Read>, std::greater<>> reading;
        std::map<std::uint32_t, std::size_t> turns_of;
        std::map<std::size_t, std::size_t> turns_of_org;
        struct Wait {
            std::size_t ahead = 0;
            std::map<std::uint32_t, std::size_t> turns_of;
            std::map<std::size_t, std::size_t> turns_of_org;
        };
        std::map<std::uint32_t, Wait> waiting;
        auto ask = [&](std::uint32_t who) {
            std::size_t org = org_of[who];
            if (turns.ask("org" + std::to_string(org), who)) return true;
            std::size_t ahead = 0;
            for (const auto& [other, wait] : waiting) ahead += org_of[other] == org;
            waiting[who] = {ahead, turns_of, turns_of_org};
            return false;
        };
        auto begin = [&](std::uint32_t who) {
            if (auto waited = waiting.find(who); waited != waiting.end()) {
                for (const auto& [other, org] : org_of) {
                    if (org != org_of[who] || other == who) continue;
                    ASSERT_LE(turns_of[other] - waited->second.turns_of[other], 1u) << "seed " << seed;
                }
                for (std::size_t org = 0; org < org_count; ++org)
                    ASSERT_LE(turns_of_org[org] - waited->second.turns_of_org[org], waited->second.ahead + 1)
                        << "seed " << seed;
                waiting.erase(waited);
            }
            ++turns_of[who];
            ++turns_of_org[org_of[who]];
            reading.push({clock.steady_now() + std::chrono::microseconds(100 + random() % 5000), who});
        };
        for (auto [who, org] : org_of)
            if (ask(who)) begin(who);
        for (int step = 0; step < 2000; ++step) {
            Read done = reading.top();
            reading.pop();
            clock.advance(done.ends - clock.steady_now());
            // It wants to go on before its place is given away, as a laggard does.
            ASSERT_FALSE(ask(done.who)) << "there is always somebody before it";
            auto who = turns.release();
            ASSERT_TRUE(who);
            begin(*who);
            if (HasFatalFailure()) return;
        }
        EXPECT_EQ(waiting.size(), turns.waiting());
    }
}

}  // namespace
}  // namespace sluice
