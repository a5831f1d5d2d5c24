#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_api.hpp"
#include "sandbox/aws/key_ring.hpp"
#include "sandbox/aws/kinesis_api.hpp"
#include "sandbox/aws/sqs_api.hpp"
#include "sandbox/aws/sqs_queues.hpp"
#include "sandbox/aws/sts_api.hpp"
#include "sandbox/core/fault_injector.hpp"
#include "sandbox/core/received_log.hpp"
#include "sandbox/core/service.hpp"

namespace sluice::sandbox {

struct AwsOptions {
    std::vector<AccessKey> keys{{std::string(kSandboxAccessKeyId), std::string(kSandboxSecretAccessKey)}};
    StsApi::Options sts;
    KinesisStreams::Options streams;
    PutLimits put_limits;
    SqsQueues::Options queues;
};

/// AWS: one door for Kinesis, SQS and STS. Finds the operation, lets the faults have their way, checks the signature,
/// runs the operation. A fault that refuses comes before the signature check, as a broken network or front end would.
class AwsService final : public Service {
  public:
    AwsService(AwsOptions options, std::size_t shards, ReceivedLog& received, FaultInjector& faults,
               const Clock& clock);

    bool claims(const http::Request& request) const override;
    boost::asio::awaitable<Outcome> handle(http::Request request) override;
    std::vector<Target> targets() const override;
    std::vector<std::string_view> services() const override { return {"kinesis", "sqs"}; }
    std::vector<FaultWords> fault_words() const override {
        return {kinesis_.fault_words(), sqs_.fault_words(), sts_.fault_words()};
    }
    Result<void> create_target(std::string_view service, std::string_view name, std::string_view settings) override;
    Result<void> delete_target(std::string_view service, std::string_view name) override;

  private:
    struct Route {
        AwsApi* api = nullptr;
        std::string operation;
    };
    Route route(const http::Request& request);
    /// Everything but the waiting: the error that stops the call before it is run, or who is calling.
    AwsResult<Caller> admit(AwsApi& api, const AwsCall& call, const http::Request& request,
                            const RequestFaults& faults);
    http::Response finish(const AwsApi& api, AwsResult<AwsReply> reply, const http::Request& request,
                          Timestamp now) const;

    FaultInjector& faults_;
    const Clock& clock_;
    KeyRing keys_;
    SignatureCheck signatures_;
    KinesisStreams streams_;
    SqsQueues queues_;
    KinesisApi kinesis_;
    SqsApi sqs_;
    StsApi sts_;
};

}  // namespace sluice::sandbox
