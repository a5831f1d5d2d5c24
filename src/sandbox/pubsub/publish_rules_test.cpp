#include "sandbox/pubsub/publish_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/pubsub/resource_name.hpp"

namespace sluice::sandbox {
namespace {

using testing::HasSubstr;

std::optional<RpcError> refuse(const std::vector<PublishMessage>& messages, std::size_t bytes = 100) {
    return refuse_publish(messages, bytes, {});
}

TEST(PublishRules, TakeAThousandMessagesAndNoMore) {
    std::vector<PublishMessage> messages(1000, PublishMessage{"x", {}, "key"});
    EXPECT_FALSE(refuse(messages));
    messages.push_back({"x", {}, "key"});
    auto refusal = refuse(messages);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, RpcCode::invalid_argument);
    EXPECT_THAT(refusal->message, HasSubstr("You passed 1001 in the request, but the maximum value is 1000"));
    EXPECT_THAT(refuse({})->message, HasSubstr("message_count is too small"));
}

TEST(PublishRules, TakeTenMillionBytesAndNoMore) {
    EXPECT_FALSE(refuse({{"x", {}, ""}}, 10'000'000));
    auto refusal = refuse({{"x", {}, ""}}, 10'000'001);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, RpcCode::invalid_argument);
    EXPECT_THAT(refusal->message, HasSubstr("exceeds the limit: 10000000 bytes"));
}

TEST(PublishRules, WantDataOrAnAttribute) {
    EXPECT_FALSE(refuse({{"", {{"k", ""}}, ""}}));
    auto refusal = refuse({{"x", {}, ""}, {"", {}, ""}});
    ASSERT_TRUE(refusal);
    EXPECT_THAT(refusal->message, HasSubstr("non-empty data, or at least one attribute"));
}

TEST(PublishRules, WantOneOrderingKeyInARequest) {
    auto refusal = refuse({{"x", {}, "a"}, {"x", {}, "b"}});
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, RpcCode::failed_precondition);
    EXPECT_TRUE(refuse({{"x", {}, "a"}, {"x", {}, ""}})) << "some with and some without";
}

TEST(PublishRules, HoldKeysAndAttributesToTheirLengths) {
    const std::string k256(256, 'k'), k257(257, 'k'), v1024(1024, 'v'), v1025(1025, 'v');
    EXPECT_FALSE(refuse({{"x", {{k256, v1024}}, v1024}}));
    EXPECT_THAT(refuse({{"x", {{k257, ""}}, ""}})->message, HasSubstr("has a key that is too long. The length is 257"));
    EXPECT_THAT(refuse({{"x", {{"k", v1025}}, ""}})->message,
                HasSubstr("a value that is too long. The length is 1025"));
    EXPECT_THAT(refuse({{"x", {}, v1025}})->message, HasSubstr("ordering key"));
    EXPECT_THAT(refuse({{"x", {{"google", "v"}}, ""}})->message, HasSubstr("goog"));
    EXPECT_TRUE(refuse({{"x", {{"", "v"}}, ""}}));
    PublishMessage many{"x", {}, ""};
    for (int i = 0; i < 100; i++) many.attributes.emplace_back("k", "v");
    EXPECT_FALSE(refuse({many}));
    many.attributes.emplace_back("k", "v");
    EXPECT_TRUE(refuse({many}));
}

TEST(ResourceName, FollowsTheRulesForIds) {
    for (const char* id : {"abc", "A-_.~+%9", "io.microshare.leak"}) EXPECT_TRUE(is_resource_id(id)) << id;
    for (const char* id : {"", "ab", "1abc", "-abc", "google", "goog", "a b", "a/b", "caf\xc3\xa9"})
        EXPECT_FALSE(is_resource_id(id)) << id;
    EXPECT_TRUE(is_resource_id(std::string(255, 'a')));
    EXPECT_FALSE(is_resource_id(std::string(256, 'a')));
}

TEST(ResourceName, IsTakenApart) {
    auto name = parse_resource_name("topics", "projects/p-1/topics/events");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->project, "p-1");
    EXPECT_EQ(name->id, "events");
    for (const char* text : {"", "events", "projects//topics/events", "projects/p/topics/", "projects/p/topics/a",
                             "projects/p/subscriptions/events", "projects/p/x/topics/events", "projects/p/topics/a/b"})
        EXPECT_EQ(parse_resource_name("topics", text).error().code, RpcCode::invalid_argument) << text;
}

}  // namespace
}  // namespace sluice::sandbox
