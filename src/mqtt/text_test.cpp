#include "mqtt/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::mqtt {
namespace {

using namespace std::string_view_literals;

TEST(MqttText, TakesWellFormedUtf8UpToTheLongestLength) {
    EXPECT_TRUE(is_valid_text(""));
    EXPECT_TRUE(is_valid_text("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"));
    EXPECT_TRUE(is_valid_text("\xEF\xBB\xBF"));  // MQTT-1.5.3-3: no byte order mark is stripped
    EXPECT_TRUE(is_valid_text(std::string(65'535, 'x')));
    EXPECT_FALSE(is_valid_text(std::string(65'536, 'x')));
}

TEST(MqttText, RefusesWhatTheStandardForbids) {
    EXPECT_FALSE(is_valid_text("a\0b"sv));
    EXPECT_FALSE(is_valid_text("\xED\xA0\x80"));      // U+D800
    EXPECT_FALSE(is_valid_text("\xED\xBF\xBF"));      // U+DFFF
    EXPECT_FALSE(is_valid_text("\xC0\x80"));          // U+0000 in two bytes
    EXPECT_FALSE(is_valid_text("\xE0\x9F\xBF"));      // overlong
    EXPECT_FALSE(is_valid_text("\xF0\x8F\xBF\xBF"));  // overlong
    EXPECT_FALSE(is_valid_text("\xF4\x90\x80\x80"));  // above U+10FFFF
    EXPECT_FALSE(is_valid_text("\xFF"));
    EXPECT_FALSE(is_valid_text("\x80"));
    EXPECT_FALSE(is_valid_text("\xE2\x82"));  // cut
}

TEST(MqttText, ATopicNameHasNoWildcards) {
    EXPECT_TRUE(is_valid_topic_name("devices/d/messages/events/%24.ct=application%2Fjson"));
    EXPECT_TRUE(is_valid_topic_name("/"));
    EXPECT_FALSE(is_valid_topic_name(""));
    EXPECT_FALSE(is_valid_topic_name("a/+"));
    EXPECT_FALSE(is_valid_topic_name("a#"));
}

TEST(MqttText, WildcardsOfAFilterStandAlone) {
    for (auto filter : {"#", "+", "a/#", "a/+/b", "+/+", "/", "a//b", "/+"}) EXPECT_TRUE(is_valid_topic_filter(filter));
    for (auto filter : {"", "a#", "a/b#", "#/a", "a/#/b", "a+", "+a", "a/b+/c"})
        EXPECT_FALSE(is_valid_topic_filter(filter)) << filter;
}

// The examples of §4.7.1 and §4.7.2.
TEST(MqttText, FiltersMatchAsTheStandardsExamplesSay) {
    EXPECT_TRUE(filter_matches("sport/tennis/player1/#", "sport/tennis/player1"));
    EXPECT_TRUE(filter_matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
    EXPECT_TRUE(filter_matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
    EXPECT_TRUE(filter_matches("sport/#", "sport"));
    EXPECT_TRUE(filter_matches("#", "sport/tennis"));
    EXPECT_TRUE(filter_matches("sport/tennis/+", "sport/tennis/player1"));
    EXPECT_FALSE(filter_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    EXPECT_FALSE(filter_matches("sport/+", "sport"));
    EXPECT_TRUE(filter_matches("sport/+", "sport/"));
    EXPECT_TRUE(filter_matches("+/+", "/finance"));
    EXPECT_TRUE(filter_matches("/+", "/finance"));
    EXPECT_FALSE(filter_matches("+", "/finance"));
    EXPECT_FALSE(filter_matches("#", "$SYS/monitor"));
    EXPECT_FALSE(filter_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    EXPECT_TRUE(filter_matches("$SYS/#", "$SYS/monitor"));
    EXPECT_TRUE(filter_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    EXPECT_FALSE(filter_matches("ACCOUNTS", "Accounts"));
}

}  // namespace
}  // namespace sluice::mqtt
