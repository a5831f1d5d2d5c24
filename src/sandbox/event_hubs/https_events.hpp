#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "sandbox/event_hubs/record_batch.hpp"

namespace sluice::sandbox {

/// The events of a request that sends, all for one partition.
struct SentEvents {
    std::optional<std::string> partition_key;
    std::vector<NewRecord> records;
};

/// A batch (`application/vnd.microsoft.servicebus.json`: `[{"Body":"…","UserProperties":{…}},…]`) or a single event:
/// the body as it is, with its properties as headers of their own. The key is `PartitionKey` in a BrokerProperties
/// header, or in those of a batch's events, which must then agree. Errors: what is not such a request.
Result<SentEvents> read_sent_events(const http::Request& request);

}  // namespace sluice::sandbox
