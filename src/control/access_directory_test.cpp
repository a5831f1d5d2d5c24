#include "control/access_directory.hpp"

#include "control/access_fixture_for_test.hpp"
#include "control/token_text.hpp"

namespace sluice {
namespace {

using namespace std::chrono_literals;

TokenDefinition of_file(std::string name, std::string org, std::string text) {
    TokenDefinition token;
    token.name = std::move(name);
    token.org = std::move(org);
    token.scopes = static_cast<std::uint32_t>(Scope::share_read);
    token.token = Secret(std::move(text));
    return token;
}

OrgDefinition org_of(std::string id, std::string name = {}) {
    OrgDefinition org;
    org.id = std::move(id);
    org.name = std::move(name);
    return org;
}

TEST_F(AccessTest, MakesATokenThatIsShownOnceAndKeptAsADigest) {
    auto issued = create(wanted("com.acme"));
    EXPECT_TRUE(is_token_text(issued.token.reveal()));
    EXPECT_EQ(store_.everything().find(issued.token.reveal()), std::string::npos);
    const auto* token = known(issued.token.reveal());
    ASSERT_NE(token, nullptr);
    EXPECT_EQ(token->principal.token_id, issued.item.id);
    EXPECT_EQ(token->principal.org, "com.acme");
    EXPECT_TRUE(token->principal.may(Scope::share_read));
    EXPECT_FALSE(token->principal.may(Scope::share_create));
}

TEST_F(AccessTest, KeepsTokensAndOrgsOverARestart) {
    auto pipe = wanted("com.acme");
    pipe.is_pipe = true;
    pipe.rec_types = {"io.acme.**"};
    pipe.scopes = static_cast<std::uint32_t>(Scope::share_create);
    pipe.rate = RateLimit{5, 10};
    pipe.expires = clock_.now() + 24h;
    auto issued = create(pipe);
    auto org = org_of("com.acme", "Acme");
    org.limits.backlog = 1000;
    ASSERT_TRUE(run(access_->create_org(org)));
    load({});
    const auto* token = known(issued.token.reveal());
    ASSERT_NE(token, nullptr);
    EXPECT_TRUE(token->principal.is_pipe);
    EXPECT_EQ(token->principal.rec_types, pipe.rec_types);
    EXPECT_EQ(token->use->rate.limit(), (RateLimit{5, 10}));
    EXPECT_EQ(token->until, pipe.expires);
    auto item = access_->org(operator_caller(), {{"com.acme", 3}}, "com.acme").value();
    EXPECT_EQ(item.definition.name, "Acme");
    EXPECT_EQ(item.tokens, 1u);
    EXPECT_EQ(item.integrations, 3u);
    EXPECT_EQ(access_->org_backlogs().at("com.acme"), 1000u);
}

TEST_F(AccessTest, WhatCannotBeKeptIsNotInForce) {
    auto issued = create(wanted("com.acme"));
    store_.fail(true);
    EXPECT_FALSE(run(access_->create_token(operator_caller(), wanted("com.acme"))));
    EXPECT_EQ(access_->tokens(operator_caller(), "com.acme", "", 10).size(), 1u);
    EXPECT_FALSE(run(access_->revoke_token(operator_caller(), issued.item.id)));
    EXPECT_NE(known(issued.token.reveal()), nullptr) << "a revocation that a restart would undo did not happen";
    EXPECT_FALSE(run(access_->rotate_token(operator_caller(), issued.item.id, 0ms)));
    EXPECT_NE(known(issued.token.reveal()), nullptr);
}

TEST_F(AccessTest, RevokesAtOnce) {
    auto issued = create(wanted("com.acme"));
    auto version = access_->version();
    ASSERT_TRUE(run(access_->revoke_token(operator_caller(), issued.item.id)));
    EXPECT_GT(access_->version(), version);
    EXPECT_EQ(known(issued.token.reveal()), nullptr);
    EXPECT_FALSE(access_->is_in_force(token_digest(issued.token.reveal())));
    EXPECT_EQ(run(access_->revoke_token(operator_caller(), issued.item.id)).error().code, Errc::not_found);
    load({});
    EXPECT_EQ(known(issued.token.reveal()), nullptr);
}

TEST_F(AccessTest, ATokenExpiresByTheClock) {
    auto token = wanted("com.acme");
    token.expires = clock_.now() + 10s;
    auto issued = create(token);
    clock_.advance(9999ms);
    EXPECT_NE(known(issued.token.reveal()), nullptr);
    clock_.advance(1ms);
    EXPECT_EQ(known(issued.token.reveal()), nullptr);
    EXPECT_EQ(run(access_->rotate_token(operator_caller(), issued.item.id, 0ms)).error().code, Errc::conflict)
        << "another text would be no good either";
    EXPECT_TRUE(access_->token(operator_caller(), issued.item.id)) << "it is shown, so that somebody may renew it";
}

TEST_F(AccessTest, ARotatedTokenWorksForTheOverlap) {
    auto first = create(wanted("com.acme"));
    auto second = run(access_->rotate_token(operator_caller(), first.item.id, 60s)).value();
    EXPECT_EQ(second.item.id, first.item.id);
    EXPECT_EQ(second.item.previous_until, clock_.now() + 60s);
    EXPECT_NE(known(first.token.reveal()), nullptr);
    EXPECT_NE(known(second.token.reveal()), nullptr);
    load({});
    clock_.advance(60s);
    EXPECT_EQ(known(first.token.reveal()), nullptr);
    EXPECT_NE(known(second.token.reveal()), nullptr);
    EXPECT_FALSE(access_->token(operator_caller(), first.item.id)->previous_until);
}

TEST_F(AccessTest, ARotationWithoutOverlapEndsAllThatCameBefore) {
    auto first = create(wanted("com.acme"));
    auto second = run(access_->rotate_token(operator_caller(), first.item.id, 3600s)).value();
    auto third = run(access_->rotate_token(operator_caller(), first.item.id, 0ms)).value();
    EXPECT_EQ(known(first.token.reveal()), nullptr);
    EXPECT_EQ(known(second.token.reveal()), nullptr);
    EXPECT_NE(known(third.token.reveal()), nullptr);
}

TEST_F(AccessTest, AnOverlapIsNoLongerThanTheTokensOwnLife) {
    auto token = wanted("com.acme");
    token.expires = clock_.now() + 10s;
    auto first = create(token);
    ASSERT_TRUE(run(access_->rotate_token(operator_caller(), first.item.id, 3600s)));
    clock_.advance(10s);
    EXPECT_EQ(known(first.token.reveal()), nullptr);
}

TEST_F(AccessTest, ATenantSeesAndTouchesItsOwnOrgsTokensOnly) {
    auto own = create(wanted("com.acme"));
    auto foreign = create(wanted("com.other"));
    auto acme = tenant("com.acme");
    auto seen = access_->tokens(acme, "", "", 10);
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].id, own.item.id);
    EXPECT_EQ(access_->token(acme, foreign.item.id).error().code, Errc::not_found);
    EXPECT_EQ(run(access_->rotate_token(acme, foreign.item.id, 0ms)).error().code, Errc::not_found);
    EXPECT_EQ(run(access_->revoke_token(acme, foreign.item.id)).error().code, Errc::not_found);
    EXPECT_EQ(run(access_->create_token(acme, wanted("com.other"))).error().code, Errc::forbidden);
    EXPECT_NE(known(foreign.token.reveal()), nullptr);
    EXPECT_TRUE(run(access_->revoke_token(acme, own.item.id)));
}

TEST_F(AccessTest, NobodyGrantsMoreThanHeHas) {
    auto acme = tenant("com.acme", Scope::integration_read);
    EXPECT_EQ(run(access_->create_token(acme, wanted("com.acme", Scope::all))).error().code, Errc::forbidden);
    EXPECT_TRUE(run(access_->create_token(acme, wanted("com.acme", Scope::integration_read))));
    auto reaching = wanted("com.acme");
    reaching.is_operator = true;
    EXPECT_EQ(run(access_->create_token(tenant("com.acme"), reaching)).error().code, Errc::forbidden);
}

TEST_F(AccessTest, AnOperatorsTokenIsNoTenantsEvenInItsOrg) {
    auto token = wanted("default", Scope::all);
    token.is_operator = true;
    auto issued = create(token);
    auto tenant_of_default = tenant("default");
    EXPECT_TRUE(access_->tokens(tenant_of_default, "", "", 10).empty());
    for (const auto& id : {issued.item.id, std::string("admin")}) {
        EXPECT_EQ(access_->token(tenant_of_default, id).error().code, Errc::not_found);
        EXPECT_EQ(run(access_->rotate_token(tenant_of_default, id, 0ms)).error().code, Errc::not_found);
        EXPECT_EQ(run(access_->revoke_token(tenant_of_default, id)).error().code, Errc::not_found);
    }
    EXPECT_TRUE(known(issued.token.reveal())->principal.is_operator);
}

TEST_F(AccessTest, TheFilesTokensAreTheFiles) {
    load({.tokens = {of_file("reader", "com.acme", "file-token"), of_file("reader", "com.other", "other-token")},
          .orgs = {org_of("com.acme", "Acme")},
          .rate = {}});
    auto listed = access_->tokens(operator_caller(), "", "", 10);
    ASSERT_EQ(listed.size(), 3u);
    EXPECT_EQ(listed[0].source, "environment");
    EXPECT_EQ(listed[1].id, "reader");
    EXPECT_EQ(listed[2].id, "reader-2") << "a name used twice";
    for (const auto& id : {listed[1].id, listed[0].id}) {
        EXPECT_EQ(run(access_->revoke_token(operator_caller(), id)).error().code, Errc::conflict) << id;
        EXPECT_EQ(run(access_->rotate_token(operator_caller(), id, 0ms)).error().code, Errc::conflict) << id;
    }
    EXPECT_EQ(run(access_->change_org(org_of("com.acme"), "")).error().code, Errc::conflict);
    EXPECT_EQ(run(access_->erase_org("com.acme", {}, "")).error().code, Errc::conflict);
    EXPECT_NE(known("file-token"), nullptr);
}

TEST_F(AccessTest, AReloadReplacesTheFilesTokensAndNoOthers) {
    load({.tokens = {of_file("old", "com.acme", "old-token")}, .orgs = {}, .rate = {}});
    auto issued = create(wanted("com.acme"));
    AccessDirectory::FromFile twice{
        .tokens = {of_file("a", "x", "same"), of_file("b", "x", "same")}, .orgs = {}, .rate = {}};
    EXPECT_EQ(access_->check(twice).error().code, Errc::conflict);
    AccessDirectory::FromFile as_admin{.tokens = {of_file("a", "x", std::string(kAdminText))}, .orgs = {}, .rate = {}};
    EXPECT_EQ(access_->check(as_admin).error().code, Errc::conflict);
    EXPECT_NE(known("old-token"), nullptr) << "a check changes nothing";
    AccessDirectory::FromFile fresh{.tokens = {of_file("new", "com.acme", "new-token")}, .orgs = {}, .rate = {}};
    ASSERT_TRUE(access_->check(fresh));
    access_->apply(fresh);
    EXPECT_EQ(known("old-token"), nullptr);
    EXPECT_NE(known("new-token"), nullptr);
    EXPECT_NE(known(issued.token.reveal()), nullptr);
    EXPECT_NE(known(std::string(kAdminText)), nullptr);
}

TEST_F(AccessTest, TheOperatorsTokenMadeAtTheFirstStartCanBeRotated) {
    auto made = admin_token(store_, std::nullopt).value();
    auto first = *made.to_show;
    access_ = std::make_unique<AccessDirectory>(AccessDirectory::Parts{store_, blocking_, clock_});
    ASSERT_TRUE(access_->load({}, std::move(made)));
    EXPECT_EQ(run(access_->rotate_token(operator_caller(), "admin", 60s)).error().code, Errc::invalid_argument);
    auto second = run(access_->rotate_token(operator_caller(), "admin", 0ms)).value();
    EXPECT_EQ(known(first.reveal()), nullptr);
    ASSERT_NE(known(second.token.reveal()), nullptr);
    EXPECT_TRUE(known(second.token.reveal())->principal.is_operator);
    EXPECT_EQ(admin_token(store_, std::nullopt)->sha256, token_digest(second.token.reveal())) << "also after a restart";
}

TEST_F(AccessTest, AnOrgIsMadeChangedAndRemoved) {
    auto created = run(access_->create_org(org_of("com.acme", "Acme"))).value();
    EXPECT_EQ(run(access_->create_org(org_of("com.acme"))).error().code, Errc::conflict);
    auto changed = run(access_->change_org(org_of("com.acme", "Acme Ltd"), created.revision)).value();
    EXPECT_NE(changed.revision, created.revision);
    EXPECT_EQ(run(access_->change_org(org_of("com.acme"), created.revision)).error().code, Errc::conflict);
    EXPECT_EQ(run(access_->change_org(org_of("com.unknown"), "")).error().code, Errc::not_found);
    auto issued = create(wanted("com.acme"));
    EXPECT_EQ(run(access_->erase_org("com.acme", {}, "")).error().code, Errc::conflict) << "it has a token";
    ASSERT_TRUE(run(access_->revoke_token(operator_caller(), issued.item.id)));
    EXPECT_EQ(run(access_->erase_org("com.acme", {{"com.acme", 1}}, "")).error().code, Errc::conflict);
    EXPECT_TRUE(run(access_->erase_org("com.acme", {}, changed.revision)));
    EXPECT_EQ(access_->org(operator_caller(), {}, "com.acme").error().code, Errc::not_found);
}

TEST_F(AccessTest, AnOrgWithoutARecordIsShownWhenItIsUsed) {
    create(wanted("com.acme"));
    auto listed = access_->orgs(operator_caller(), {{"com.other", 2}}, "", 10);
    ASSERT_EQ(listed.size(), 2u);
    EXPECT_EQ(listed[0].definition.id, "com.acme");
    EXPECT_EQ(listed[0].source, "none");
    EXPECT_EQ(listed[1].integrations, 2u);
    auto own = access_->orgs(tenant("com.tenant"), {{"com.other", 2}}, "", 10);
    ASSERT_EQ(own.size(), 1u);
    EXPECT_EQ(own[0].definition.id, "com.tenant");
    EXPECT_EQ(access_->org(tenant("com.tenant"), {}, "com.acme").error().code, Errc::not_found);
}

TEST_F(AccessTest, WhenATokenWasLastUsedOutlivesARestart) {
    auto issued = create(wanted("com.acme"));
    known(issued.token.reveal())->use->last_used_ms = to_epoch_ms(clock_.now());
    ASSERT_TRUE(access_->keep_last_used());
    load({});
    EXPECT_EQ(access_->token(operator_caller(), issued.item.id)->last_used, clock_.now());
}

}  // namespace
}  // namespace sluice
