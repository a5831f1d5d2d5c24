#include "control/integration_selection.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sluice {
namespace {

using Order = IntegrationSelection::Order;

IntegrationStatus integration(std::string id, IntegrationState state = IntegrationState::running,
                              std::uint64_t lag = 0) {
    IntegrationStatus status;
    status.id = std::move(id);
    status.org = "com.acme";
    status.destination_type = "sqs";
    status.state = state;
    status.stats.lag_events = lag;
    return status;
}

std::vector<const IntegrationStatus*> all_of(const std::vector<IntegrationStatus>& statuses) {
    std::vector<const IntegrationStatus*> out;
    for (const auto& status : statuses) out.push_back(&status);
    return out;
}

std::vector<std::string> ids_of(const IntegrationChoice& choice) {
    std::vector<std::string> out;
    for (const auto* status : choice.items) out.push_back(status->id);
    return out;
}

/// Every page, with `next` passed on as its users do.
std::vector<std::string> paged(const std::vector<IntegrationStatus>& statuses, IntegrationSelection selection) {
    std::vector<std::string> out;
    for (;;) {
        IntegrationChoice page = choose(all_of(statuses), selection);
        for (auto& id : ids_of(page)) out.push_back(id);
        if (!page.next) return out;
        EXPECT_TRUE(selection.begin_after(selection.to_text(*page.next)));
    }
}

const std::vector<IntegrationStatus>& some() {
    static const std::vector<IntegrationStatus> kSome = {
        integration("a", IntegrationState::failing, 5), integration("b", IntegrationState::running, 0),
        integration("c", IntegrationState::running, 5), integration("d", IntegrationState::paused, 90),
        integration("e", IntegrationState::blocked, 5)};
    return kSome;
}

TEST(IntegrationSelection, PagesMeetWithoutGapOrRepeatInEachOrder) {
    const std::map<std::pair<Order, bool>, std::string> kExpected = {
        {{Order::id, false}, "abcde"},       {{Order::id, true}, "edcba"},     {{Order::lag, false}, "baced"},
        {{Order::lag, true}, "daceb"},       {{Order::state, false}, "bcdae"}, {{Order::state, true}, "eadbc"},
        {{Order::last_error, true}, "abcde"}};
    for (const auto& [order, expected] : kExpected) {
        for (std::size_t limit : {1, 2, 3, 5, 9}) {
            IntegrationSelection selection;
            selection.order = order.first;
            selection.descending = order.second;
            selection.limit = limit;
            std::string got;
            for (const auto& id : paged(some(), selection)) got += id;
            EXPECT_EQ(got, expected) << static_cast<int>(order.first) << " " << order.second << " by " << limit;
        }
    }
}

TEST(IntegrationSelection, APageBeginsBehindItsPlaceWhateverCameOrWent) {
    IntegrationSelection selection;
    selection.limit = 2;
    ASSERT_TRUE(selection.begin_after("b"));
    auto changed = some();
    changed.erase(changed.begin() + 1);
    changed.push_back(integration("aa"));
    EXPECT_EQ(ids_of(choose(all_of(changed), selection)), (std::vector<std::string>{"c", "d"}));
}

TEST(IntegrationSelection, CountsStatesOfAllAndPagesThoseWanted) {
    IntegrationSelection selection;
    selection.states = {IntegrationState::running, IntegrationState::blocked};
    selection.limit = 1;
    IntegrationChoice choice = choose(all_of(some()), selection);
    EXPECT_EQ(choice.total, 3u);
    EXPECT_EQ(choice.states, (std::array<std::size_t, 5>{2, 1, 0, 1, 1}));
    EXPECT_EQ(ids_of(choice), std::vector<std::string>{"b"});
}

TEST(IntegrationSelection, RefusesAPlaceOfAnotherOrder) {
    IntegrationSelection selection;
    selection.order = Order::lag;
    for (const char* text : {"", "acme", ":acme", "5acme", "x:acme", "99999999999999999999:a"})
        EXPECT_FALSE(selection.begin_after(text)) << text;
    EXPECT_TRUE(selection.begin_after("5:acme"));
    EXPECT_EQ(selection.after->key, 5);
    EXPECT_EQ(selection.after->id, "acme");
}

TEST(IntegrationSelection, FindsTextInSettingsTargetsAndTheLastError) {
    auto status = integration("acme");
    status.stats.last_error = DeliveryError{.code = "AccessDenied", .message = "No right", .target = "Alpha"};
    status.stats.targets["Beta-Stream"] = {};
    auto finds = [&](std::string text) {
        IntegrationSelection selection;
        selection.text = lower_case(text);
        return selection.wants(status, "acme\ncom.acme\nbuilding-events");
    };
    for (const char* text : {"", "ACME", "com.ac", "building", "accessdenied", "no right", "alpha", "beta-"})
        EXPECT_TRUE(finds(text)) << text;
    EXPECT_FALSE(finds("gamma"));
}

TEST(IntegrationSelection, WantsOrgAndTypeAsTheyAre) {
    IntegrationSelection selection;
    selection.org = "com.acme";
    selection.destination_type = "sqs";
    EXPECT_TRUE(selection.wants(integration("a"), ""));
    selection.org = "com";
    EXPECT_FALSE(selection.wants(integration("a"), ""));
}

}  // namespace
}  // namespace sluice
