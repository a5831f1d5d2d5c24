#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sources/share_api/share_api_fixture_for_test.hpp"

namespace sluice::share_api {
namespace {

namespace asio = boost::asio;
using Numbers = std::vector<std::int64_t>;

class ShareApiRead : public ::testing::Test {
  protected:
    /// Objects 1 to 5, a second apart, the odd ones tagged `odd`, floors 2 1 2 1 2.
    void SetUp() override {
        for (int n = 1; n <= 5; ++n) {
            const std::string tags = n % 2 ? "/tags/Dublin/odd" : "/tags/Dublin";
            ids_.push_back(api_.create("/share/io.acme" + tags, "{\"n\":" + std::to_string(n) +
                                                                    ",\"floor\":" + std::to_string(1 + n % 2) + "}"));
            api_.bench.clock.advance(std::chrono::seconds(1));
        }
    }

    http::Response get(const std::string& target, std::string token = "full") {
        return api_.call("GET", target, "", {std::move(token)});
    }

    ShareApiBench api_;
    std::vector<std::string> ids_;
};

TEST_F(ShareApiRead, OneObjectIsGivenByteForByte) {
    const auto response = get("/share/io.acme/" + ids_[2]);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(
        response.body,
        R"({"meta":{"currentCount":1,"currentPage":1,"perPage":999,"totalCount":1,"totalPages":1,"source":"db"},"objs":[)" +
            std::string(api_.bench.events().at(2)->obj) + "]}");
}

TEST_F(ShareApiRead, DetailsFalseLeavesOutData) {
    const auto one = get("/share/io.acme/" + ids_[0] + "?details=false");
    const auto whole = get("/share/io.acme/" + ids_[0]);
    auto expected = json_of(whole);
    expected.at("objs").at(0).as_object().erase("data");
    EXPECT_EQ(json_of(one), expected);
    const auto list = json_of(get("/share/io.acme?details=false"));
    for (const auto& object : list.at("objs").as_array()) {
        EXPECT_FALSE(object.as_object().contains("data"));
        EXPECT_TRUE(object.as_object().contains("origin"));
    }
}

TEST_F(ShareApiRead, ListsNewestFirst) {
    const auto response = get("/share/io.acme");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(numbers_of(response), (Numbers{5, 4, 3, 2, 1}));
    EXPECT_EQ(
        meta_of(response),
        R"({"meta":{"currentCount":5,"currentPage":1,"perPage":999,"totalCount":5,"totalPages":1,"source":"db"})");
}

TEST_F(ShareApiRead, PagesFromOne) {
    const auto second = get("/share/io.acme?page=2&perPage=2");
    EXPECT_EQ(numbers_of(second), (Numbers{3, 2}));
    EXPECT_EQ(meta_of(second),
              R"({"meta":{"currentCount":2,"currentPage":2,"perPage":2,"totalCount":5,"totalPages":3,"source":"db"})");
    EXPECT_EQ(numbers_of(get("/share/io.acme?page=3&perPage=2")), (Numbers{1}));
    const auto beyond = get("/share/io.acme?page=9&perPage=2");
    EXPECT_EQ(beyond.status, 200);
    EXPECT_EQ(numbers_of(beyond), Numbers{});
}

TEST_F(ShareApiRead, SortsByCreationBothWays) {
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=createDate")), (Numbers{1, 2, 3, 4, 5}));
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=-tstamp&perPage=2")), (Numbers{5, 4}));
}

TEST_F(ShareApiRead, SortsByAnyMember) {
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=data.floor")), (Numbers{4, 2, 5, 3, 1}));
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=-data.floor,data.n")), (Numbers{1, 3, 5, 2, 4}));
    const auto page = get("/share/io.acme?sort=data.floor&page=2&perPage=2");
    EXPECT_EQ(numbers_of(page), (Numbers{5, 3}));
    EXPECT_EQ(meta_of(page),
              R"({"meta":{"currentCount":2,"currentPage":2,"perPage":2,"totalCount":5,"totalPages":3,"source":"db"})");
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=data.floor&page=4&perPage=2")), Numbers{});
}

TEST_F(ShareApiRead, SortsWhatWasUpdated) {
    ASSERT_EQ(api_.call("PUT", "/share/io.acme/" + ids_[1], R"({"n":22})").status, 200);
    EXPECT_EQ(numbers_of(get("/share/io.acme?sort=-updateDate")), (Numbers{22, 5, 4, 3, 1}));
    EXPECT_EQ(numbers_of(get("/share/io.acme")), (Numbers{5, 4, 3, 22, 1}));
}

TEST_F(ShareApiRead, FromIsInclusiveAndToIsExclusive) {
    const auto date_of = [&](std::size_t index) {
        return std::string(json_of(get("/share/io.acme/" + ids_[index])).at("objs").at(0).at("createDate").as_string());
    };
    EXPECT_EQ(numbers_of(get("/share/io.acme?from=" + date_of(1) + "&to=" + date_of(3))), (Numbers{3, 2}));
    EXPECT_EQ(numbers_of(get("/share/io.acme?from=" + date_of(3))), (Numbers{5, 4}));
    EXPECT_EQ(json_of(get("/share/io.acme?to=" + date_of(3))).at("meta").at("totalCount"), 3);
}

TEST_F(ShareApiRead, TagsFilter) {
    EXPECT_EQ(numbers_of(get("/share/io.acme/tags/odd")), (Numbers{5, 3, 1}));
    EXPECT_EQ(numbers_of(get("/share/io.acme/tags/odd/Dublin?perPage=1&page=2")), (Numbers{3}));
    EXPECT_EQ(numbers_of(get("/share/io.acme/tags/Cork")), Numbers{});
}

TEST_F(ShareApiRead, LatestIsTheNewestOne) {
    EXPECT_EQ(numbers_of(get("/share/io.acme/latest")), (Numbers{5}));
    EXPECT_FALSE(json_of(get("/share/io.acme/latest?details=false")).at("objs").at(0).as_object().contains("data"));
    ASSERT_EQ(api_.call("DELETE", "/share/io.acme/" + ids_[4]).status, 200);
    EXPECT_EQ(numbers_of(get("/share/io.acme/latest")), (Numbers{4}));
    EXPECT_EQ(numbers_of(get("/share/io.acme/tags/odd/latest")), (Numbers{3}));
    EXPECT_EQ(get("/share/io.acme.nothing/latest").status, 404);
}

TEST_F(ShareApiRead, AnotherOrgSeesNothing) {
    EXPECT_EQ(get("/share/io.acme/" + ids_[0], "other").status, 404);
    EXPECT_EQ(numbers_of(get("/share/io.acme", "other")), Numbers{});
    EXPECT_EQ(get("/share/io.acme/latest", "other").status, 404);
    EXPECT_EQ(api_.call("DELETE", "/share/io.acme/" + ids_[0], "", {"other"}).status, 404);
}

TEST_F(ShareApiRead, TheOperatorActsForTheOrgItNames) {
    const auto as = [&](std::vector<http::Header> headers) {
        return api_.call("GET", "/share/io.acme/latest", "", {"operator", std::move(headers)}).status;
    };
    EXPECT_EQ(as({{"Sluice-Org", "com.acme"}}), 200);
    EXPECT_EQ(as({}), 404);
    EXPECT_EQ(as({{"Sluice-Org", "not an org"}}), 400);
    ASSERT_EQ(api_.call("POST", "/share/io.acme", "{}", {"operator"}).status, 201);
    EXPECT_EQ(api_.bench.events().back()->org, "default");
}

TEST_F(ShareApiRead, HeadIsAnsweredAsGet) {
    EXPECT_EQ(api_.call("HEAD", "/share/io.acme/" + ids_[0]).status, 200);
    EXPECT_EQ(api_.call("HEAD", "/share/io.acme/unknown").status, 404);
    EXPECT_EQ(api_.call("HEAD", "/share/io.acme").status, 200);
}

TEST(ShareApiReadLimits, ASortOfTooManyObjectsSaysSo) {
    RouteLimits limits;
    limits.max_sorted_objects = 3;
    ShareApiBench api({}, limits);
    for (int n = 1; n <= 3; ++n) api.create("/share/io.acme/tags/Dublin", "{\"n\":1}");
    EXPECT_EQ(api.call("GET", "/share/io.acme?sort=name").status, 200);
    api.create("/share/io.acme", "{\"n\":1}");
    const auto refused = api.call("GET", "/share/io.acme?sort=name");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(code_of(refused), "sort_too_large");
    EXPECT_EQ(api.call("GET", "/share/io.acme/tags/Dublin?sort=name").status, 200);
    EXPECT_EQ(api.call("GET", "/share/io.acme?sort=-createDate").status, 200);
}

asio::awaitable<void> keep_status(asio::awaitable<http::Response> answer, std::vector<http::Response>& answers) {
    answers.push_back(co_await std::move(answer));
}

TEST(ShareApiReadLimits, SortsTakeTurnsAndTooManyAtOnceAreTurnedAway) {
    RouteLimits limits;
    limits.max_sorts_at_once = 1;
    limits.max_sorts_waiting = 1;
    ShareApiBench api({}, limits);
    api.create("/share/io.acme", "{\"n\":1}");
    std::vector<http::Response> answers;
    TaskGroup tasks(api.bench.io);
    for (const char* org : {"com.a", "com.b", "com.c"})
        tasks.spawn(keep_status(
            api.routes.handle(api.make_request("GET", "/share/io.acme?sort=name", {"operator", {{"Sluice-Org", org}}})),
            answers));
    tasks.spawn(keep_status(api.routes.handle(api.make_request("GET", "/share/io.acme?sort=createDate")), answers));
    api.bench.run(tasks.join());
    ASSERT_EQ(answers.size(), 4u);
    EXPECT_EQ(answers[0].status, 503) << "the third of the sorts";
    EXPECT_EQ(code_of(answers[0]), "overloaded");
    EXPECT_GT(std::stoi(std::string(answers[0].headers.get("Retry-After"))), 0);
    for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(answers[i].status, 200);
    EXPECT_EQ(api.call("GET", "/share/io.acme?sort=name").status, 200) << "the turn was given back";
}

/// Everything that can go on at once has gone on when it completes.
asio::awaitable<void> pass_on_once() {
    for (int i = 0; i < 100; ++i) co_await asio::post(asio::use_awaitable);
}

TEST(ShareApiReadLimits, AnOrgsListsAreReadOneAtATimeSoThatOthersComeBetween) {
    RouteLimits limits;
    limits.max_lists_waiting = 2;
    ShareApiBench api({}, limits);
    const std::string id = api.create("/share/io.acme", "{\"n\":1}");
    auto gate = api.bench.hold_up_lists();
    std::vector<std::string> order;
    TaskGroup tasks(api.bench.io);
    auto list = [&](std::string token) -> asio::awaitable<void> {
        http::Request request = api.make_request("GET", "/share/io.acme", Ask{token});
        const auto response = co_await api.routes.handle(std::move(request));
        order.push_back(token + " " + std::to_string(response.status));
    };
    for (const char* token : {"full", "reader", "full", "full", "other"}) tasks.spawn(list(token));
    api.bench.run(pass_on_once());
    EXPECT_EQ(order, (std::vector<std::string>{"full 503"})) << "the fourth of the org: two wait already";
    EXPECT_EQ(api.call("GET", "/share/io.acme/" + id).status, 200) << "one object does not wait behind lists";
    gate.set_value();
    api.bench.run(tasks.join());
    EXPECT_EQ(order, (std::vector<std::string>{"full 503", "full 200", "other 200", "reader 200", "full 200"}));
}

TEST(ShareApiReadLimits, ListsThatNobodyTakesAreBounded) {
    RouteLimits limits;
    limits.max_bytes_of_answers = 100'000;
    limits.max_bytes_of_answers_of_an_org = 1000;
    ShareApiBench api({}, limits);
    api.create("/share/io.acme", "{\"n\":1}");
    auto first = api.call("GET", "/share/io.acme");
    EXPECT_EQ(first.status, 200);
    const auto second = api.call("GET", "/share/io.acme");
    EXPECT_EQ(second.status, 503) << "the first is still to be taken";
    EXPECT_EQ(code_of(second), "overloaded");
    EXPECT_EQ(api.call("GET", "/share/io.acme", "", {"other"}).status, 200) << "another org has room of its own";
    first = {};
    EXPECT_EQ(api.call("GET", "/share/io.acme").status, 200);
}

TEST(ShareApiReadLimits, APageTooLargeToAnswerSaysSo) {
    RouteLimits limits;
    limits.max_read_bytes = 2000;
    ShareApiBench api({}, limits);
    for (int n = 1; n <= 5; ++n) api.create("/share/io.acme", "{\"n\":1}");
    const auto refused = api.call("GET", "/share/io.acme");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(code_of(refused), "page_too_large");
    EXPECT_EQ(api.call("GET", "/share/io.acme?perPage=2").status, 200);
    EXPECT_EQ(code_of(api.call("GET", "/share/io.acme?sort=name")), "sort_too_large");
}

}  // namespace
}  // namespace sluice::share_api
