#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/aws/aws_error.hpp"
#include "sandbox/aws/kinesis_streams.hpp"

namespace sluice::sandbox {

/// The body of a PutRecords or PutRecord, decoded.
struct PutRequest {
    std::string stream;
    std::vector<PutEntry> entries;
    std::shared_ptr<const std::string> bytes;  ///< the data of all entries, one after another
};

struct PutLimits {
    std::size_t max_records = 500;
    std::size_t max_request_bytes = std::size_t{10} << 20;  ///< data and keys, before base64; 5 MiB until October 2025
    std::size_t max_record_bytes = std::size_t{10} << 20;   ///< of any stream; a stream's own limit is usually lower
};

/// Reads put bodies without a parse tree: this is where a sandbox under load spends its time. Keeps its buffer for the
/// next body. Thread: one.
class PutRecordsReader {
  public:
    explicit PutRecordsReader(PutLimits limits) : limits_(limits) {}

    AwsResult<PutRequest> read_put_records(std::string_view body);
    AwsResult<PutRequest> read_put_record(std::string_view body);

  private:
    struct Body;
    AwsResult<Body> read_body(std::string_view text);

    const PutLimits limits_;
    std::string minified_;
};

/// The name in `arn:aws:kinesis:region:account:stream/name`; empty when it is none.
std::string_view stream_of_arn(std::string_view arn);

}  // namespace sluice::sandbox
