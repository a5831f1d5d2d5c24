#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>

#include "sandbox/aws/aws_api.hpp"
#include "sandbox/aws/sqs_queues.hpp"

namespace sluice::sandbox {

/// SQS, JSON 1.0 with the query protocol's error names for those who ask: sending, receiving, deleting, and queues.
class SqsApi final : public AwsApi {
  public:
    explicit SqsApi(SqsQueues& queues) : queues_(queues) {}

    std::string_view service() const override { return "sqs"; }
    std::string_view content_type() const override { return "application/x-amz-json-1.0"; }
    FaultWords fault_words() const override;
    AwsResult<AwsCall> prepare(std::string_view operation, http::Request& request) override;
    http::Response error_response(const AwsError& error, const http::Request& request) const override;
    AwsError auth_error(const AuthFailure& failure) const override;
    AwsError missing_target(std::string_view) const override { return SqsQueues::missing_queue(); }
    AwsError throttled() const override;
    AwsError internal_failure(int status) const override;

  private:
    using Reply = AwsResult<AwsReply>;
    using Input = boost::json::object;
    /// What an operation works on beside its input.
    struct Context {
        std::string queue;
        std::string base_url;  ///< `https://127.0.0.1:4567`, as the caller reached us
        std::string region;
    };

    using Operation = Reply (SqsApi::*)(const Input&, const Context&);

    static const std::map<std::string_view, Operation>& operations();
    Reply send_message(const Input& input, const Context& context);
    Reply send_message_batch(const Input& input, const Context& context);
    Reply receive_message(const Input& input, const Context& context);
    Reply delete_message(const Input& input, const Context& context);
    Reply delete_message_batch(const Input& input, const Context& context);
    Reply change_visibility(const Input& input, const Context& context);
    Reply create_queue(const Input& input, const Context& context);
    Reply delete_queue(const Input& input, const Context& context);
    Reply get_queue_url(const Input& input, const Context& context);
    Reply get_queue_attributes(const Input& input, const Context& context);
    Reply list_queues(const Input& input, const Context& context);
    Reply purge_queue(const Input& input, const Context& context);

    SqsQueues& queues_;
};

}  // namespace sluice::sandbox
