#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/pubsub/rpc_error.hpp"

namespace sluice::sandbox {

/// A message as a Publish brings it: views into the request.
struct PublishMessage {
    std::string_view data;
    std::vector<std::pair<std::string_view, std::string_view>> attributes;  ///< sorted by key
    std::string_view ordering_key;
};

/// What a Publish may hold (Google: "Pub/Sub quotas and limits"). Sizes in bytes.
struct PublishLimits {
    std::size_t messages = 1'000;
    std::size_t request_bytes = 10'000'000;
    std::size_t attributes = 100;
    std::size_t attribute_key_bytes = 256;
    std::size_t attribute_value_bytes = 1'024;
    std::size_t ordering_key_bytes = 1'024;
};

/// The error with which the service refuses the request as a whole; nullopt when it takes it. `request_bytes`: the
/// request's encoded size. All refusals are INVALID_ARGUMENT but one: messages of different ordering keys are
/// FAILED_PRECONDITION (seen in yoshidan/google-cloud-rust#226).
std::optional<RpcError> refuse_publish(std::span<const PublishMessage> messages, std::size_t request_bytes,
                                       const PublishLimits& limits);

}  // namespace sluice::sandbox
