#include "sandbox/pubsub/streaming_pull.hpp"

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include "sandbox/pubsub/message_out.hpp"

namespace sluice::sandbox {
namespace {

namespace v1 = google::pubsub::v1;
using std::chrono::seconds;

/// How often a waiting stream looks again.
constexpr auto kPullInterval = std::chrono::milliseconds(20);
constexpr std::size_t kMessagesInAnswer = 1000;

RpcError invalid(std::string_view what) {
    return {RpcCode::invalid_argument, std::string(what), {}};
}

}  // namespace

StreamingPull::Reactor* StreamingPull::start(RpcDoor& door, Topics& topics, grpc::CallbackServerContext* context) {
    auto stream = std::make_shared<StreamingPull>(door, topics, context);
    stream->self_ = stream;
    stream->StartRead(&stream->request_);
    return stream.get();
}

StreamingPull::StreamingPull(RpcDoor& door, Topics& topics, grpc::CallbackServerContext* context)
    : door_(door), topics_(topics), context_(context) {}

StreamingPull::~StreamingPull() = default;

void StreamingPull::OnReadDone(bool ok) {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    if (!ok) return end(grpc::Status::OK);
    bool first = subscription_.empty();
    auto failure = first ? open() : std::nullopt;
    if (ended_) return;
    if (!failure) failure = take(request_);
    if (failure) return end(to_status(*failure, *context_));
    request_.Clear();
    StartRead(&request_);
    if (!first || hangs_) return;
    if (auto refused = send_what_there_is()) end(to_status(*refused, *context_));
}

std::optional<RpcError> StreamingPull::open() {
    subscription_ = request_.subscription();
    if (subscription_.empty()) return invalid("The first request must name the subscription.");
    auto faults = door_.faults.on_request({"pubsub", "StreamingPull", subscription_});
    hangs_ = faults.refusal == FaultAction::hang;
    if (faults.refusal == FaultAction::reset_before) {
        door_.connections.cut(peer_port(context_->peer()));
        end({grpc::StatusCode::UNAVAILABLE, "the connection was cut off"});
        return std::nullopt;
    }
    auto caller = door_.admit(*context_, faults, "pubsub.subscriptions.consume", subscription_);
    if (!caller) return caller.error();
    if (auto found = topics_.get_subscription(subscription_); !found) return found.error();
    consumer_ = topics_.new_consumer();
    if (request_.max_outstanding_messages() > 0)
        max_outstanding_ = static_cast<std::size_t>(request_.max_outstanding_messages());
    return std::nullopt;
}

std::optional<RpcError> StreamingPull::take(const v1::StreamingPullRequest& request) {
    if (auto deadline = request.stream_ack_deadline_seconds(); deadline != 0) {
        if (deadline < 10 || deadline > 600) return invalid("stream_ack_deadline_seconds must be from 10 to 600.");
        ack_deadline_ = seconds(deadline);
    }
    if (request.modify_deadline_ack_ids_size() != request.modify_deadline_seconds_size())
        return invalid("modify_deadline_ack_ids and modify_deadline_seconds must have the same length.");
    std::vector<std::string> ids(request.ack_ids().begin(), request.ack_ids().end());
    if (!ids.empty()) {
        if (auto done = topics_.acknowledge(subscription_, ids); !done) return done.error();
    }
    for (int i = 0; i < request.modify_deadline_ack_ids_size(); i++) {
        std::string id = request.modify_deadline_ack_ids(i);
        auto done = topics_.modify_deadline(subscription_, {&id, 1}, seconds(request.modify_deadline_seconds(i)));
        if (!done) return done.error();
    }
    return std::nullopt;
}

std::optional<RpcError> StreamingPull::send_what_there_is() {
    auto deliveries = topics_.pull(subscription_, consumer_, kMessagesInAnswer, max_outstanding_, ack_deadline_);
    if (!deliveries) return deliveries.error();
    if (deliveries->empty()) {
        look_again_later();
        return std::nullopt;
    }
    response_.Clear();
    for (const auto& delivery : *deliveries) fill(*response_.add_received_messages(), delivery);
    writing_ = true;
    StartWrite(&response_);
    return std::nullopt;
}

void StreamingPull::OnWriteDone(bool ok) {
    std::lock_guard lock(mutex_);
    writing_ = false;
    if (ended_) return;
    if (!ok) return end(grpc::Status::CANCELLED);
    if (auto failure = send_what_there_is()) end(to_status(*failure, *context_));
}

void StreamingPull::look_again_later() {
    alarm_ = std::make_unique<grpc::Alarm>();
    alarm_->Set(std::chrono::system_clock::now() + kPullInterval,
                [stream = shared_from_this()](bool) { stream->look_again(); });
}

void StreamingPull::look_again() {
    std::lock_guard lock(mutex_);
    if (ended_ || writing_) return;
    if (auto failure = send_what_there_is()) end(to_status(*failure, *context_));
}

void StreamingPull::end(const grpc::Status& status) {
    ended_ = true;
    Finish(status);
}

void StreamingPull::OnCancel() {
    std::lock_guard lock(mutex_);
    if (!ended_) end(grpc::Status::CANCELLED);
}

void StreamingPull::OnDone() {
    std::unique_ptr<grpc::Alarm> alarm;
    {
        std::lock_guard lock(mutex_);
        alarm = std::move(alarm_);
    }
    alarm.reset();  // it holds a reference to this stream
    self_.reset();
}

}  // namespace sluice::sandbox
