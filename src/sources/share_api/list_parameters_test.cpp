#include "sources/share_api/list_parameters.hpp"

#include <gtest/gtest.h>

namespace sluice::share_api {
namespace {

Result<ListParameters> parse(std::string query, ReadForm form = ReadForm::page) {
    http::Request request;
    request.query = std::move(query);
    return parse_list_parameters(request, form, 2000);
}

TEST(ListParameters, HaveTheDocumentedDefaults) {
    const auto parameters = parse("");
    ASSERT_TRUE(parameters);
    EXPECT_TRUE(parameters->details);
    EXPECT_EQ(parameters->page, 1u);
    EXPECT_EQ(parameters->per_page, 999u);
    EXPECT_EQ(parameters->offset(), 0u);
    EXPECT_TRUE(parameters->sort.is_by_creation());
    EXPECT_FALSE(parameters->from);
    EXPECT_FALSE(parameters->to);
}

TEST(ListParameters, AreRead) {
    const auto parameters =
        parse("details=false&page=3&perPage=10&sort=-name&from=2026-11-23T14:00:00Z&to=2026-11-23T16:00:00%2B01:00");
    ASSERT_TRUE(parameters) << parameters.error().message;
    EXPECT_FALSE(parameters->details);
    EXPECT_EQ(parameters->offset(), 20u);
    EXPECT_EQ(parameters->per_page, 10u);
    EXPECT_FALSE(parameters->sort.is_by_creation());
    EXPECT_EQ(*parameters->to - *parameters->from, std::chrono::hours(1));
}

TEST(ListParameters, APlusBeforeAMemberToSortByIsOne) {
    for (const char* query : {"sort=+createDate", "sort=%2BcreateDate", "sort=createDate"}) {
        const auto parameters = parse(query);
        ASSERT_TRUE(parameters) << query;
        EXPECT_TRUE(parameters->sort.is_by_creation()) << query;
        EXPECT_FALSE(parameters->sort.newest_first()) << query;
    }
}

TEST(ListParameters, NameWhatIsWrong) {
    const auto message = [](std::string query) {
        const auto parameters = parse(std::move(query));
        return parameters ? std::string("(accepted)") : parameters.error().message;
    };
    EXPECT_EQ(message("perPage=2000"), "(accepted)");
    for (const char* query : {"perPage=0", "perPage=2001", "perPage=ten", "perPage=", "perPage=1e3", "perPage=-1"})
        EXPECT_EQ(message(query), "perPage must be a number from 1 to 2000") << query;
    EXPECT_TRUE(message("page=0").starts_with("page must be")) << message("page=0");
    EXPECT_TRUE(message("page=99999999999999999999").starts_with("page must be"));
    EXPECT_EQ(message("details=yes"), "details must be true or false");
    EXPECT_TRUE(message("from=yesterday").starts_with("from must be a time"));
    EXPECT_TRUE(message("to=2026-11-23").starts_with("to must be a time"));
    EXPECT_TRUE(message("sort=").starts_with("sort names members"));
    EXPECT_EQ(message("perpage=1"),
              "a list takes details, page, perPage, sort, from, to, and not perpage; did you mean perPage?");
    EXPECT_EQ(message("zzzzzzzzzz=1"), "a list takes details, page, perPage, sort, from, to, and not zzzzzzzzzz");
    EXPECT_EQ(message(std::string(100, 'z') + "%0A=1").size(), message(std::string(64, 'z') + "=1").size())
        << "somebody else's words are shown shortened";
}

TEST(ListParameters, OneObjectTakesOnlyDetails) {
    EXPECT_TRUE(parse("details=false", ReadForm::single));
    EXPECT_EQ(parse("page=1", ReadForm::single).error().message, "one object takes details, and not page");
    EXPECT_EQ(parse("detail=1", ReadForm::single).error().message,
              "one object takes details, and not detail; did you mean details?");
}

}  // namespace
}  // namespace sluice::share_api
