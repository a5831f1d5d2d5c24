#include "sandbox/iot_hub/event_topic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>

namespace sluice::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(EventTopic, IsReadAsTheOfficialClientsWriteIt) {
    std::ifstream file(SLUICE_SOURCE_DIR "/../shared/vectors/iothub_mqtt.json");
    if (!file) GTEST_SKIP() << "the vectors are not here";
    auto vectors = boost::json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
    std::size_t checked = 0;
    for (const auto& vector : vectors.at("telemetry_topics").as_array()) {
        auto topic = parse_event_topic(vector.at("topic").as_string());
        ASSERT_TRUE(topic) << topic.error().message;
        EXPECT_EQ(topic->identity.device, vector.at("device").as_string());
        const auto* module = vector.as_object().if_contains("module");
        EXPECT_EQ(topic->identity.module, module ? module->as_string() : "");
        HubProperties expected;
        for (const auto& pair : vector.at("props").as_array())
            expected.emplace_back(pair.at(0).as_string(), pair.at(1).as_string());
        EXPECT_EQ(topic->properties, expected) << vector.at("topic");
        checked++;
    }
    EXPECT_GE(checked, 6u);
}

TEST(EventTopic, MayHaveNoPropertiesAndNames) {
    EXPECT_TRUE(parse_event_topic("devices/d/messages/events"));
    EXPECT_TRUE(parse_event_topic("devices/d/messages/events/")->properties.empty());
    EXPECT_THAT(parse_event_topic("devices/d/messages/events/a&b=&c=1")->properties,
                ElementsAre(Pair("a", ""), Pair("b", ""), Pair("c", "1")));
    EXPECT_THAT(parse_property_bag("a=b%3Dc%26d&%C3%A9=%E2%98%83")->at(1), Pair("é", "☃"));
}

TEST(EventTopic, OfAnotherKindIsNone) {
    for (const auto* wrong : {
             "",
             "devices",
             "devices/",
             "devices//messages/events/",
             "devices/d",
             "devices/d/messages/devicebound/",
             "devices/d/messages/eventsandmore",
             "devices/d/modules//messages/events/",
             "devices/d/modules/m/inputs/x",
             "Devices/d/messages/events/",
             "/devices/d/messages/events/",
             "$iothub/twin/GET/?$rid=1",
             "test",
         }) {
        EXPECT_EQ(parse_event_topic(wrong).error().code, Errc::not_found) << wrong;
    }
}

TEST(PropertyBag, IsReadStrictlyAndErrorsSayWhere) {
    struct Case {
        std::string bag;
        std::string message;
    };
    for (const auto& [bag, message] : std::vector<Case>{
             {"a=1&b=%2", "property 2 has a broken escape"},
             {"a=%zz", "property 1 has a broken escape"},
             {"a b=1", "property 1 has a character that must be percent-encoded"},
             {"a=x/y", "must be percent-encoded"},
             {"a=é", "must be percent-encoded"},
             {"a=b=c", "must be percent-encoded"},
             {"a=%ff", "property 1 is not UTF-8"},
             {"=1", "property 1 has no name"},
             {"a=1&&b=2", "property 2 has no name"},
             {"a=1&", "property 2 has no name"},
             {"a=1&a=2", "property 2 is given twice"},
             {"%61=1&a=2", "property 2 is given twice"},
         }) {
        auto parsed = parse_property_bag(bag);
        ASSERT_FALSE(parsed) << bag;
        EXPECT_THAT(parsed.error().message, HasSubstr(message)) << bag;
    }
}

}  // namespace
}  // namespace sluice::sandbox
