#pragma once

// Includes gRPC: for this module's .cpp files only.

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/pubsub/connections.hpp"
#include "sandbox/pubsub/google_accounts.hpp"
#include "sandbox/pubsub/rpc_error.hpp"

namespace grpc {
class Alarm;
}

namespace sluice::sandbox {

/// What every call has to pass, and what that needs.
struct RpcDoor {
    FaultInjector& faults;
    const GoogleAccounts& accounts;
    const Clock& clock;
    Connections connections;
    bool token_required = false;
    std::vector<std::string> authorities;  ///< `127.0.0.1:4583`: what a JWT may be meant for

    /// Who calls; without a token, where none is required, an admin as with Google's emulator.
    RpcResult<GoogleCaller> authenticate(const grpc::CallbackServerContext& context, std::chrono::seconds skew) const;
    /// Who calls, or the error that stops a call before it is worked on: a fault, wrong credentials, a missing right.
    RpcResult<GoogleCaller> admit(const grpc::CallbackServerContext& context, const RequestFaults& struck,
                                  std::string_view permission, std::string_view target) const;
};

/// With the reason in the trailing metadata, where it can be read but is in nobody's way.
grpc::Status to_status(const RpcError& error, grpc::CallbackServerContext& context);
/// The peer's port from `ipv4:127.0.0.1:40000`; 0 when it has none.
std::uint16_t peer_port(std::string_view peer) noexcept;

/// One request, one answer: faults, credentials, rights, the work itself, and what may befall the answer. Owns itself
/// until gRPC is done with it. Thread: gRPC's.
class UnaryCall final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<UnaryCall> {
  public:
    struct Operation {
        std::string_view name;        ///< `Publish`
        std::string target;           ///< as faults know it
        std::string_view permission;  ///< empty: none needed
    };
    /// The answer's status; nullopt when there is nothing yet and it shall be asked again in a moment. `last`: it will
    /// not be asked again.
    using Work = std::function<std::optional<grpc::Status>(const GoogleCaller& caller, bool last)>;

    /// Starts it. `patience`: for how long the work is asked again.
    static grpc::ServerUnaryReactor* start(RpcDoor& door, grpc::CallbackServerContext* context, Operation operation,
                                           Work work, std::chrono::milliseconds patience = {});

    UnaryCall(RpcDoor& door, grpc::CallbackServerContext* context, Operation operation, Work work);
    ~UnaryCall() override;

    void OnCancel() override;
    void OnDone() override;

  private:
    using Step = void (UnaryCall::*)();

    void admit();
    void work();
    void answer(const grpc::Status& status);
    /// In place of the answer.
    void lose_connection();

    // How a step ends. While one runs, a cancelled call is not ended: gRPC would take the request away under it.
    void end(const grpc::Status& status);
    void go_on_after(std::chrono::milliseconds delay, Step step);
    void wait_for_ever();
    void run(Step step);

    RpcDoor& door_;
    grpc::CallbackServerContext* context_;
    const Operation operation_;
    const Work work_;
    RequestFaults faults_;
    GoogleCaller caller_;
    SteadyTime give_up_;

    std::mutex mutex_;
    bool in_step_ = true;
    bool cancelled_ = false;
    bool ended_ = false;
    std::unique_ptr<grpc::Alarm> alarm_;
    std::shared_ptr<UnaryCall> self_;
};

}  // namespace sluice::sandbox
