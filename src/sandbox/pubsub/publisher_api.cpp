#include <grpcpp/server_context.h>

#include <algorithm>

#include <google/pubsub/v1/pubsub.grpc.pb.h>
#include "sandbox/pubsub/apis.hpp"
#include "sandbox/pubsub/paging.hpp"
#include "sandbox/pubsub/rpc_door.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {
namespace {

namespace v1 = google::pubsub::v1;
using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

TopicSettings to_settings(const v1::Topic& topic) {
    TopicSettings settings;
    settings.name = topic.name();
    settings.labels = {topic.labels().begin(), topic.labels().end()};
    if (topic.has_message_retention_duration())
        settings.retention = std::chrono::seconds(topic.message_retention_duration().seconds());
    return settings;
}

void fill(v1::Topic& topic, const TopicSettings& settings) {
    topic.set_name(settings.name);
    topic.mutable_labels()->insert(settings.labels.begin(), settings.labels.end());
    if (settings.retention) topic.mutable_message_retention_duration()->set_seconds(settings.retention->count());
}

std::vector<PublishMessage> views_of(const v1::PublishRequest& request) {
    std::vector<PublishMessage> messages;
    messages.reserve(static_cast<std::size_t>(request.messages_size()));
    for (const auto& message : request.messages()) {
        PublishMessage view;
        view.data = message.data();
        view.ordering_key = message.ordering_key();
        view.attributes.assign(message.attributes().begin(), message.attributes().end());
        std::sort(view.attributes.begin(), view.attributes.end());
        messages.push_back(std::move(view));
    }
    return messages;
}

class PublisherApi final : public v1::Publisher::CallbackService {
  public:
    PublisherApi(RpcDoor& door, Topics& topics) : door_(door), topics_(topics) {}

    Reactor* Publish(Context* context, const v1::PublishRequest* request, v1::PublishResponse* response) override {
        return UnaryCall::start(door_, context,
                                {"Publish", Topics::target_name(request->topic()), "pubsub.topics.publish"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto messages = views_of(*request);
                                    auto ids = topics_.publish(request->topic(), messages, request->ByteSizeLong());
                                    if (!ids) return to_status(ids.error(), *context);
                                    response->mutable_message_ids()->Reserve(static_cast<int>(ids->size()));
                                    for (auto& id : *ids) response->add_message_ids(std::move(id));
                                    return grpc::Status::OK;
                                });
    }

    Reactor* CreateTopic(Context* context, const v1::Topic* request, v1::Topic* response) override {
        return UnaryCall::start(door_, context,
                                {"CreateTopic", Topics::target_name(request->name()), "pubsub.topics.create"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto created = topics_.create(to_settings(*request));
                                    if (!created) return to_status(created.error(), *context);
                                    fill(*response, *created);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* GetTopic(Context* context, const v1::GetTopicRequest* request, v1::Topic* response) override {
        return UnaryCall::start(door_, context,
                                {"GetTopic", Topics::target_name(request->topic()), "pubsub.topics.get"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto topic = topics_.get(request->topic());
                                    if (!topic) return to_status(topic.error(), *context);
                                    fill(*response, *topic);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* ListTopics(Context* context, const v1::ListTopicsRequest* request,
                        v1::ListTopicsResponse* response) override {
        return UnaryCall::start(door_, context, {"ListTopics", request->project(), "pubsub.topics.list"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto topics = topics_.list(request->project());
                                    if (!topics) return to_status(topics.error(), *context);
                                    auto page = page_of(topics->size(), request->page_size(), request->page_token());
                                    if (!page) return to_status(page.error(), *context);
                                    for (auto i = page->first; i < page->end; i++)
                                        fill(*response->add_topics(), (*topics)[i]);
                                    response->set_next_page_token(page->next_token);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* ListTopicSubscriptions(Context* context, const v1::ListTopicSubscriptionsRequest* request,
                                    v1::ListTopicSubscriptionsResponse* response) override {
        return UnaryCall::start(door_, context,
                                {"ListTopicSubscriptions", Topics::target_name(request->topic()), "pubsub.topics.get"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto names = topics_.subscriptions_of(request->topic());
                                    if (!names) return to_status(names.error(), *context);
                                    auto page = page_of(names->size(), request->page_size(), request->page_token());
                                    if (!page) return to_status(page.error(), *context);
                                    for (auto i = page->first; i < page->end; i++)
                                        response->add_subscriptions((*names)[i]);
                                    response->set_next_page_token(page->next_token);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* DeleteTopic(Context* context, const v1::DeleteTopicRequest* request, google::protobuf::Empty*) override {
        return UnaryCall::start(door_, context,
                                {"DeleteTopic", Topics::target_name(request->topic()), "pubsub.topics.delete"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto removed = topics_.remove(request->topic());
                                    return removed ? grpc::Status::OK : to_status(removed.error(), *context);
                                });
    }

  private:
    RpcDoor& door_;
    Topics& topics_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_publisher_api(RpcDoor& door, Topics& topics) {
    return std::make_unique<PublisherApi>(door, topics);
}

}  // namespace sluice::sandbox
