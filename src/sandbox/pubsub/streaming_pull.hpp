#pragma once

// Includes gRPC: for this module's .cpp files only.

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <google/pubsub/v1/pubsub.pb.h>
#include "sandbox/pubsub/rpc_door.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {

/// A subscriber's stream: messages go out as they come, acknowledgements come in. Faults and credentials are looked at
/// when it opens. Ends when the client does, or with an error of the subscription. Owns itself until gRPC is done with
/// it. Thread: gRPC's.
class StreamingPull final : public grpc::ServerBidiReactor<google::pubsub::v1::StreamingPullRequest,
                                                           google::pubsub::v1::StreamingPullResponse>,
                            public std::enable_shared_from_this<StreamingPull> {
  public:
    using Reactor =
        grpc::ServerBidiReactor<google::pubsub::v1::StreamingPullRequest, google::pubsub::v1::StreamingPullResponse>;

    static Reactor* start(RpcDoor& door, Topics& topics, grpc::CallbackServerContext* context);

    StreamingPull(RpcDoor& door, Topics& topics, grpc::CallbackServerContext* context);
    ~StreamingPull() override;

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

  private:
    // All under the lock.
    std::optional<RpcError> open();
    std::optional<RpcError> take(const google::pubsub::v1::StreamingPullRequest& request);
    std::optional<RpcError> send_what_there_is();
    void look_again_later();
    void end(const grpc::Status& status);

    void look_again();

    RpcDoor& door_;
    Topics& topics_;
    grpc::CallbackServerContext* context_;

    std::mutex mutex_;
    google::pubsub::v1::StreamingPullRequest request_;
    google::pubsub::v1::StreamingPullResponse response_;
    std::string subscription_;  ///< empty until the first request
    std::uint64_t consumer_ = 0;
    std::optional<std::chrono::seconds> ack_deadline_;
    std::size_t max_outstanding_ = 0;
    bool hangs_ = false;
    bool writing_ = false;
    bool ended_ = false;
    std::unique_ptr<grpc::Alarm> alarm_;
    std::shared_ptr<StreamingPull> self_;
};

}  // namespace sluice::sandbox
