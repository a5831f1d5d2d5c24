#include "control/gate.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "control/access_fixture_for_test.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

class GateTest : public AccessTest {
  protected:
    http::OrAnswer<Principal> admit(std::string_view token, std::string address = "203.0.113.9",
                                    std::size_t shard = 0) {
        http::Request request;
        request.remote_address = std::move(address);
        request.shard = shard;
        return gate_.admit(request, token);
    }
    static std::string code_of(const http::OrAnswer<Principal>& answer) {
        if (answer) return "admitted";
        const auto& body = answer.error().body;
        auto at = body.find("\"code\":\"") + 8;
        return body.substr(at, body.find('"', at) - at);
    }

    Gate gate_{*access_, clock_, 2, 30};
};

TEST_F(GateTest, AdmitsOnEveryShardAndForgetsARevokedTokenOnEvery) {
    auto issued = create(wanted("com.acme"));
    for (std::size_t shard : {0, 1}) EXPECT_EQ(admit(issued.token.reveal(), "203.0.113.9", shard)->org, "com.acme");
    ASSERT_TRUE(run(access_->revoke_token(operator_caller(), issued.item.id)));
    for (std::size_t shard : {0, 1}) {
        auto answer = admit(issued.token.reveal(), "203.0.113.9", shard);
        ASSERT_TRUE(answer.has_error());
        EXPECT_EQ(answer.error().status, 401);
    }
}

TEST_F(GateTest, SaysWhyATokenIsNotGood) {
    auto token = wanted("com.acme");
    token.expires = clock_.now() + 10s;
    auto expiring = create(token);
    auto rotated = create(wanted("com.acme"));
    ASSERT_TRUE(run(access_->rotate_token(operator_caller(), rotated.item.id, 10s)));
    clock_.advance(10s);
    EXPECT_NE(admit(expiring.token.reveal()).error().body.find("expired at"), std::string::npos);
    EXPECT_NE(admit(rotated.token.reveal()).error().body.find("was rotated"), std::string::npos);
    auto cut = expiring.token.reveal().substr(0, 40);
    EXPECT_NE(admit(cut).error().body.find("not copied whole"), std::string::npos);
    EXPECT_NE(admit("something-else").error().body.find("not known here"), std::string::npos);
}

TEST_F(GateTest, HoldsATokenToItsRate) {
    auto token = wanted("com.acme");
    token.rate = RateLimit{10, 3};
    auto issued = create(token);
    auto free = create(wanted("com.acme"));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(admit(issued.token.reveal(), "203.0.113.9", i % 2));
    auto held = admit(issued.token.reveal());
    EXPECT_EQ(code_of(held), "rate_limited");
    EXPECT_EQ(held.error().status, 429);
    EXPECT_EQ(held.error().headers.get("Retry-After"), "1");
    EXPECT_TRUE(admit(free.token.reveal()));
    clock_.advance(100ms);
    EXPECT_TRUE(admit(issued.token.reveal()));
}

TEST_F(GateTest, ALimitOutlivesOtherChanges) {
    auto token = wanted("com.acme");
    token.rate = RateLimit{1, 1};
    auto issued = create(token);
    EXPECT_TRUE(admit(issued.token.reveal()));
    create(wanted("com.acme"));
    EXPECT_EQ(code_of(admit(issued.token.reveal())), "rate_limited");
}

TEST_F(GateTest, HoldsAnOrgsTokensTogether) {
    OrgDefinition org;
    org.id = "com.acme";
    org.limits.requests = {10, 2};
    ASSERT_TRUE(run(access_->create_org(org)));
    auto one = create(wanted("com.acme"));
    auto two = create(wanted("com.acme"));
    auto other = create(wanted("com.other"));
    EXPECT_TRUE(admit(one.token.reveal()));
    EXPECT_TRUE(admit(two.token.reveal()));
    EXPECT_EQ(code_of(admit(one.token.reveal())), "org_rate_limited");
    EXPECT_EQ(code_of(admit(two.token.reveal())), "org_rate_limited");
    EXPECT_TRUE(admit(other.token.reveal()));
}

TEST_F(GateTest, TheConfigurationsRateIsForTenantsTokensWithoutOneOfTheirOwn) {
    auto plain = create(wanted("com.acme"));
    auto own = wanted("com.acme");
    own.rate = RateLimit{100, 100};
    auto generous = create(own);
    access_->apply({.tokens = {}, .orgs = {}, .rate = {1, 1}});
    EXPECT_TRUE(admit(plain.token.reveal()));
    EXPECT_EQ(code_of(admit(plain.token.reveal())), "rate_limited");
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(admit(generous.token.reveal()));
        EXPECT_TRUE(admit(kAdminText));
    }
}

TEST_F(GateTest, SlowsGuessingDownAndSparesTokensThatCannotBeGuessed) {
    auto issued = create(wanted("com.acme"));
    for (int i = 0; i < 30; ++i) EXPECT_EQ(code_of(admit("guess-" + std::to_string(i))), "unauthenticated");
    auto held = admit(kAdminText);
    EXPECT_EQ(code_of(held), "too_many_failures") << "a right guess is not told from a wrong one any more";
    EXPECT_EQ(held.error().status, 429);
    EXPECT_TRUE(held.error().headers.has("Retry-After"));
    EXPECT_TRUE(admit(issued.token.reveal())) << "those behind the same proxy go on";
    EXPECT_TRUE(admit(kAdminText, "198.51.100.7")) << "from elsewhere";
    clock_.advance(2s);
    EXPECT_TRUE(admit(kAdminText));
}

TEST_F(GateTest, LetsCallersInWhileTokensChange) {
    auto kept = create(wanted("com.acme"));
    std::atomic<bool> done{false};
    std::atomic<int> refused{0};
    std::vector<std::thread> shards;
    for (std::size_t shard : {0, 1})
        shards.emplace_back([&, shard] {
            while (!done)
                if (!admit(kept.token.reveal(), "203.0.113.9", shard)) ++refused;
        });
    for (int i = 0; i < 50; ++i) {
        auto passing = create(wanted("com.acme"));
        ASSERT_TRUE(run(access_->rotate_token(operator_caller(), passing.item.id, 10s)));
        ASSERT_TRUE(run(access_->revoke_token(operator_caller(), passing.item.id)));
        access_->apply({});
        ASSERT_TRUE(access_->keep_last_used());
    }
    done = true;
    for (auto& shard : shards) shard.join();
    EXPECT_EQ(refused, 0);
}

TEST_F(GateTest, KnowsWhenATokenWasLastUsed) {
    auto issued = create(wanted("com.acme"));
    EXPECT_FALSE(access_->token(operator_caller(), issued.item.id)->last_used);
    clock_.advance(5s);
    EXPECT_TRUE(admit(issued.token.reveal()));
    EXPECT_EQ(access_->token(operator_caller(), issued.item.id)->last_used, clock_.now());
}

}  // namespace
}  // namespace sluice
