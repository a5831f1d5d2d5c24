#include <grpcpp/server_context.h>

#include <google/iam/v1/iam_policy.grpc.pb.h>
#include "sandbox/pubsub/apis.hpp"
#include "sandbox/pubsub/resource_name.hpp"
#include "sandbox/pubsub/rpc_door.hpp"
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {
namespace {

namespace iam_v1 = google::iam::v1;

class IamApi final : public iam_v1::IAMPolicy::CallbackService {
  public:
    IamApi(RpcDoor& door, Topics& topics) : door_(door), topics_(topics) {}

    grpc::ServerUnaryReactor* TestIamPermissions(grpc::CallbackServerContext* context,
                                                 const iam_v1::TestIamPermissionsRequest* request,
                                                 iam_v1::TestIamPermissionsResponse* response) override {
        return UnaryCall::start(door_, context, {"TestIamPermissions", Topics::target_name(request->resource()), {}},
                                [=, this](const GoogleCaller& caller, bool) -> std::optional<grpc::Status> {
                                    if (!is_there(request->resource())) return grpc::Status::OK;
                                    for (const auto& permission : request->permissions()) {
                                        if (caller.may(permission)) response->add_permissions(permission);
                                    }
                                    return grpc::Status::OK;
                                });
    }

  private:
    /// Of a topic or subscription that is not there nobody has a right, as the service answers; projects always are.
    bool is_there(const std::string& resource) const {
        return topics_.exists(resource) || topics_.get_subscription(resource) || parse_project(resource);
    }

    RpcDoor& door_;
    Topics& topics_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_iam_api(RpcDoor& door, Topics& topics) {
    return std::make_unique<IamApi>(door, topics);
}

}  // namespace sluice::sandbox
