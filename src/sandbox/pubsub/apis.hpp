#pragma once

#include <memory>

namespace grpc {
class Service;
}

namespace sluice::sandbox {

struct RpcDoor;
class Topics;

// The gRPC services of Pub/Sub, each behind the door. They hold to what they are given, which must outlive them.

/// `google.pubsub.v1.Publisher`
std::unique_ptr<grpc::Service> make_publisher_api(RpcDoor& door, Topics& topics);
/// `google.pubsub.v1.Subscriber`
std::unique_ptr<grpc::Service> make_subscriber_api(RpcDoor& door, Topics& topics);
/// `google.iam.v1.IAMPolicy`, as far as rights can be asked for
std::unique_ptr<grpc::Service> make_iam_api(RpcDoor& door, Topics& topics);

}  // namespace sluice::sandbox
