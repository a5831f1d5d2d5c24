#include "sandbox/pubsub/rpc_door.hpp"

#include <fmt/format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include <charconv>

#include "sandbox/core/http_date.hpp"

namespace sluice::sandbox {
namespace {

/// How often a waiting reader looks again. A stand-in's readers are tests and people, not production.
constexpr auto kPollInterval = std::chrono::milliseconds(20);

RpcCode code_of_http(int status) noexcept {
    if (status == 501) return RpcCode::unimplemented;
    if (status == 502 || status == 503) return RpcCode::unavailable;
    if (status == 504) return RpcCode::deadline_exceeded;
    return RpcCode::internal;
}

RpcError with_rule(RpcError error, const RequestFaults& faults) {
    // Another text is another service's, of a rule for all of them.
    if (auto named = parse_rpc_code(faults.code)) error.code = *named;
    if (!faults.message.empty()) error.message = faults.message;
    return error;
}

}  // namespace

RpcResult<GoogleCaller> RpcDoor::authenticate(const grpc::CallbackServerContext& context,
                                              std::chrono::seconds skew) const {
    const auto& metadata = context.client_metadata();
    auto found = metadata.find("authorization");
    std::string_view authorization;
    if (found != metadata.end()) authorization = {found->second.data(), found->second.size()};
    if (authorization.empty() && !token_required) return GoogleCaller{"anonymous", GoogleRole::admin};
    return accounts.authenticate(authorization, authorities, clock.now() + skew);
}

RpcResult<GoogleCaller> RpcDoor::admit(const grpc::CallbackServerContext& context, const RequestFaults& struck,
                                       std::string_view permission, std::string_view target) const {
    switch (struck.refusal.value_or(FaultAction::delay)) {
        case FaultAction::http_500:
            return with_rule({code_of_http(struck.status),
                              struck.status == 503 ? "The service was unable to fulfill your request. Please try again."
                                                   : "A service error has occurred.",
                              {}},
                             struck);
        case FaultAction::throttle_request:
            return with_rule({RpcCode::resource_exhausted,
                              "Quota exceeded for quota metric 'Regional publisher throughput, kB' and limit 'Regional "
                              "publisher throughput, kB per minute per region' of service 'pubsub.googleapis.com'.",
                              {}},
                             struck);
        case FaultAction::expired_token:
            return with_rule({RpcCode::unauthenticated,
                              "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
                              "cookie or other valid authentication credential. See "
                              "https://developers.google.com/identity/sign-in/web/devconsole-project.",
                              "a fault: expired_token"},
                             struck);
        default:
            break;
    }
    auto caller = authenticate(context, struck.skew);
    if (!caller) return caller.error();
    if (struck.refusal == FaultAction::access_denied || (!permission.empty() && !caller->may(permission)))
        return with_rule({RpcCode::permission_denied, "User not authorized to perform this action.",
                          fmt::format("{} has not the permission {}", caller->email, permission)},
                         struck);
    if (struck.refusal == FaultAction::missing_target)
        return with_rule({RpcCode::not_found, fmt::format("Resource not found (resource={}).", target), {}}, struck);
    return caller;
}

grpc::Status to_status(const RpcError& error, grpc::CallbackServerContext& context) {
    if (!error.reason.empty()) context.AddTrailingMetadata("x-sandbox-reason", error.reason);
    return {static_cast<grpc::StatusCode>(error.code), error.message};
}

std::uint16_t peer_port(std::string_view peer) noexcept {
    std::uint16_t port = 0;
    auto text = peer.substr(peer.rfind(':') + 1);
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    return failure == std::errc() && end == text.data() + text.size() ? port : std::uint16_t{0};
}

grpc::ServerUnaryReactor* UnaryCall::start(RpcDoor& door, grpc::CallbackServerContext* context, Operation operation,
                                           Work work, std::chrono::milliseconds patience) {
    auto call = std::make_shared<UnaryCall>(door, context, std::move(operation), std::move(work));
    call->self_ = call;
    call->faults_ = door.faults.on_request({"pubsub", call->operation_.name, call->operation_.target});
    call->give_up_ = std::chrono::steady_clock::now() + patience;
    auto* reactor = call.get();
    if (call->faults_.delay.count() > 0) {
        call->go_on_after(call->faults_.delay, &UnaryCall::admit);
    } else {
        call->admit();
    }
    return reactor;
}

UnaryCall::UnaryCall(RpcDoor& door, grpc::CallbackServerContext* context, Operation operation, Work work)
    : door_(door), context_(context), operation_(std::move(operation)), work_(std::move(work)) {}

UnaryCall::~UnaryCall() = default;

void UnaryCall::admit() {
    if (faults_.refusal == FaultAction::hang) return wait_for_ever();
    if (faults_.refusal == FaultAction::reset_before) return lose_connection();
    auto caller = door_.admit(*context_, faults_, operation_.permission, operation_.target);
    if (!caller) {
        // As Google's front ends do: from it a caller can tell that a clock is wrong.
        context_->AddTrailingMetadata("date", http_date(door_.clock.now() + faults_.skew));
        return answer(to_status(caller.error(), *context_));
    }
    caller_ = std::move(*caller);
    work();
}

void UnaryCall::work() {
    auto status = work_(caller_, std::chrono::steady_clock::now() >= give_up_);
    if (!status) return go_on_after(kPollInterval, &UnaryCall::work);
    answer(*status);
}

void UnaryCall::answer(const grpc::Status& status) {
    if (faults_.ending == FaultAction::hang_after) return wait_for_ever();
    if (faults_.ending == FaultAction::reset_after) return lose_connection();
    end(status);
}

void UnaryCall::lose_connection() {
    door_.connections.cut(peer_port(context_->peer()));
    end({grpc::StatusCode::UNAVAILABLE, "the connection was cut off"});
}

void UnaryCall::end(const grpc::Status& status) {
    {
        std::lock_guard lock(mutex_);
        ended_ = true;
    }
    Finish(status);
}

void UnaryCall::wait_for_ever() {
    {
        std::lock_guard lock(mutex_);
        in_step_ = false;
        if (!cancelled_) return;
        ended_ = true;
    }
    Finish(grpc::Status::CANCELLED);
}

void UnaryCall::go_on_after(std::chrono::milliseconds delay, Step step) {
    std::unique_ptr<grpc::Alarm> former;  // its callback may be the one that runs this: ended outside of the lock
    {
        std::lock_guard lock(mutex_);
        in_step_ = false;
        if (!cancelled_) {
            former = std::exchange(alarm_, std::make_unique<grpc::Alarm>());
            alarm_->Set(std::chrono::system_clock::now() + delay,
                        [call = shared_from_this(), step](bool) { call->run(step); });
            return;
        }
        ended_ = true;
    }
    Finish(grpc::Status::CANCELLED);
}

void UnaryCall::run(Step step) {
    {
        std::lock_guard lock(mutex_);
        if (ended_) return;
        in_step_ = true;
    }
    (this->*step)();
}

void UnaryCall::OnCancel() {
    {
        std::lock_guard lock(mutex_);
        cancelled_ = true;
        if (in_step_ || ended_) return;
        ended_ = true;
    }
    Finish(grpc::Status::CANCELLED);
}

void UnaryCall::OnDone() {
    std::unique_ptr<grpc::Alarm> alarm;
    {
        std::lock_guard lock(mutex_);
        alarm = std::move(alarm_);
    }
    alarm.reset();  // it holds a reference to this call
    self_.reset();
}

}  // namespace sluice::sandbox
