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
/// over virtual time every org gets its share of the turns, and every integration its share of its org's.
TEST(FairTurns, SharesAreEvenBetweenOrgsAndWithinThemWhateverTheReadsTake) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        std::mt19937_64 random(seed);
        std::size_t org_count = 2 + random() % 6;
        std::size_t places = 1 + random() % 3;
        FairTurns turns(places);
        FakeClock clock;
        std::vector<std::vector<std::uint32_t>> orgs(org_count);
        std::map<std::uint32_t, std::size_t> org_of;
        std::uint32_t next = 1;
        for (std::size_t org = 0; org < org_count; ++org)
            for (std::size_t n = 0, size = places + 1 + random() % 30; n < size; ++n, ++next) {
                orgs[org].push_back(next);
                org_of[next] = org;
            }
        struct Read {
            SteadyTime ends;
            std::uint32_t who;
            bool operator>(const Read& other) const { return ends > other.ends; }
        };
        std::priority_queue<Read, std::vector<Read>, std::greater<>> reading;
        std::map<std::uint32_t, std::size_t> turns_of;
        auto begin = [&](std::uint32_t who) {
            ++turns_of[who];
            reading.push({clock.steady_now() + std::chrono::microseconds(100 + random() % 5000), who});
        };
        auto name = [](std::size_t org) { return "org" + std::to_string(org); };
        for (auto [who, org] : org_of)
            if (turns.ask(name(org), who)) begin(who);
        // A whole number of rounds in which everybody of the largest org has had its turn.
        for (int step = 0; step < 20'000; ++step) {
            Read done = reading.top();
            reading.pop();
            clock.advance(done.ends - clock.steady_now());
            // It wants to go on before its place is given away, as a laggard does.
            bool again = turns.ask(name(org_of[done.who]), done.who);
            ASSERT_FALSE(again) << "there is always somebody before it";
            auto who = turns.release();
            ASSERT_TRUE(who);
            begin(*who);
        }
        std::size_t fewest = ~std::size_t(0), most = 0;
        for (std::size_t org = 0; org < org_count; ++org) {
            std::size_t sum = 0, least = ~std::size_t(0), greatest = 0;
            for (std::uint32_t who : orgs[org]) {
                sum += turns_of[who];
                least = std::min(least, turns_of[who]);
                greatest = std::max(greatest, turns_of[who]);
            }
            EXPECT_LE(greatest - least, 1 + places) << "seed " << seed << ", within " << name(org);
            fewest = std::min(fewest, sum);
            most = std::max(most, sum);
        }
        EXPECT_LE(most - fewest, 2 * places) << "seed " << seed << ", between orgs";
    }
}

}  // namespace
}  // namespace sluice
