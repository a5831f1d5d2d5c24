#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::pubsub {

// The requests and answers that are not sent in bulk, as protobuf writes and reads them. Pure. A reader gives nothing
// for what is no such message.

constexpr std::string_view kPublish = "/google.pubsub.v1.Publisher/Publish";
constexpr std::string_view kCreateTopic = "/google.pubsub.v1.Publisher/CreateTopic";
constexpr std::string_view kGetTopic = "/google.pubsub.v1.Publisher/GetTopic";
constexpr std::string_view kListTopics = "/google.pubsub.v1.Publisher/ListTopics";
constexpr std::string_view kListTopicSubscriptions = "/google.pubsub.v1.Publisher/ListTopicSubscriptions";
constexpr std::string_view kTestIamPermissions = "/google.iam.v1.IAMPolicy/TestIamPermissions";

/// How many messages a Publish stored.
std::optional<std::size_t> read_message_count(std::string_view publish_response);

std::string create_topic_request(const std::string& topic_path, std::chrono::seconds retention);
std::string get_topic_request(const std::string& topic_path);
struct TopicFacts {
    std::string name;
    std::chrono::seconds retention{0};  ///< 0: messages are kept for subscriptions only
};
std::optional<TopicFacts> read_topic(std::string_view topic);

std::string list_topics_request(const std::string& project, int at_most);
std::optional<std::vector<std::string>> read_topic_names(std::string_view list_topics_response);

std::string list_topic_subscriptions_request(const std::string& topic_path, int at_most);
std::optional<std::vector<std::string>> read_subscriptions(std::string_view list_topic_subscriptions_response);

std::string test_permissions_request(const std::string& topic_path, const std::string& permission);
std::optional<std::vector<std::string>> read_permissions(std::string_view test_permissions_response);

}  // namespace sluice::pubsub
