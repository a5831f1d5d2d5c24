#include "api/integration_list.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace sluice::api {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(IntegrationList, ReadsEveryParameter) {
    auto request = integration_list_request(Query{{"limit", "7"},
                                                  {"after", "5:acme"},
                                                  {"state", "failing,blocked"},
                                                  {"type", "sqs"},
                                                  {"org", "com.acme"},
                                                  {"q", "Events"},
                                                  {"sort", "-lag"},
                                                  {"details", "false"}});
    ASSERT_TRUE(request) << request.error().message;
    const auto& selection = request->selection;
    EXPECT_EQ(selection.limit, 7u);
    EXPECT_EQ(selection.after->key, 5);
    EXPECT_EQ(selection.states, (std::vector<IntegrationState>{IntegrationState::failing, IntegrationState::blocked}));
    EXPECT_EQ(selection.destination_type, "sqs");
    EXPECT_EQ(selection.org, "com.acme");
    EXPECT_EQ(selection.text, "events");
    EXPECT_EQ(selection.order, IntegrationSelection::Order::lag);
    EXPECT_TRUE(selection.descending);
    EXPECT_FALSE(request->details);
}

TEST(IntegrationList, HasTheContractsDefaults) {
    auto request = integration_list_request({});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->selection.limit, 100u);
    EXPECT_EQ(request->selection.order, IntegrationSelection::Order::id);
    EXPECT_FALSE(request->selection.after);
    EXPECT_TRUE(request->details);
    EXPECT_EQ(integration_list_request({{"limit", "5000"}})->selection.limit, 1000u);
}

TEST(IntegrationList, SaysWhatIsWrongWithAParameter) {
    const std::pair<Query, std::string_view> kWrong[] = {{{{"limit", "0"}}, "limit is a number"},
                                                         {{{"limit", "ten"}}, "limit is a number"},
                                                         {{{"state", "dead"}}, "state is running"},
                                                         {{{"state", "failing,"}}, "state is running"},
                                                         {{{"sort", "name"}}, "sort is id"},
                                                         {{{"sort", ""}}, "sort is id"},
                                                         {{{"details", "no"}}, "details is true"},
                                                         {{{"stat", "failing"}}, "and not stat; did you mean state?"},
                                                         {{{"after", "acme"}, {"sort", "lag"}}, "`after` is not"}};
    for (const auto& [query, message] : kWrong) {
        auto request = integration_list_request(query);
        ASSERT_FALSE(request) << message;
        EXPECT_NE(request.error().message.find(message), std::string::npos) << request.error().message;
    }
}

TEST(IntegrationList, ALightItemShowsWhatADashboardDoes) {
    IntegrationDirectory::Page page;
    page.items.resize(1);
    auto& item = page.items.front();
    item.id = "acme";
    item.org = "com.acme";
    item.status.destination_type = "sqs";
    item.status.state = IntegrationState::failing;
    item.status.stats.last_error = DeliveryError{.code = "c", .message = std::string(199, 'x') + "ä and more"};
    page.next = "acme";
    page.total = 12;
    page.states = {1, 2, 3, 4, 5};
    auto json = to_json(page, false);
    EXPECT_EQ(boost::json::serialize(json.at("states")),
              R"({"running":1,"paused":2,"throttled":3,"failing":4,"blocked":5})");
    EXPECT_EQ(json.at("total").to_number<int>(), 12);
    EXPECT_EQ(json.at("next").as_string(), "acme");
    const auto& shown = json.at("items").at(0).as_object();
    EXPECT_EQ(shown.at("type").as_string(), "sqs");
    EXPECT_EQ(shown.at("state").as_string(), "failing");
    EXPECT_EQ(shown.at("last_error").at("message").as_string(), std::string(199, 'x') + "…");
    EXPECT_FALSE(shown.contains("destination"));
    EXPECT_FALSE(shown.contains("stats"));
}

}  // namespace
}  // namespace sluice::api
