#pragma once

#include "destination/registry.hpp"

namespace sluice {

/// `sqs`: AWS SQS, standard and FIFO queues.
DestinationKind sqs_kind();

}  // namespace sluice
