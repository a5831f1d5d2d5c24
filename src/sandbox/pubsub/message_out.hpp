#pragma once

// Includes protobuf: for this module's .cpp files only.

#include <google/pubsub/v1/pubsub.pb.h>
#include "sandbox/pubsub/topics.hpp"

namespace sluice::sandbox {

/// What was accepted, as a subscriber gets it.
void fill(google::pubsub::v1::ReceivedMessage& message, const Topics::Delivery& delivery);

}  // namespace sluice::sandbox
