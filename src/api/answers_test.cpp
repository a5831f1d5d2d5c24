#include "api/answers.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sluice::api {
namespace {

std::string written(const boost::json::value& value) {
    return json_response(200, value).body;
}

TEST(Answers, WriteNumbersAsPeopleDo) {
    EXPECT_EQ(written({{"zero", 0.0}, {"half", 0.5}, {"ms", 1.234}, {"many", 250000.0}}),
              R"({"zero":0,"half":0.5,"ms":1.234,"many":250000})");
}

TEST(Answers, WriteEveryKindOfValueSoThatItIsReadBackAsTheSame) {
    constexpr std::string_view kText =
        R"({"a":[],"b":{},"c":[1,-2,18446744073709551615,1.5,[true,false,null]],"d":"\"\\ \n ä €","":{"x":""}})";
    EXPECT_EQ(boost::json::parse(written(boost::json::parse(kText))), boost::json::parse(kText));
}

}  // namespace
}  // namespace sluice::api
