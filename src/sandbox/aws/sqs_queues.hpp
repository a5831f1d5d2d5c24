#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "sandbox/aws/aws_error.hpp"
#include "sandbox/aws/sqs_message.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"

namespace sluice::sandbox {

/// What became of one sent message.
struct SendOutcome {
    std::string message_id;
    std::string body_md5;
    std::string sequence;  ///< FIFO only

    std::string error_code;  ///< empty: accepted
    std::string error_message;
    bool sender_fault = false;
};

/// A message handed to a reader.
struct Delivery {
    ReceivedItem item;
    std::string receipt_handle;
    int receive_count = 1;
    std::int64_t first_received_ms = 0;
};

struct QueueInfo {
    std::string name;
    bool fifo = false;
    std::size_t messages = 0;
};

/// The state behind the stand-in for SQS: queues, what is visible in them, groups and deduplication. The bodies are in
/// the ReceivedLog. Thread: any.
class SqsQueues {
  public:
    struct Options {
        bool auto_create = true;  ///< a queue that is asked for is there, unless it was deleted
        std::size_t max_message_bytes = std::size_t{1} << 20;  ///< of queues made by being used
    };
    using Attributes = std::map<std::string, std::string>;

    SqsQueues(Options options, ReceivedLog& received, FaultInjector& faults, const Clock& clock);

    /// `attributes`: CreateQueue's. Making a queue again with the same ones is no error.
    AwsResult<void> create(std::string_view name, const boost::json::object& attributes);
    AwsResult<void> remove(std::string_view name);
    std::vector<QueueInfo> list() const;
    AwsResult<QueueInfo> info(std::string_view name);
    /// As GetQueueAttributes names them.
    AwsResult<Attributes> attributes(std::string_view name);

    /// One outcome for each message, in order.
    AwsResult<std::vector<SendOutcome>> send(std::string_view name, std::string_view operation,
                                             std::vector<SqsMessage> messages);
    AwsResult<std::vector<Delivery>> receive(std::string_view name, std::size_t most,
                                             std::optional<std::chrono::seconds> visibility_timeout);
    AwsResult<void> delete_message(std::string_view name, std::string_view receipt_handle);
    AwsResult<void> change_visibility(std::string_view name, std::string_view receipt_handle,
                                      std::chrono::seconds timeout);
    AwsResult<void> purge(std::string_view name);

    static AwsError missing_queue();

  private:
    struct Message {
        std::string group;
        std::int64_t visible_at_ms = 0;
        std::int64_t first_received_ms = 0;
        int receive_count = 0;
        std::string receipt_handle;  ///< of the last delivery
    };
    struct Accepted {
        std::string message_id;
        std::string sequence;
    };
    struct Queue {
        std::shared_ptr<const std::string> name;
        Attributes attributes;
        bool fifo = false;
        std::int64_t created_ms = 0;
        std::uint64_t next_sequence = 0;
        std::map<std::uint64_t, Message> messages;  ///< by number in the received log: in order of acceptance
        std::map<std::string, Accepted> recent;     ///< by deduplication key, five minutes back
        std::deque<std::pair<std::int64_t, std::string>> recent_by_age;

        std::int64_t number(const char* attribute) const;
        bool is_set(const char* attribute, std::string_view value) const;
    };

    Queue* find(std::string_view name);
    Queue& add(std::string_view name, Attributes attributes);
    /// What the queue has against a message; an accepted one is filled in otherwise.
    std::optional<SendOutcome> refuse(const Queue& queue, const SqsMessage& message) const;
    static SendOutcome refused(std::string code, std::string message, bool sender_fault);

    const Options options_;
    ReceivedLog& received_;
    FaultInjector& faults_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Queue, std::less<>> queues_;
    std::set<std::string, std::less<>> deleted_;
};

}  // namespace sluice::sandbox
