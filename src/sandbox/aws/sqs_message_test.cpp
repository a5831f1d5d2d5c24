#include "sandbox/aws/sqs_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "sandbox/aws/vectors_for_test.hpp"

namespace sluice::sandbox {
namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(boost::json::string_view(text.data(), text.size())).as_object();
}

TEST(SqsMessage, DigestsAttributesAsPublished) {
    SANDBOX_LOAD_VECTORS(vectors, "sqs_md5.json");
    int checked = 0;
    for (const auto& entry : vectors.as_array()) {
        const auto* attributes = entry.as_object().if_contains("attributes");
        if (attributes == nullptr || attributes->as_object().empty()) continue;
        auto digest = md5_of_attributes(attributes->as_object());
        ASSERT_TRUE(digest) << entry.at("name");
        EXPECT_EQ(*digest, std::string(entry.at("MD5OfMessageAttributes").as_string())) << entry.at("name");
        checked++;
    }
    EXPECT_GT(checked, 2);
}

TEST(SqsMessage, CountsBodyAndAttributesInBytes) {
    auto message = read_sqs_message(
        object(R"({"MessageBody":"é€","MessageAttributes":{"n":{"DataType":"String","StringValue":"abc"},
                                               "b":{"DataType":"Binary","BinaryValue":"AAEC"}}})"));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->size, 5u + (1 + 6 + 3) + (1 + 6 + 3));
}

TEST(SqsMessage, AllowsExactlyTheCharactersThatTheServiceAllows) {
    for (const char* text : {"\t\n\r ~", "\u0080", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"})
        EXPECT_TRUE(has_only_sqs_characters(text));
    for (const char* text : {"\x01", "\x0b", "\x1f", "a\ufffe", "\uffff"}) EXPECT_FALSE(has_only_sqs_characters(text));
}

TEST(SqsMessage, HoldsIdsToTheirAlphabetsAndLengths) {
    EXPECT_TRUE(is_sqs_fifo_id("a!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~Z9"));
    EXPECT_TRUE(is_sqs_fifo_id(std::string(128, 'x')));
    EXPECT_FALSE(is_sqs_fifo_id(std::string(129, 'x')));
    EXPECT_FALSE(is_sqs_fifo_id("a b"));
    EXPECT_FALSE(is_sqs_fifo_id("\u00e9"));
    EXPECT_TRUE(is_sqs_entry_id("A-z_09"));
    EXPECT_FALSE(is_sqs_entry_id("a.b"));
    EXPECT_FALSE(is_sqs_entry_id(std::string(81, 'x')));
}

struct RefusedMessage {
    const char* input;
    const char* type;
};
class SqsMessageRefused : public testing::TestWithParam<RefusedMessage> {};

TEST_P(SqsMessageRefused, WithAwsNameForTheFault) {
    auto message = read_sqs_message(object(GetParam().input));
    ASSERT_FALSE(message) << GetParam().input;
    EXPECT_EQ(message.error().type, GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SqsMessageRefused,
    testing::Values(
        RefusedMessage{R"({})", "MissingParameter"}, RefusedMessage{R"({"MessageBody":""})", "MissingParameter"},
        RefusedMessage{R"({"MessageBody":"\u0001"})", "InvalidMessageContents"},
        RefusedMessage{R"({"MessageBody":"x","DelaySeconds":901})", "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageGroupId":"a b"})", "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"AWS.x":{"DataType":"String","StringValue":"v"}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a..b":{"DataType":"String","StringValue":"v"}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a/b":{"DataType":"String","StringValue":"v"}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a":{"DataType":"Text","StringValue":"v"}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a":{"DataType":"String","StringValue":""}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a":{"DataType":"String","StringValue":"\u0002"}}})",
                       "InvalidMessageContents"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"a":{"DataType":"Binary","BinaryValue":"%"}}})",
                       "InvalidParameterValue"},
        RefusedMessage{R"({"MessageBody":"x","MessageAttributes":{"1":{"DataType":"String","StringValue":"v"},
            "2":{"DataType":"String","StringValue":"v"},"3":{"DataType":"String","StringValue":"v"},"4":{"DataType":"String","StringValue":"v"},
            "5":{"DataType":"String","StringValue":"v"},"6":{"DataType":"String","StringValue":"v"},"7":{"DataType":"String","StringValue":"v"},
            "8":{"DataType":"String","StringValue":"v"},"9":{"DataType":"String","StringValue":"v"},"10":{"DataType":"String","StringValue":"v"},
            "11":{"DataType":"String","StringValue":"v"}}})",
                       "InvalidParameterValue"}));

}  // namespace
}  // namespace sluice::sandbox
