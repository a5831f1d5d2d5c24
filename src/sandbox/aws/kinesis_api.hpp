#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_api.hpp"
#include "sandbox/aws/kinesis_streams.hpp"
#include "sandbox/aws/put_records_reader.hpp"

namespace sluice::sandbox {

/// Kinesis Data Streams, JSON 1.1: what a producer needs, and enough of reading for AWS's own clients to read back.
class KinesisApi final : public AwsApi {
  public:
    /// `shards`: how many threads will call (http::Request::shard is below it).
    KinesisApi(PutLimits limits, std::size_t shards, KinesisStreams& streams, const Clock& clock);

    std::string_view service() const override { return "kinesis"; }
    std::string_view content_type() const override { return "application/x-amz-json-1.1"; }
    FaultWords fault_words() const override;
    AwsResult<AwsCall> prepare(std::string_view operation, http::Request& request) override;
    http::Response error_response(const AwsError& error, const http::Request& request) const override;
    AwsError auth_error(const AuthFailure& failure) const override;
    AwsError missing_target(std::string_view target) const override { return KinesisStreams::not_found(target); }
    AwsError throttled() const override;
    AwsError internal_failure(int status) const override;

  private:
    using Reply = AwsResult<AwsReply>;
    using Input = boost::json::object;
    using Operation = Reply (*)(KinesisApi&, const Input&, const Caller&);

    /// Those whose input is read as JSON: all but the two that put records.
    static const std::map<std::string_view, Operation>& operations();

    AwsResult<AwsCall> prepare_put(bool many, http::Request& request);
    Reply put(const PutRequest& put, bool many);
    Reply create_stream(const Input& input);
    Reply delete_stream(const Input& input);
    Reply update_shard_count(const Input& input);
    Reply describe_stream(const Input& input, const Caller& caller);
    Reply describe_stream_summary(const Input& input, const Caller& caller);
    Reply list_streams(const Input& input);
    Reply list_shards(const Input& input);
    Reply get_shard_iterator(const Input& input);
    Reply get_records(const Input& input);

    std::vector<PutRecordsReader> readers_;  ///< one for each thread
    KinesisStreams& streams_;
    const Clock& clock_;
};

bool is_stream_name(std::string_view name);
/// `name` of the operation's input: from StreamARN or StreamName. Empty when neither is there.
std::string stream_name(const boost::json::object& input);

}  // namespace sluice::sandbox
