#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace sluice::sqs {

/// What a queue's URL tells: `https://sqs.eu-west-1.amazonaws.com/123456789012/name.fifo`.
struct QueueUrl {
    std::string text;    ///< as requests name the queue
    Endpoint endpoint;   ///< the URL's host
    std::string region;  ///< empty when the host names none (an emulator)
    std::string account;
    std::string name;
    bool fifo = false;
    bool legacy_host =
        false;  ///< `queue.amazonaws.com`, `eu-west-1.queue.amazonaws.com`: they do not speak today's protocol
};

/// Reads a queue's URL as the console shows it; white space and quotes around it are forgiven. What is something else
/// is refused by its name: an ARN, the console's own address. The error's message follows a member's path (`is empty`).
Result<QueueUrl> parse_queue_url(std::string_view text);

}  // namespace sluice::sqs
