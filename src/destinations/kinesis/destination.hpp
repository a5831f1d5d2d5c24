#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "auth/aws_client.hpp"
#include "auth/aws_credentials.hpp"
#include "base/clock.hpp"
#include "destination/destination.hpp"
#include "destinations/kinesis/config.hpp"
#include "destinations/kinesis/request.hpp"
#include "destinations/kinesis/response.hpp"

namespace sluice::kinesis {

/// Delivers to Kinesis Data Streams with PutRecords. See README.md for limits, order and errors.
class KinesisDestination final : public Destination {
  public:
    KinesisDestination(boost::asio::io_context& io, const Clock& clock, Config config,
                       std::unique_ptr<auth::AwsCredentialsProvider> credentials, std::size_t max_connections,
                       bool keyed);
    ~KinesisDestination() override;

    Limits limits() const override;
    Result<void> target_of(const Event& event, std::string& out) const override;
    std::size_t size_of(const Message& message) const override;
    Result<SentBeside> beside(const Message& message) const override;
    boost::asio::awaitable<std::vector<Verdict>> deliver(std::span<const Message> messages, Deadline deadline) override;
    boost::asio::awaitable<ProbeReport> probe(Deadline deadline) override;
    boost::asio::awaitable<void> close() override;

  private:
    boost::asio::awaitable<void> learn_record_limit(std::string stream, Deadline deadline);
    void note_summary(const StreamSummary& summary);
    bool has_one_stream() const noexcept { return config_.stream.is_literal(); }

    boost::asio::io_context& io_;
    Config config_;
    bool keyed_;
    std::size_t max_connections_;
    auth::AwsClient client_;
    PutRecordsBuilder builder_;
    PutRecordsResponse response_;
    std::size_t record_limit_ = kMaxRecordBytes;  ///< what the stream takes for sure
    bool asked_for_record_limit_ = false;
};

}  // namespace sluice::kinesis
