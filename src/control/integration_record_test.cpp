#include "control/integration_record.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace sluice {
namespace {

TEST(IntegrationRecord, SettingsComeBackAsTheyWereGiven) {
    auto settings = boost::json::parse(R"({"id":"a","org":"com.acme","destination":{"type":"file"},"key":"{id}"})");
    auto text = integration_record({settings.get_object(), true, "r1"});
    auto read = parse_integration_record(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(boost::json::serialize(read->settings), boost::json::serialize(settings));
    EXPECT_TRUE(read->operator_owned);
    EXPECT_EQ(read->revision, "r1");
    EXPECT_EQ(read->org(), "com.acme");
}

TEST(IntegrationRecord, AnOlderVersionKeptNoRevisionAndNoOwner) {
    auto read = parse_integration_record(R"({"id":"a"})");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->operator_owned);
    EXPECT_EQ(read->revision, "");
    EXPECT_EQ(read->org(), "");
}

TEST(IntegrationRecord, WhatIsNoObjectIsCorrupt) {
    for (auto text : {"", "[]", "{", "7"}) {
        auto read = parse_integration_record(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, Errc::corrupt);
    }
}

}  // namespace
}  // namespace sluice
