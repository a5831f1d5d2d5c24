#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "auth/aws_client.hpp"
#include "auth/aws_credentials.hpp"
#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/sqs/config.hpp"
#include "destinations/sqs/request.hpp"

namespace sluice::sqs {

/// Delivers to one SQS queue with SendMessageBatch. See README.md for limits, order and errors.
class SqsDestination final : public Destination {
  public:
    SqsDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                   std::unique_ptr<auth::AwsCredentialsProvider> credentials, std::size_t max_connections);

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

    /// Messages that SQS stored and whose checksums it told differently from what was sent.
    std::size_t md5_mismatches() const noexcept { return md5_mismatches_; }

  private:
    boost::asio::io_context& io_;
    const Config config_;
    const std::size_t max_connections_;
    auth::AwsClient client_;
    std::size_t safe_bytes_ = kMaxMessageBytesSafe;  ///< what the queue takes for sure, as far as is known
    std::size_t md5_mismatches_ = 0;
};

}  // namespace sluice::sqs
