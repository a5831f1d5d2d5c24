#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>

#include <google/pubsub/v1/pubsub.grpc.pb.h>
#include "sandbox/pubsub/apis.hpp"
#include "sandbox/pubsub/message_out.hpp"
#include "sandbox/pubsub/paging.hpp"
#include "sandbox/pubsub/rpc_door.hpp"
#include "sandbox/pubsub/streaming_pull.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {
namespace {

namespace v1 = google::pubsub::v1;
using Context = grpc::CallbackServerContext;
using Empty = google::protobuf::Empty;
using Reactor = grpc::ServerUnaryReactor;
using std::chrono::seconds;

/// How long a Pull waits for a message. The service waits longer; its clients ask again.
constexpr auto kPullPatience = std::chrono::seconds(2);

RpcError not_supported(std::string_view what) {
    return {RpcCode::unimplemented, fmt::format("the sandbox has no {}", what), {}};
}

RpcResult<SubscriptionSettings> to_settings(const v1::Subscription& subscription) {
    if (!subscription.push_config().push_endpoint().empty()) return not_supported("push subscriptions");
    if (!subscription.filter().empty()) return not_supported("subscription filters");
    if (subscription.enable_exactly_once_delivery()) return not_supported("exactly-once delivery");
    SubscriptionSettings settings;
    settings.name = subscription.name();
    settings.topic = subscription.topic();
    if (subscription.ack_deadline_seconds() != 0) settings.ack_deadline = seconds(subscription.ack_deadline_seconds());
    settings.ordered = subscription.enable_message_ordering();
    settings.labels = {subscription.labels().begin(), subscription.labels().end()};
    return settings;
}

void fill(v1::Subscription& subscription, const SubscriptionSettings& settings) {
    subscription.set_name(settings.name);
    subscription.set_topic(settings.topic);
    subscription.set_ack_deadline_seconds(static_cast<int>(settings.ack_deadline.count()));
    subscription.set_enable_message_ordering(settings.ordered);
    subscription.mutable_labels()->insert(settings.labels.begin(), settings.labels.end());
}

class SubscriberApi final : public v1::Subscriber::CallbackService {
  public:
    SubscriberApi(RpcDoor& door, Topics& topics) : door_(door), topics_(topics) {}

    Reactor* CreateSubscription(Context* context, const v1::Subscription* request,
                                v1::Subscription* response) override {
        return UnaryCall::start(
            door_, context,
            {"CreateSubscription", Topics::target_name(request->topic()), "pubsub.subscriptions.create"},
            [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                auto settings = to_settings(*request);
                if (!settings) return to_status(settings.error(), *context);
                auto created = topics_.create_subscription(std::move(*settings));
                if (!created) return to_status(created.error(), *context);
                fill(*response, *created);
                return grpc::Status::OK;
            });
    }

    Reactor* GetSubscription(Context* context, const v1::GetSubscriptionRequest* request,
                             v1::Subscription* response) override {
        return UnaryCall::start(door_, context,
                                {"GetSubscription", request->subscription(), "pubsub.subscriptions.get"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto found = topics_.get_subscription(request->subscription());
                                    if (!found) return to_status(found.error(), *context);
                                    fill(*response, *found);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* ListSubscriptions(Context* context, const v1::ListSubscriptionsRequest* request,
                               v1::ListSubscriptionsResponse* response) override {
        return UnaryCall::start(door_, context, {"ListSubscriptions", request->project(), "pubsub.subscriptions.list"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto all = topics_.list_subscriptions(request->project());
                                    if (!all) return to_status(all.error(), *context);
                                    auto page = page_of(all->size(), request->page_size(), request->page_token());
                                    if (!page) return to_status(page.error(), *context);
                                    for (auto i = page->first; i < page->end; i++)
                                        fill(*response->add_subscriptions(), (*all)[i]);
                                    response->set_next_page_token(page->next_token);
                                    return grpc::Status::OK;
                                });
    }

    Reactor* DeleteSubscription(Context* context, const v1::DeleteSubscriptionRequest* request, Empty*) override {
        return UnaryCall::start(door_, context,
                                {"DeleteSubscription", request->subscription(), "pubsub.subscriptions.delete"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    auto removed = topics_.remove_subscription(request->subscription());
                                    return removed ? grpc::Status::OK : to_status(removed.error(), *context);
                                });
    }

    Reactor* Pull(Context* context, const v1::PullRequest* request, v1::PullResponse* response) override {
        auto consumer = topics_.new_consumer();
        auto patience = request->return_immediately() ? std::chrono::seconds(0) : kPullPatience;
        return UnaryCall::start(
            door_, context, {"Pull", request->subscription(), "pubsub.subscriptions.consume"},
            [=, this](const GoogleCaller&, bool last) -> std::optional<grpc::Status> {
                if (request->max_messages() <= 0)
                    return to_status({RpcCode::invalid_argument, "max_messages must be positive.", {}}, *context);
                auto deliveries =
                    topics_.pull(request->subscription(), consumer,
                                 static_cast<std::size_t>(std::min(request->max_messages(), 1000)), 0, std::nullopt);
                if (!deliveries) return to_status(deliveries.error(), *context);
                if (deliveries->empty() && !last) return std::nullopt;
                for (const auto& delivery : *deliveries) sandbox::fill(*response->add_received_messages(), delivery);
                return grpc::Status::OK;
            },
            patience);
    }

    Reactor* Acknowledge(Context* context, const v1::AcknowledgeRequest* request, Empty*) override {
        return UnaryCall::start(door_, context,
                                {"Acknowledge", request->subscription(), "pubsub.subscriptions.consume"},
                                [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                                    std::vector<std::string> ids(request->ack_ids().begin(), request->ack_ids().end());
                                    auto done = topics_.acknowledge(request->subscription(), ids);
                                    return done ? grpc::Status::OK : to_status(done.error(), *context);
                                });
    }

    Reactor* ModifyAckDeadline(Context* context, const v1::ModifyAckDeadlineRequest* request, Empty*) override {
        return UnaryCall::start(
            door_, context, {"ModifyAckDeadline", request->subscription(), "pubsub.subscriptions.consume"},
            [=, this](const GoogleCaller&, bool) -> std::optional<grpc::Status> {
                std::vector<std::string> ids(request->ack_ids().begin(), request->ack_ids().end());
                auto done =
                    topics_.modify_deadline(request->subscription(), ids, seconds(request->ack_deadline_seconds()));
                return done ? grpc::Status::OK : to_status(done.error(), *context);
            });
    }

    grpc::ServerBidiReactor<v1::StreamingPullRequest, v1::StreamingPullResponse>* StreamingPull(
        Context* context) override {
        return sandbox::StreamingPull::start(door_, topics_, context);
    }

  private:
    RpcDoor& door_;
    Topics& topics_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_subscriber_api(RpcDoor& door, Topics& topics) {
    return std::make_unique<SubscriberApi>(door, topics);
}

}  // namespace sluice::sandbox
