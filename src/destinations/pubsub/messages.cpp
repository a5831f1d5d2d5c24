#include "destinations/pubsub/messages.hpp"

#include <google/iam/v1/iam_policy.pb.h>
#include <google/pubsub/v1/pubsub.pb.h>

namespace sluice::pubsub {
namespace {

namespace v1 = google::pubsub::v1;

template <class T>
std::optional<T> parse(std::string_view bytes) {
    T message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    return message;
}

template <class Names>
std::vector<std::string> list_of(const Names& names) {
    return {names.begin(), names.end()};
}

}  // namespace

std::optional<std::size_t> read_message_count(std::string_view publish_response) {
    auto message = parse<v1::PublishResponse>(publish_response);
    if (!message) return std::nullopt;
    return static_cast<std::size_t>(message->message_ids_size());
}

std::string create_topic_request(const std::string& topic_path, std::chrono::seconds retention) {
    v1::Topic topic;
    topic.set_name(topic_path);
    topic.mutable_message_retention_duration()->set_seconds(retention.count());
    return topic.SerializeAsString();
}

std::string get_topic_request(const std::string& topic_path) {
    v1::GetTopicRequest request;
    request.set_topic(topic_path);
    return request.SerializeAsString();
}

std::optional<TopicFacts> read_topic(std::string_view topic) {
    auto message = parse<v1::Topic>(topic);
    if (!message || message->name().empty()) return std::nullopt;
    return TopicFacts{message->name(), std::chrono::seconds(message->message_retention_duration().seconds())};
}

std::string list_topics_request(const std::string& project, int at_most) {
    v1::ListTopicsRequest request;
    request.set_project("projects/" + project);
    request.set_page_size(at_most);
    return request.SerializeAsString();
}

std::optional<std::vector<std::string>> read_topic_names(std::string_view list_topics_response) {
    auto message = parse<v1::ListTopicsResponse>(list_topics_response);
    if (!message) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& topic : message->topics()) names.push_back(topic.name());
    return names;
}

std::string list_topic_subscriptions_request(const std::string& topic_path, int at_most) {
    v1::ListTopicSubscriptionsRequest request;
    request.set_topic(topic_path);
    request.set_page_size(at_most);
    return request.SerializeAsString();
}

std::optional<std::vector<std::string>> read_subscriptions(std::string_view list_topic_subscriptions_response) {
    auto message = parse<v1::ListTopicSubscriptionsResponse>(list_topic_subscriptions_response);
    if (!message) return std::nullopt;
    return list_of(message->subscriptions());
}

std::string test_permissions_request(const std::string& topic_path, const std::string& permission) {
    google::iam::v1::TestIamPermissionsRequest request;
    request.set_resource(topic_path);
    request.add_permissions(permission);
    return request.SerializeAsString();
}

std::optional<std::vector<std::string>> read_permissions(std::string_view test_permissions_response) {
    auto message = parse<google::iam::v1::TestIamPermissionsResponse>(test_permissions_response);
    if (!message) return std::nullopt;
    return list_of(message->permissions());
}

}  // namespace sluice::pubsub
