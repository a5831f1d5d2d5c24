#include "sources/share_api/sort_order.hpp"

#include <gtest/gtest.h>

namespace sluice::share_api {
namespace {

std::vector<Event> events(const std::vector<std::string>& objs) {
    std::vector<Event> result;
    for (const std::string& obj : objs) {
        auto owner = std::make_shared<const std::string>(obj);
        EventView view;
        view.obj = *owner;
        result.emplace_back(owner, view, LogPosition{0, result.size() + 1}, Timestamp{});
    }
    return result;
}

/// The sequences, in the order that `sort` puts the objects in.
std::vector<Sequence> sorted(std::string_view sort, const std::vector<std::string>& objs) {
    auto list = events(objs);
    SortOrder::parse(sort).value().sort(list);
    std::vector<Sequence> order;
    for (const Event& event : list) order.push_back(event.sequence());
    return order;
}

using Order = std::vector<Sequence>;

TEST(SortOrder, NewestFirstByDefault) {
    EXPECT_TRUE(SortOrder().is_by_creation());
    EXPECT_TRUE(SortOrder().newest_first());
}

TEST(SortOrder, CreationIsTheIndexsOrder) {
    for (const char* text : {"createDate", "tstamp", "+createDate", " createDate"}) {
        EXPECT_TRUE(SortOrder::parse(text)->is_by_creation()) << text;
        EXPECT_FALSE(SortOrder::parse(text)->newest_first()) << text;
    }
    EXPECT_TRUE(SortOrder::parse("-tstamp")->newest_first());
    EXPECT_FALSE(SortOrder::parse("createDate,name")->is_by_creation());
    EXPECT_FALSE(SortOrder::parse("data.createDate")->is_by_creation());
}

TEST(SortOrder, NumbersSortByValue) {
    EXPECT_EQ(sorted("n", {R"({"n":10})", R"({"n":9.5})", R"({"n":-1})", R"({"n":1E400})", R"({"n":-1e999})",
                           R"({"n":1e-999})"}),
              (Order{5, 3, 6, 2, 1, 4}));
}

TEST(SortOrder, TextsSortByCodePointWithEscapesResolved) {
    EXPECT_EQ(sorted("s", {R"({"s":"b"})", R"({"s":"\u0061"})", R"({"s":"é"})", R"({"s":"B"})"}), (Order{4, 2, 1, 3}));
}

TEST(SortOrder, KindsSortApart) {
    EXPECT_EQ(sorted("v", {R"({"v":"1"})", R"({"v":[1]})", R"({"v":1})", R"({"v":true})", R"({"v":null})", R"({})",
                           R"({"v":false})"}),
              (Order{5, 6, 7, 4, 3, 1, 2}));
}

TEST(SortOrder, EqualsKeepTheirOrderAlsoDescending) {
    EXPECT_EQ(sorted("-n", {R"({"n":1})", R"({"n":2})", R"({"n":1})", R"({"n":2})"}), (Order{2, 4, 1, 3}));
}

TEST(SortOrder, LaterMembersDecideAmongEquals) {
    EXPECT_EQ(sorted("data.floor,-name", {R"({"name":"a","data":{"floor":2}})", R"({"name":"b","data":{"floor":1}})",
                                          R"({"name":"c","data":{"floor":2}})"}),
              (Order{2, 3, 1}));
}

TEST(SortOrder, APlusIsTakenInTheFormThatAQueryLeavesOfIt) {
    const std::vector<std::string> objs = {R"({"n":2,"m":1," n":9})", R"({"n":1,"m":2," n":8})", R"({"n":1,"m":1})"};
    EXPECT_EQ(sorted(" n, m", objs), (Order{3, 2, 1}));
    EXPECT_EQ(sorted("-m, n", objs), (Order{2, 3, 1}));
    EXPECT_EQ(sorted("  n", objs), sorted("+ n", objs)) << "one of them only: the other is the name's own";
    EXPECT_EQ(sorted("a b", {R"({"a b":2})", R"({"a b":1})"}), (Order{2, 1}));
}

TEST(SortOrder, RefusesWhatNamesNoMember) {
    for (const char* text : {"", " ", "a, ", ",", "a,", "-", "a..b", ".a", "a,b,c,d,e,f,g,h,i"})
        EXPECT_FALSE(SortOrder::parse(text)) << text;
}

TEST(SortOrder, RefusesAMemberNamedTwice) {
    for (const char* text : {"data,data", "a,-a", "+a,a", " a,a", "data.b,c,data.b", "createDate,createDate"}) {
        auto parsed = SortOrder::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_TRUE(parsed.error().message.ends_with(" twice")) << parsed.error().message;
    }
    EXPECT_TRUE(SortOrder::parse("data,data.a,a.data,datas"));
}

TEST(SortOrder, EscapesMakeNoDifferenceToWhatIsEqual) {
    EXPECT_EQ(sorted("s", {R"({"s":"b"})", R"({"s":"\u0061"})", R"({"s":"a"})", R"({"s":"\u0062"})"}),
              (Order{2, 3, 1, 4}));
}

}  // namespace
}  // namespace sluice::share_api
